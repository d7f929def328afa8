# shellcheck shell=sh
# The sandbox's people, for `enter`. Everyone's password is "secret".

# shellcheck disable=SC2016 # a crypt(3) hash
hash='$6$sessionman$OmBd45sRdq60IFg5DxcKe5YBMino9aLfa5zGTY7/NdkJ6g1eyakhBhheQAqvz4p1CflJuzj8EeH16ZyIK8nRi0'

add_account() {
	name=$1 uid=$2
	printf '%s:x:%s:%s::/home/%s:/bin/sh\n' "$name" "$uid" "$uid" "$name" >>/etc/passwd
	printf '%s:x:%s:\n' "$name" "$uid" >>/etc/group
	printf '%s:%s:19000:0:99999:7:::\n' "$name" "$hash" >>/etc/shadow
	printf '%s\n' "$name" >>/run/accounts
	homes="$homes /home/$name"
}

# Of the host only the system accounts are taken: programs and PAM modules expect those.
make_accounts() {
	: >/run/accounts
	homes=/home/root
	for file in passwd group; do
		awk -F: '$3 < 1000 || $3 >= 65534' /etc/$file >/run/$file
		cat /run/$file >/etc/$file
		rm /run/$file
	done
	sed -i 's|^\(root:[^:]*:0:0:[^:]*\):.*|\1:/home/root:/bin/sh|' /etc/passwd
	awk -F: -v hash="$hash" '{ print $1 ":" ($1 == "root" ? hash : "*") ":19000:0:99999:7:::" }' \
		/etc/passwd >/etc/shadow
	chmod 0640 /etc/shadow

	add_account alice 1000
	add_account bob 1001
	add_account carol 1002
	add_account dave 1003
	add_account erin 1004
	number=1
	while [ $number -le 50 ]; do
		add_account "$(printf 'u%02d' $number)" $((2000 + number))
		number=$((number + 1))
	done
	printf 'players:x:3000:alice,carol\n' >>/etc/group

	# shellcheck disable=SC2086 # a list
	mkdir -m 0700 $homes
	while read -r name; do
		printf '%s %s\n' "$name" "/home/$name"
	done </run/accounts | xargs -n 2 sh -c 'chown "$0:$0" "$1"'
	rm /run/accounts

	mkdir -p /etc/ssh /etc/sandbox
	rm -f /etc/ssh/ssh_host_*
	ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
	ssh-keygen -q -t ed25519 -N '' -f /etc/sandbox/ssh_key
}
