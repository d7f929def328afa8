# shellcheck shell=sh
# Waiting with a bound, for backends whose managers have no command that does it.

# Sets $now to hundredths of a second since boot.
clock() { IFS=' .' read -r seconds now _ </proc/uptime && now=$seconds$now; }

# patience SECONDS, and then wait_a_moment again and again. Either is false when there is no time left.
patience() {
	clock
	deadline=$((now + $1 * 100)) left=$(($1 * 100)) moment=1001
	[ "$1" -gt 0 ]
}
wait_a_moment() {
	clock
	left=$((deadline - now))
	[ $left -gt 0 ] && sleep "0.${moment#1}" || return 1
	[ $moment -gt 1050 ] || moment=$((moment * 2 - 1000))
}
