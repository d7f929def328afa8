# fish completion for sessionctl(1)

function __sessionctl_sessions
    sessionctl list --no-legend 2>/dev/null | awk '{ print $1 "\t" $3 " " $5 " " $6 }'
end

function __sessionctl_users
    sessionctl users --no-legend 2>/dev/null | awk '{ print $2 "\t" $1 }'
end

function __sessionctl_lingering
    sessionctl linger list --no-legend 2>/dev/null | awk '{ print $2 "\t" $1 " " $3 }'
end

function __sessionctl_seats
    sessionctl seats --no-legend 2>/dev/null | awk '{ print $1 }'
end

set -l verbs list status show explain users user-status user-log linger import-environment seats seat-status activate switch lock unlock attach flush-devices monitor terminate terminate-user kill register deregister version help

complete -c sessionctl -f
complete -c sessionctl -l json -d 'Print JSON'
complete -c sessionctl -l no-legend -d 'Tables without header and footer'
complete -c sessionctl -l socket -r -F -d 'The socket of the daemon'
complete -c sessionctl -s h -l help -d 'Show help'
complete -c sessionctl -n __fish_is_first_token -l version -d 'Show the version of sessionctl'

set -l no_verb "not __fish_seen_subcommand_from $verbs"
complete -c sessionctl -n $no_verb -a "
    list\t'List the sessions'
    status\t'Show a session and its processes'
    show\t'Print a session as KEY=value lines'
    explain\t'Say why a session is in its state, or who may open a device'
    users\t'List the users who have sessions or linger'
    user-status\t'Show a user: manager, processes, log'
    user-log\t'Show what the service manager of a user wrote'
    linger\t'Let services of users run without a session'
    import-environment\t'Give variables to the services of this user'
    seats\t'List the seats and who is in the foreground'
    seat-status\t'Show a seat and its devices'
    activate\t'Bring a session to the foreground of its seat'
    switch\t'Show another virtual terminal or session of a seat'
    lock\t'Ask sessions to lock their screen'
    unlock\t'Ask sessions to unlock their screen'
    attach\t'Put devices on a seat'
    flush-devices\t'Undo all that attach did'
    monitor\t'Show what there is, then each change'
    terminate\t'End sessions and their processes'
    terminate-user\t'End all sessions of users'
    kill\t'Send a signal to the processes of sessions'
    register\t'Open a session without PAM'
    deregister\t'End a session without ending its processes'
    version\t'Show the version of the daemon'
    help\t'Show help'
"

complete -c sessionctl -n '__fish_seen_subcommand_from status show explain terminate kill deregister activate lock unlock' -a '(__sessionctl_sessions)'
complete -c sessionctl -n '__fish_seen_subcommand_from user-status user-log terminate-user' -a '(__sessionctl_users)'
complete -c sessionctl -n '__fish_seen_subcommand_from seat-status' -a '(__sessionctl_seats)'
complete -c sessionctl -n '__fish_seen_subcommand_from help' -a "$verbs"

complete -c sessionctl -n '__fish_seen_subcommand_from user-log' -s n -l lines -x -d 'Only the last lines'

set -l explain '__fish_seen_subcommand_from explain'
complete -c sessionctl -n $explain -F
complete -c sessionctl -n $explain -l user -x -d 'Whether this user may open the device' -a '(__fish_complete_users)'

set -l switch '__fish_seen_subcommand_from switch'
complete -c sessionctl -n $switch -a 'next previous'
complete -c sessionctl -n $switch -l seat -x -d 'If not the seat of this session' -a '(__sessionctl_seats)'

set -l attach '__fish_seen_subcommand_from attach'
complete -c sessionctl -n $attach -F -a '(__sessionctl_seats)'

set -l linger '__fish_seen_subcommand_from linger'
set -l no_action "$linger; and not __fish_seen_subcommand_from enable disable import; and not contains -- list (commandline -opc)[3..]"
complete -c sessionctl -n $no_action -a "
    enable\t'Turn it on'
    disable\t'Turn it off'
    list\t'For whom it is on'
    import\t'Take over the lists of other programs'
"
complete -c sessionctl -n "$linger; and __fish_seen_subcommand_from enable" -a '(__fish_complete_users)'
complete -c sessionctl -n "$linger; and __fish_seen_subcommand_from disable" -a '(__sessionctl_lingering)'
complete -c sessionctl -n "$linger; and __fish_seen_subcommand_from import" -a 'turnstile elogind systemd (__fish_complete_directories)'
complete -c sessionctl -n "$linger" -l dry-run -d 'Only say what would be done'

set -l import '__fish_seen_subcommand_from import-environment'
complete -c sessionctl -n $import -l unset -d 'Unset, whether or not it is set here'
complete -c sessionctl -n $import -a '(set -xn)'

set -l show '__fish_seen_subcommand_from show'
complete -c sessionctl -n $show -s p -l property -x -d 'Print only this key' -a 'ID UID USER STATE TYPE CLASS DESKTOP SERVICE SEAT VTNR TTY DISPLAY REMOTE REMOTE_HOST REMOTE_USER LEADER SCOPE CREATED_REALTIME CREATED_MONOTONIC CLOSING_REASON CONTROLLER'
complete -c sessionctl -n $show -l value -d 'Print the values without KEY='

set -l kill '__fish_seen_subcommand_from kill'
complete -c sessionctl -n $kill -s s -l signal -x -d 'Name or number' -a 'HUP INT QUIT KILL USR1 USR2 TERM CONT STOP TSTP'
complete -c sessionctl -n $kill -l whom -x -d 'The leader or all processes' -a 'leader all'

set -l register '__fish_seen_subcommand_from register'
complete -c sessionctl -n $register -l user -x -d 'Name or uid' -a '(__fish_complete_users)'
complete -c sessionctl -n $register -l type -x -d 'Type of the session' -a 'unspecified tty x11 wayland mir web'
complete -c sessionctl -n $register -l class -x -d 'Class of the session' -a 'user user-early user-incomplete user-light greeter lock-screen background background-light manager'
complete -c sessionctl -n $register -l desktop -x -d 'Name of the desktop'
complete -c sessionctl -n $register -l service -x -d 'Program that lets the user in'
complete -c sessionctl -n $register -l tty -x -d Terminal
complete -c sessionctl -n $register -l remote-host -x -d 'Where the user comes from'
complete -c sessionctl -n $register -l leader -x -d 'Process whose life is the session\'s' -a '(__fish_complete_pids)'
complete -c sessionctl -n $register -s o -l output -r -F -d 'Write KEY=value lines to a file'
complete -c sessionctl -n $register -l pam -d 'Use the environment of pam_exec'
