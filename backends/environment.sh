# shellcheck shell=sh
# The action `environment` of backends whose services load a directory of variables, by chpst -e or s6-envdir.
# In its files a NUL stands for a newline, and one without a byte unsets.

SESSIONMAN_ENV_DIR=$state/environment

# Called by run, after configure: services are given the directory's place, also by turnstile's name. What the
# user keeps in service_env_dir is in it from the start.
prepare_environment() {
	export SESSIONMAN_ENV_DIR TURNSTILE_ENV_DIR="$SESSIONMAN_ENV_DIR"
	: "${service_env_dir:=$config_home/service-env}"
	[ ! -d "$SESSIONMAN_ENV_DIR" ] || return 0
	mkdir -m 0700 "$SESSIONMAN_ENV_DIR" || die "cannot create $SESSIONMAN_ENV_DIR"
	for file in "$service_env_dir"/*; do
		[ ! -f "$file" ] || cp "$file" "$SESSIONMAN_ENV_DIR" || say "cannot copy $file"
	done
}

# Both programs drop blanks at the end, so a value that ends in one is refused.
write_variable() {
	: >"$SESSIONMAN_ENV_DIR.new"
	if value=$(printenv "$1" && printf x); then
		value=${value%??}
		case $value in *[[:blank:]]) die "environment: $1: the blank at its end would be lost" ;; esac
		printf '%s' "$value" | tr '\n' '\000' >>"$SESSIONMAN_ENV_DIR.new"
		echo >>"$SESSIONMAN_ENV_DIR.new"
	fi
	mv -f "$SESSIONMAN_ENV_DIR.new" "$SESSIONMAN_ENV_DIR/$1" || die "cannot write $SESSIONMAN_ENV_DIR/$1"
}

environment() {
	for name; do
		case $name in [0-9]* | *[!A-Za-z0-9_]* | '') misused "environment: no name of a variable: $name" ;; esac
	done
	refused=0
	for name; do
		(write_variable "$name") || refused=111
	done
	exit $refused
}
