# shellcheck shell=sh
# Runs test suites and adds up what they count, for test/run-all and .ci/run. A suite is a command whose
# last line with "N passed, N failed" is its result; one that fails without such a line is one failure.

passed=0
failed=0
skipped=0
logs=build/test-logs
# Some tools colour even what goes into a file.
escape=$(printf '\033')
mkdir -p "$logs"

number_before() { printf '%s\n' "$1" | sed -n "s/.*[^0-9]*\b\([0-9][0-9]*\) $2.*/\1/p"; }

add() {
	passed=$((passed + ${1:-0}))
	failed=$((failed + ${2:-0}))
	skipped=$((skipped + ${3:-0}))
}

# suite NAME COMMAND [ARGUMENT]...
suite() {
	name=$1
	shift
	log=$logs/$(printf '%s' "$name" | tr -c 'a-zA-Z0-9' '-').log
	begin=$(date +%s)
	printf '== %s\n' "$name"
	status=0
	{ "$@" 2>&1 || echo $? >"$log.status"; } | sed -u "s/$escape\[[0-9;]*m//g" | tee "$log"
	if [ -e "$log.status" ]; then
		read -r status <"$log.status"
		rm "$log.status"
	fi
	# a suite may print no count, which is no failure of grep where pipefail is set
	result=$({ grep -E '[0-9]+ passed, [0-9]+ failed' "$log" || :; } | tail -n 1)
	bad=$(number_before "$result" failed)
	[ -n "$result" ] || [ "$status" != 0 ] || result="1 passed, 0 failed"
	[ "$status" = 0 ] || [ "${bad:-0}" != 0 ] || bad=1
	good=$(number_before "$result" passed)
	add "$good" "$bad" "$(number_before "$result" skipped)"
	printf '== %s: %d passed, %d failed, %d s\n\n' "$name" "${good:-0}" "${bad:-0}" $(($(date +%s) - begin))
}

# add_lane LOG: its closing line says what it counted; without one it did not get there.
add_lane() {
	closing=$(tail -n 1 "$1" | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$') || closing="0 passed, 1 failed, 0 skipped"
	add "$(number_before "$closing" passed)" "$(number_before "$closing" failed)" "$(number_before "$closing" skipped)"
}

# The closing line, and the exit status that goes with it.
close_tally() {
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
}
