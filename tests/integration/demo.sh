#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What contrib/quickstart --demo plays: a real call through a NAT firewall, told in plain words.
. "$(dirname "$0")/lab.sh"

step() { printf '\n%s\n' "$*"; }

# who_heard LISTENER TONE TALKER
who_heard() {
	if hears "$1" "$2"; then
		say "   $1 hears $3's tone of $2 Hz: yes"
	else
		say "   $1 hears $3's tone of $2 Hz: NO"
		verdict=1
	fi
}

call() { # call CALLER CALLER_TONE CALLEE CALLEE_TONE
	fresh "$1" "$3"
	say "   $1 dials $3@$PROVIDER ..."
	dial "$1" "$3"
	rings "$3" || { say "   $3's phone does NOT ring"; verdict=1; return; }
	say "   $3's phone rings and answers"
	who_heard "$1" "$4" "$3"
	who_heard "$3" "$2" "$1"
	say "   $1 hangs up"
	hangup "$1"
	phone_waits 10 "$3" 'session closed|terminated' || { say "   $3's phone does NOT notice"; verdict=1; }
	wait_for 10 ports_free || { say "   siproxd keeps media ports"; verdict=1; }
}

verdict=0
cat <<PICTURE

A home network and an Internet, made of network namespaces; nothing of this machine is touched.

  alice's phone ------- firewall with NAT, and siproxd --------+---- carol's phone
  $LAN_NET.11          $FW_LAN  |  $FW_WAN          |     203.0.113.20
                                                               +---- the provider (kamailio)
                                                                     $PROVIDER
PICTURE
step "1. The networks, the firewall and the provider start."
lab_world
provider_start
at fw nft list chain ip firewall input | grep -E 'policy|dport' | sed 's/^[[:space:]]*/   firewall: /'

step "2. siproxd starts on the firewall with these lines:"
siproxd_start
sed 's/^/   /' "$LAB_DIR/siproxd.conf"

step "3. Two phones register with the provider: carol on the Internet, and alice in the LAN,"
say "   whose phone has one setting more: outbound proxy $FW_LAN."
phone carol carol 850 auto
phone alice alice 440 auto $FW_LAN
for name in carol alice; do
	registered $name || fail "$name's phone does not register"
	say "   $name is registered"
done

step "4. A call from the LAN to the Internet. Each microphone is a tone of its own."
call alice 440 carol 850

step "5. A call from the Internet into the LAN."
call carol 850 alice 440

step "6. All is taken down."
siproxd_stop
LAB_DONE=1
if [ $verdict = 0 ]; then
	step "It works: in both calls each side heard the other's tone."
else
	step "It does NOT work, see above."
fi
exit $verdict
