# shellcheck shell=sh
# What the backends share. A backend sources this file, defines the actions of sessionman-backend(7) that it
# has as functions of their names, and ends with `dispatch "$@"`.

# The system's profile is for services, too; it was not written for a shell as strict as ours.
if [ "${1-}" = run ] && [ -r /etc/profile ]; then
	set +eu
	# shellcheck source=/dev/null
	. /etc/profile
	set -eu
fi

say() { printf '%s: %s\n' "${0##*/}" "$1" >&2; }
die() { say "$1" && exit 111; }
misused() { say "$1" && exit 100; }
need() { command -v "$1" >/dev/null || die "$1: not found in $PATH"; }

# Where one action leaves word for the next.
state=${XDG_RUNTIME_DIR-}/sessionman

# configure CONFDIR: reads what the administrator says, then what the user says.
configure() {
	if [ ! -d "${HOME-}" ] || [ ! -x "$HOME" ]; then die "HOME=${HOME-}: no directory to enter"; fi
	config_home=${XDG_CONFIG_HOME:-$HOME/.config}
	for file in "$1/${0##*/}.conf" "$config_home/sessionman/${0##*/}.conf"; do
		# shellcheck source=/dev/null
		[ ! -r "$file" ] || . "$file"
	done
	: "${ready_timeout:=10}"
	[ -d "$state" ] || mkdir -m 0700 "$state" || die "cannot create $state"
}

# patience SECONDS, and then wait_a_moment again and again, until it is false because they are over.
patience() { moment=1001 deadline= left=$1 && wait_a_moment; }
wait_a_moment() {
	IFS=' .' read -r now _ </proc/uptime
	[ -n "$deadline" ] || deadline=$((now + left))
	left=$((deadline - now))
	[ $left -gt 0 ] && sleep "0.${moment#1}" || return 1
	[ $moment -gt 1050 ] || moment=$((moment * 2 - 1000))
}

# An action that a backend does not have.
environment() { exit 32; }
graphical() { exit 32; }

dispatch() {
	case ${1-}-$# in
	run-4) if [ ! -p "$2" ] || [ ! -d "$3" ]; then misused "run: a FIFO and a directory expected: $2 $3"; fi ;;
	stop-2) case $2 in '' | 0* | 1 | *[!0-9]*) misused "stop: the number of a process expected: $2" ;; esac ;;
	graphical-2) case $2 in start | stop) ;; *) misused "graphical: start or stop expected: $2" ;; esac ;;
	ready-2 | environment-[2-9] | environment-??*) ;;
	run-* | ready-* | stop-* | graphical-* | environment-*) misused "$1: wrong number of arguments" ;;
	-*) misused "no action, see sessionman-backend(7)" ;;
	*) exit 32 ;;
	esac
	[ -n "${XDG_RUNTIME_DIR-}" ] || misused "$1: XDG_RUNTIME_DIR is not set"
	"$@"
}
