# Sourced by run, as the first process of the namespaces.
# shellcheck shell=sh disable=SC2154,SC2016

mount -t proc proc /proc
mount -t tmpfs -o mode=0755 tmpfs "$SESSIONMAN_TEST_DIR"
SESSIONMAN_TEST_CGROUP=
mkdir "$SESSIONMAN_TEST_DIR/cgroup" "$SESSIONMAN_TEST_DIR/results"
if mount -t cgroup2 cgroup2 "$SESSIONMAN_TEST_DIR/cgroup"; then
	SESSIONMAN_TEST_CGROUP=$SESSIONMAN_TEST_DIR/cgroup
	# a group with processes of its own could not turn controllers on
	mkdir "$SESSIONMAN_TEST_CGROUP/tests"
	echo 0 >"$SESSIONMAN_TEST_CGROUP/tests/cgroup.procs"
fi
export SESSIONMAN_TEST_DIR SESSIONMAN_TEST_CGROUP
cd "$top" || exit

status=0
vitest() {
	name=$1
	shift
	"$@" --project integration --reporter=default --reporter=json \
		--outputFile.json="$SESSIONMAN_TEST_DIR/results/$name.json" || status=1
}
vitest all node node_modules/vitest/vitest.mjs run "$@"
if [ -z "${SESSIONMAN_UDEV_PACKAGE:-}" ]; then
	printf 'SKIP test/kernel/udev*.test.ts: no udev to be had: %s\n' "$(cat build/test/udev.reason)"
elif [ $# -eq 0 ] || [ "$*" = test/kernel/udev ]; then
	# one after the other: there is one udev for all
	vitest udev test/kernel/udev "$SESSIONMAN_UDEV_PACKAGE" node node_modules/vitest/vitest.mjs run \
		--no-file-parallelism test/kernel/udev
fi
if [ $# -eq 0 ]; then
	vitest unprivileged setpriv --bounding-set -sys_admin node node_modules/vitest/vitest.mjs run \
		test/kernel/unprivileged.test.ts
fi

node -e '
	const { readdirSync, readFileSync } = require("node:fs");
	let passed = 0, failed = 0;
	for (const name of readdirSync(process.argv[1])) {
		const result = JSON.parse(readFileSync(process.argv[1] + "/" + name, "utf8"));
		passed += result.numPassedTests;
		failed += result.numFailedTests + result.numFailedTestSuites * (result.numFailedTests === 0);
	}
	process.stdout.write(`${passed} passed, ${failed} failed\n`);
' "$SESSIONMAN_TEST_DIR/results"
exit "$status"
