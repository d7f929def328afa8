# bash completion for sessionctl(1)

_sessionctl_sessions() {
	sessionctl list --no-legend 2>/dev/null | awk '{ print $1 }'
}

_sessionctl_users() {
	sessionctl users --no-legend 2>/dev/null | awk '{ print $2 }'
}

_sessionctl_lingering() {
	sessionctl linger list --no-legend 2>/dev/null | awk '{ print $2 }'
}

_sessionctl_seats() {
	sessionctl seats --no-legend 2>/dev/null | awk '{ print $1 }'
}

_sessionctl() {
	local verbs='list status show explain users user-status user-log linger import-environment seats seat-status
		activate switch lock unlock attach flush-devices monitor terminate terminate-user kill register
		deregister version help'
	local common='--json --no-legend --socket --help'
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' action='' i words=''

	# An option's value may come as three words: --option = value.
	if [[ $current == = ]]; then current=''; fi
	if [[ $previous == = ]] && ((COMP_CWORD >= 2)); then previous=${COMP_WORDS[COMP_CWORD - 2]}; fi

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket) ((i++)) ;;
		--)
			# From here on it is the command of register that is completed.
			if [[ $verb == register ]] && declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
			fi
			return
			;;
		-*) ;;
		*) if [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; elif [[ -z $action ]]; then action=${COMP_WORDS[i]}; fi ;;
		esac
	done

	case $previous in
	--socket | --output | -o)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--signal | -s) words='HUP INT QUIT KILL USR1 USR2 TERM CONT STOP TSTP' ;;
	--whom) words='leader all' ;;
	--type) words='unspecified tty x11 wayland mir web' ;;
	--class) words='user user-early user-incomplete user-light greeter lock-screen background background-light manager' ;;
	--property | -p)
		words='ID UID USER STATE TYPE CLASS DESKTOP SERVICE SEAT VTNR TTY DISPLAY REMOTE REMOTE_HOST REMOTE_USER
			LEADER SCOPE CREATED_REALTIME CREATED_MONOTONIC CLOSING_REASON CONTROLLER'
		;;
	--user)
		mapfile -t COMPREPLY < <(compgen -u -- "$current")
		return
		;;
	--seat) words=$(_sessionctl_seats) ;;
	--lines | -n | --leader | --desktop | --service | --tty | --remote-host) return ;;
	*)
		case $verb in
		'') words=$verbs ;;
		help) words=$verbs ;;
		explain)
			words=$(_sessionctl_sessions)
			if [[ $current == */* ]]; then
				mapfile -t COMPREPLY < <(compgen -f -- "$current")
				return
			fi
			;;
		status | show | terminate | kill | deregister | activate | lock | unlock) words=$(_sessionctl_sessions) ;;
		seat-status) words=$(_sessionctl_seats) ;;
		switch) words='next previous' ;;
		attach)
			words=$(_sessionctl_seats)
			if [[ -n $action ]]; then
				mapfile -t COMPREPLY < <(compgen -f -- "$current")
				return
			fi
			;;
		user-status | user-log | terminate-user) words=$(_sessionctl_users) ;;
		import-environment) words=$(compgen -e) ;;
		linger)
			case $action in
			'') words='enable disable list import' ;;
			enable) words=$(compgen -u) ;;
			disable) words=$(_sessionctl_lingering) ;;
			import)
				words='turnstile elogind systemd'
				if [[ $current == */* ]]; then
					mapfile -t COMPREPLY < <(compgen -d -- "$current")
					return
				fi
				;;
			esac
			;;
		esac
		if [[ $current == -* ]]; then
			words=$common
			case $verb in
			'') words+=' --version' ;;
			show) words+=' --property --value' ;;
			user-log) words+=' --lines' ;;
			explain) words+=' --user' ;;
			switch) words+=' --seat' ;;
			linger) words+=' --dry-run' ;;
			import-environment) words+=' --unset' ;;
			kill) words+=' --signal --whom' ;;
			register)
				words+=' --user --type --class --desktop --service --tty --remote-host --leader --output --pam'
				;;
			esac
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _sessionctl sessionctl
