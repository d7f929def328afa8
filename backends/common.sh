# shellcheck shell=sh
# What the backends share. A backend sources this file, defines actions of sessionman-backend(7) as functions of
# their names and ends with `dispatch "$@"`.

# The system's profile is for services, too; it was not written for a shell as strict as ours.
if [ "${1-}" = run ] && [ -r /etc/profile ]; then
	set +eu
	# shellcheck source=/dev/null
	. /etc/profile
	set -eu
fi

say() { printf '%s: %s\n' "${0##*/}" "$1" >&2 || :; }
die() { say "$1" && exit 111; }
misused() { say "$1" && exit 100; }
need() { command -v "$1" >/dev/null || die "$1: not found in $PATH"; }

# Where run leaves word for the actions that come later.
state=${XDG_RUNTIME_DIR-}/sessionman
remember() { printf '%s\n' "$1" >"$state/${0##*/}" || die "cannot write $state/${0##*/}"; }
recall() { IFS= read -r remembered <"$state/${0##*/}" || die "no manager was started: cannot read $state/${0##*/}"; }

# configure CONFDIR: reads what the administrator says, then what the user says.
configure() {
	[ -d "${HOME-}" ] && [ -x "$HOME" ] || die "HOME=${HOME-}: no directory to enter"
	config_home=${XDG_CONFIG_HOME:-$HOME/.config}
	for file in "$1/${0##*/}.conf" "$config_home/sessionman/${0##*/}.conf"; do
		# shellcheck source=/dev/null
		[ ! -r "$file" ] || . "$file"
	done
	case ${ready_timeout:=10} in *[!0-9]*) die "ready_timeout=$ready_timeout: whole seconds expected" ;; esac
	[ -d "$state" ] || mkdir -m 0700 "$state" || die "cannot create $state"
}

# The longest time that every sleep takes.
wait_for_ever() { exec sleep 2147483647; }

# What a backend does not define for itself.
environment() { exit 32; }
graphical() { exit 32; }
stop() { kill -TERM "$1" || die "cannot end process $1"; }

dispatch() {
	case ${1-}-$# in
	run-4) [ -p "$2" ] && [ -d "$3" ] || misused "run: a FIFO and a directory expected: $2 $3" ;;
	stop-2) case $2 in '' | 0* | 1 | *[!0-9]*) misused "stop: the number of a process expected: $2" ;; esac ;;
	graphical-2) case $2 in start | stop) ;; *) misused "graphical: start or stop expected: $2" ;; esac ;;
	ready-2 | environment-[2-9] | environment-??*) ;;
	run-[0-9]* | ready-[0-9]* | stop-[0-9]* | graphical-[0-9]* | environment-[0-9]*) misused "$1: wrong number of words" ;;
	-[0-9]*) misused "no action, see sessionman-backend(7)" ;;
	*) exit 32 ;;
	esac
	[ -n "${XDG_RUNTIME_DIR-}" ] || misused "$1: XDG_RUNTIME_DIR is not set"
	"$@"
}
