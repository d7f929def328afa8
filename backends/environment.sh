# shellcheck shell=sh
# The action `environment`. As it is here, it is for managers that have no environment of their own: each variable
# is a file of a directory that services load with chpst -e or s6-envdir. A NUL in it stands for a newline, and a
# file without a byte unsets. Other backends define their own write_variable.

SESSIONMAN_ENV_DIR=$state/environment

# Tells services where the directory is, also by turnstile's name. What the user keeps in service_env_dir is in it
# from the start. For run, after configure.
prepare_environment() {
	export SESSIONMAN_ENV_DIR TURNSTILE_ENV_DIR="$SESSIONMAN_ENV_DIR"
	: "${service_env_dir:=$config_home/service-env}"
	[ ! -d "$SESSIONMAN_ENV_DIR" ] || return 0
	mkdir -m 0700 "$SESSIONMAN_ENV_DIR" || die "cannot create $SESSIONMAN_ENV_DIR"
	for file in "$service_env_dir"/*; do
		[ ! -f "$file" ] || cp "$file" "$SESSIONMAN_ENV_DIR" || say "cannot copy $file"
	done
}

# get_value NAME: fetches it to $value, with every newline at its end; false if there is no such variable.
get_value() {
	value=$(printenv "$1" && printf x) || return
	value=${value%??}
}

write_variable() {
	: >"$SESSIONMAN_ENV_DIR.new"
	if get_value "$1"; then
		case $value in *[[:blank:]]) die "environment: $1: services would not see the blank at its end" ;; esac
		printf '%s' "$value" | tr '\n' '\000' >>"$SESSIONMAN_ENV_DIR.new"
		echo >>"$SESSIONMAN_ENV_DIR.new"
	fi
	mv -f "$SESSIONMAN_ENV_DIR.new" "$SESSIONMAN_ENV_DIR/$1" || die "cannot write $SESSIONMAN_ENV_DIR/$1"
}

environment() {
	status=0
	for name; do
		case $name in [0-9]* | *[!A-Za-z0-9_]* | '') misused "environment: no name of a variable: $name" ;; esac
	done
	for name; do
		(write_variable "$name") || status=111
		# The bus cannot unset.
		printenv "$name" >/dev/null || name=$name=
		shift && set -- "$@" "$name"
	done
	# What the bus starts is to see the same.
	if [ -n "${DBUS_SESSION_BUS_ADDRESS-}" ] && command -v dbus-update-activation-environment >/dev/null; then
		timeout 5 dbus-update-activation-environment "$@" || status=111
	fi
	exit $status
}
