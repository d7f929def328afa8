# shellcheck shell=sh
# Waiting with a bound, for backends whose managers have no command that does it.

# Sets $now to the whole seconds since boot.
clock() { IFS=' .' read -r now _ </proc/uptime; }

# patience SECONDS, and then wait_a_moment again and again. Either is false when there is no time left.
patience() {
	clock
	deadline=$((now + $1)) left=$1 moment=1001
	[ "$1" -gt 0 ]
}
wait_a_moment() {
	clock
	left=$((deadline - now))
	[ $left -gt 0 ] && sleep "0.${moment#1}" || return 1
	[ $moment -gt 1050 ] || moment=$((moment * 2 - 1000))
}
