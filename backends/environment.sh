# shellcheck shell=sh
# The action `environment`. As it is here, it is for managers that have no environment of their own: each variable
# is a file of a directory that services load with chpst -e or s6-envdir. In it a NUL stands for a newline, and a
# file without a byte unsets. Other backends define some of these functions anew.

SESSIONMAN_ENV_DIR=$state/environment
variables=$SESSIONMAN_ENV_DIR
newline='
'

# For run, after configure: tells services where the directory is, also by turnstile's name. What the user keeps in
# service_env_dir is in it from the start.
prepare_environment() {
	export SESSIONMAN_ENV_DIR TURNSTILE_ENV_DIR="$SESSIONMAN_ENV_DIR"
	[ ! -d "$SESSIONMAN_ENV_DIR" ] || return 0
	mkdir -m 0700 "$SESSIONMAN_ENV_DIR" || die "cannot create $SESSIONMAN_ENV_DIR"
	for file in "${service_env_dir:-$config_home/service-env}"/*; do
		[ ! -f "$file" ] || cp "$file" "$SESSIONMAN_ENV_DIR" || say "cannot copy $file"
	done
}

# Variables are written beside the directory first and are all moved into it in the end.
begin_changes() { rm -rf "$variables.new" && mkdir -p "$variables" "$variables.new"; }
set_variable() {
	case $2 in
	*[[:blank:]]) say "environment: $1: services would not see the blank at its end" && return 1 ;;
	*"$newline"*) { printf '%s' "$2" | tr '\n' '\000' && echo; } >"$variables.new/$1" ;;
	*) printf '%s\n' "$2" >"$variables.new/$1" ;;
	esac
}
unset_variable() { : >"$variables.new/$1"; }
end_changes() { [ -z "$(ls "$variables.new")" ] || mv -f "$variables.new"/* "$variables"; }

environment() {
	for name; do
		case $name in [0-9]* | *[!A-Za-z0-9_]* | '') misused "environment: no name of a variable: $name" ;; esac
	done
	begin_changes && status=0
	for name; do
		shift
		# The x keeps newlines at the end; the one before it is printenv's. The bus cannot unset.
		if value=$(printenv "$name" && printf x); then
			set_variable "$name" "${value%??}" && set -- "$@" "$name" || status=111
		else
			unset_variable "$name" && set -- "$@" "$name=" || status=111
		fi
	done
	end_changes || status=111
	# What the bus starts is to see the same.
	bus=dbus-update-activation-environment
	if [ -n "${DBUS_SESSION_BUS_ADDRESS-}" ] && [ $# -gt 0 ] && command -v $bus >/dev/null; then
		timeout 5 $bus "$@" || status=111
	fi
	exit $status
}
