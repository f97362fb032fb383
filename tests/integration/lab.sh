# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# lab.sh: the world in which siproxd is tried, for the tests here and for contrib/quickstart --demo.
#
# Source it first: the script is started again in network, mount and process namespaces of its own,
# where it may build and break what it likes. When it ends, however it ends, the kernel takes
# all of it away: hosts, firewall rules, processes. README in this folder draws the topology.
#
# From outside: SIPROXD and TONE_CHECK (the programs under test), LAB_KEEP (a folder that receives
# all logs, recordings and captures), LAB_DEBUG (siproxd's debug mask), LAB_LONG=1 (the long
# form of tests that have one).

if [ -z "${LAB_INSIDE-}" ]; then
	if ! LAB_REASON=$("$(dirname "${BASH_SOURCE[0]}")/../../contrib/check-namespaces"); then
		echo "SKIP: $LAB_REASON"
		exit 77
	fi
	export LAB_INSIDE=$$
	exec unshare --mount --net --pid --fork --kill-child --mount-proc "$BASH" "$0" "$@"
fi

LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_BUILD=${LAB_BUILD-$(pwd)}
: "${SIPROXD:=$LAB_BUILD/siproxd}" "${TONE_CHECK:=$LAB_BUILD/tests/integration/tone_check}"

# The addresses of the world. The two outer nets are those that RFC 5737 sets aside for examples.
LAN_NET=192.168.1
FW_LAN=$LAN_NET.1
FW_WAN=203.0.113.2
PROVIDER=203.0.113.10
OUTBOUND=$FW_LAN # what phones in the LAN are told

# LAB_DIRECT=1 takes NAT and siproxd away and routes instead: whether a scenario itself is right.
[ -z "${LAB_DIRECT-}" ] || OUTBOUND=$PROVIDER

LAB_DONE=
LAB_CHECKS=0

# --- small tools -------------------------------------------------------------------------

say() { echo "$*"; }

# "ok" lines tell what has been proved so far; the first failure ends the test.
ok() {
	LAB_CHECKS=$((LAB_CHECKS + 1))
	say "  ok: $*"
}

fail() {
	say "  FAILED: $*"
	exit 1
}

skip() {
	say "SKIP: $*"
	LAB_DONE=1
	exit 77
}

# check "what is claimed" COMMAND...
check() {
	local claim=$1
	shift
	"$@" || fail "$claim   [$*]"
	ok "$claim"
}

# wait_for SECONDS COMMAND...: until the command succeeds; false when the time is over.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { "$@" >/dev/null 2>&1; return; }
		sleep 0.1
	done
}

not() { ! "$@"; }

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null 2>&1 || skip "$tool is not installed"
	done
}

# --- the world ---------------------------------------------------------------------------

at() { # at HOST COMMAND...
	local host=$1
	shift
	ip netns exec "$host" "$@"
}

# set_net HOST KEY VALUE: a kernel setting of that host, if the kernel has it
set_net() {
	# shellcheck disable=SC2016
	at "$1" sh -c '[ ! -e "$1" ] || echo "$2" >"$1"' sh "/proc/sys/net/$2" "$3"
}

# host NAME: an empty namespace
host() {
	ip netns add "$1"
	set_net "$1" ipv6/conf/all/disable_ipv6 1
	set_net "$1" ipv6/conf/default/disable_ipv6 1
	at "$1" ip link set lo up
}

# ip6 HOST ADDRESS [INTERFACE]: IPv6 on that host too
ip6() {
	set_net "$1" ipv6/conf/all/disable_ipv6 0
	set_net "$1" ipv6/conf/default/disable_ipv6 0
	set_net "$1" "ipv6/conf/${3-eth0}/disable_ipv6" 0
	at "$1" ip addr add "$2/64" dev "${3-eth0}" nodad
}

# lab_ip6: after lab_world, a second world on the same cables: LAN_NET6 inside, WAN_NET6 outside. The
# firewall passes no IPv6 on, so that nobody meets but through siproxd.
LAN_NET6=fd00:1::
WAN_NET6=2001:db8:1::
FW_LAN6=${LAN_NET6}1
FW_WAN6=${WAN_NET6}2
PROVIDER6=${WAN_NET6}10
lab_ip6() {
	ip6 fw $FW_LAN6 lan0
	ip6 fw $FW_WAN6 wan0
	ip6 alice ${LAN_NET6}11
	ip6 bob ${LAN_NET6}12
	ip6 provider $PROVIDER6
	ip6 carol ${WAN_NET6}20
	at fw nft -f - <<-'RULES'
		table ip6 firewall {
			chain input {
				type filter hook input priority filter; policy drop;
				iifname { "lo", "lan0" } accept
				icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
				iifname "wan0" udp dport { 5060, 7070-7089 } accept
			}
			chain forward { type filter hook forward priority filter; policy drop; }
		}
	RULES
}

address_of() { at "$1" ip -4 -o addr show dev eth0 | sed 's/.* inet \([0-9.]*\).*/\1/'; }

address6_of() { at "$1" ip -6 -o addr show dev eth0 scope global | sed 's/.* inet6 \([0-9a-f:]*\).*/\1/'; }

bridge() { # bridge HOST NAME: a switch; the host's packet filter has no say in what it passes on
	set_net "$1" bridge/bridge-nf-call-iptables 0
	at "$1" ip link add "$2" type bridge forward_delay 0
	at "$1" ip link set "$2" up
}

# plug HOST ADDRESS BRIDGE_HOST BRIDGE: connects the host's eth0 to the bridge
plug() {
	ip link add eth0 netns "$1" type veth peer name "to-$1" netns "$3"
	at "$3" ip link set "to-$1" master "$4" up
	at "$1" ip addr add "$2/24" dev eth0
	at "$1" ip link set eth0 up
}

lan_host() { # lan_host NAME LAST_BYTE
	host "$1"
	plug "$1" "$LAN_NET.$2" fw lan0
	at "$1" ip route add default via $FW_LAN
}

wan_host() { # wan_host NAME LAST_BYTE
	host "$1"
	plug "$1" "203.0.113.$2" inet wan
	[ -z "${LAB_DIRECT-}" ] || at "$1" ip route add $LAN_NET.0/24 via $FW_WAN
}

# What a home router does, in nftables: masquerade, let the LAN out and only answers in. `open` are
# rules for what siproxd needs on the WAN side.
firewall() {
	set_net fw ipv4/ip_forward 1
	[ -z "${LAB_DIRECT-}" ] || return 0
	at fw nft -f - <<-RULES
		table ip firewall {
			chain input {
				type filter hook input priority filter; policy drop;
				iifname { "lo", "lan0" } accept
				ct state established,related accept
				$1
			}
			chain forward {
				type filter hook forward priority filter; policy drop;
				ct state established,related accept
				ct status dnat accept
				iifname "lan0" oifname "wan0" accept
			}
			chain prerouting {
				type nat hook prerouting priority dstnat;
				$2
			}
			chain postrouting {
				type nat hook postrouting priority srcnat;
				oifname "wan0" masquerade
			}
		}
	RULES
}

# The rules that README gives to people. A test that needs more ports says so before it sources this.
: "${RTP_HIGH:=7089}"
OPEN_FOR_SIPROXD='iifname "wan0" udp dport 5060 accept
	iifname "wan0" tcp dport 5060 accept
	iifname "wan0" udp dport 7070-'$RTP_HIGH' accept'

lab_world() {
	need ip nft tcpdump
	host inet
	bridge inet wan
	at inet ip addr add 203.0.113.1/24 dev wan

	host fw
	bridge fw lan0
	at fw ip addr add $FW_LAN/24 dev lan0
	ip link add wan0 netns fw type veth peer name to-fw netns inet
	at inet ip link set to-fw master wan up
	at fw ip addr add $FW_WAN/24 dev wan0
	at fw ip link set wan0 up
	at fw ip route add default via 203.0.113.1
	firewall "$OPEN_FOR_SIPROXD" ""

	lan_host alice 11
	lan_host bob 12
	wan_host provider 10
	wan_host carol 20
	wan_host mallory 66
	capture_start wan fw wan0
	capture_start lan fw lan0
}

capture_start() { # capture_start NAME HOST INTERFACE
	at "$2" tcpdump -Z root -i "$3" -s 0 -U --immediate-mode ${LAB_CAPTURE_MAX:+-c "$LAB_CAPTURE_MAX"} \
		-w "$LAB_DIR/$1.pcap" "udp or tcp port 5060" \
		>"$LAB_DIR/tcpdump-$1.log" 2>&1 &
	wait_for 10 test -s "$LAB_DIR/$1.pcap" || fail "tcpdump does not start"
}

# sip_seen CAPTURE REGEX: in any SIP message of that side so far
sip_seen() {
	tcpdump -nn -A -r "$LAB_DIR/$1.pcap" udp port 5060 2>/dev/null | grep -aqE "$2"
}

# tcp_seen CAPTURE REGEX: the same in TCP segments; where a message is cut its halves are looked at
tcp_seen() {
	tcpdump -nn -A -r "$LAB_DIR/$1.pcap" tcp port 5060 2>/dev/null | grep -aqE "$2"
}

side_of() { # the capture that sees a host's packets
	case $(address_of "$1") in
	"$LAN_NET".*) echo lan ;;
	*) echo wan ;;
	esac
}

# rtp_flows CAPTURE FROM TO: "FROM.PORT TO.PORT PACKETS" of each flow of voice; either may be ""
rtp_flows() {
	local filter="udp and greater 200 and not port 5060"
	[ -z "$2" ] || filter="$filter and src host $2"
	[ -z "$3" ] || filter="$filter and dst host $3"
	tcpdump -nn -r "$LAB_DIR/$1.pcap" "$filter" 2>/dev/null |
		awk '{ sub(":", "", $5); n[$3 " " $5]++ } END { for (f in n) print f, n[f] }'
}

# rtp_seen CAPTURE FROM TO PACKETS [FLOWS]: that many flows (default 1) with that many packets each
rtp_seen() {
	rtp_flows "$1" "$2" "$3" | awk -v packets="$4" -v flows="${5-1}" \
		'$3 >= packets { n++ } END { exit !(n >= flows) }'
}

# --- the provider ------------------------------------------------------------------------

# provider_start [tcp|ADDRESS6]: it speaks UDP; TCP as well, or at that address as well
provider_start() {
	local tcp=
	need kamailio
	[ "${1-}" != tcp ] || { tcp="-A WITH_TCP"; shift; }
	sed -e "s/@ADDRESS@/$PROVIDER/" ${1:+-e "/^listen=udp/a listen=udp:[$1]:5060"} \
		"$LAB_SRC/kamailio.cfg" >"$LAB_DIR/kamailio.cfg"
	# shellcheck disable=SC2086
	at provider kamailio $tcp -DD -E -m 32 -M 4 -Y "$LAB_DIR" -f "$LAB_DIR/kamailio.cfg" \
		>"$LAB_DIR/provider.log" 2>&1 &
	wait_for 20 udp_bound provider 5060 || fail "kamailio does not start"
}

udp_bound() { # udp_bound HOST PORT
	[ -n "$(at "$1" ss -Haun "sport = :$2")" ]
}

# --- phones ------------------------------------------------------------------------------

# phone NAME USER TONE MODE [OUTBOUND_PROXY] [PARAMETERS]: a baresip on the host NAME, registered as
# USER; its microphone is the tone, what it hears is recorded. MODE: auto (answers) or manual. With
# ";transport=tcp" behind the proxy's address it speaks TCP.
phone() {
	local name=$1 user=$2 tone=$3 mode=$4 outbound=${5:+;outbound=\"sip:$5\"} dir=$LAB_DIR/$1

	need baresip sox
	mkdir -p "$dir"
	[ -e "$LAB_DIR/$tone.wav" ] ||
		sox -n -r 8000 -c 1 -b 16 "$LAB_DIR/$tone.wav" synth 90 sine "$tone" vol 0.5
	cat >"$dir/config" <<-CONFIG
		sip_listen ${PHONE_ADDRESS-$(address_of "$name")}:5060
		net_interface eth0
		call_local_timeout 60
		call_max_calls 4
		audio_source aufile,$LAB_DIR/$tone.wav
		audio_player aubridge,heard
		audio_alert aubridge,alert
		audio_channels 1
		rtp_ports 20000-20100
		module_path $(baresip_modules)
		module stdio.so
		module g711.so
		module aufile.so
		module aubridge.so
		module sndfile.so
		module_tmp account.so
		module_app menu.so
		snd_path $dir
	CONFIG
	echo "<sip:$user@${PHONE_PROVIDER-$PROVIDER}>;auth_user=$user;auth_pass=secret-$user;regint=300$outbound;answermode=$mode${6-}" \
		>"$dir/accounts"
	: >"$dir/contacts"
	mkfifo "$dir/keys"
	# shellcheck disable=SC2086
	ip netns exec "$name" baresip ${PHONE_OPTIONS-} -f "$dir" <>"$dir/keys" >"$dir/log" 2>&1 &
	eval "PHONE_PID_${name//-/_}=$!"
	wait_for 10 grep -q 'baresip is ready' "$dir/log" || fail "baresip of $name does not start"
}

# The same with IPv6, registered with the provider's IPv6 address unless PHONE_PROVIDER says else.
phone6() {
	local PHONE_OPTIONS=-6 PHONE_ADDRESS PHONE_PROVIDER=${PHONE_PROVIDER-[$PROVIDER6]}
	PHONE_ADDRESS=[$(address6_of "$1")]
	phone "$@"
}

phone_off() { # phone_off NAME: without a word to anybody
	local pid_name=PHONE_PID_${1//-/_}
	kill -KILL "${!pid_name}"
	wait "${!pid_name}" 2>/dev/null
	rm -rf "${LAB_DIR:?}/$1"
}

baresip_modules() {
	local dir
	for dir in /usr/lib/baresip/modules /usr/lib/*/baresip/modules /usr/local/lib/baresip/modules; do
		[ -d "$dir" ] && { echo "$dir"; return; }
	done
}

# keys NAME COMMAND: as if typed on the phone
keys() { echo "$2" >"$LAB_DIR/$1/keys"; }

dial() { keys "$1" "/dial sip:$2@${3-$PROVIDER}"; } # dial NAME USER [PROVIDER]

hangup() { keys "$1" "/hangup"; }

# fresh NAME...: what these phones said and heard up to now counts no more
fresh() {
	local name
	for name; do
		wc -l <"$LAB_DIR/$name/log" >"$LAB_DIR/$name/log.seen"
		find "$LAB_DIR/$name" -name 'dump-*' -exec mv {} {}.old \;
	done
}

# phone_log NAME REGEX [TIMES]: the phone has said so, that often
phone_log() {
	local seen=0
	[ ! -e "$LAB_DIR/$1/log.seen" ] || seen=$(cat "$LAB_DIR/$1/log.seen")
	[ "$(tail -n +$((seen + 1)) "$LAB_DIR/$1/log" | grep -acE "$2")" -ge "${3-1}" ]
}

phone_waits() { # phone_waits SECONDS NAME REGEX [TIMES]
	local time=$1
	shift
	wait_for "$time" phone_log "$@"
}

registered() { phone_waits 15 "$1" '200 OK|registered successfully'; }

RINGS='Incoming call from|answering call'
rings() { phone_waits 10 "$1" "$RINGS"; }

# What the phone heard in its latest call
recording() { ls -t "$LAB_DIR/$1"/dump-*-dec.wav 2>/dev/null | head -1; }

# heard NAME TONE [SECONDS]: the tone dominated the phone's latest recording for that long in all
heard() {
	local file
	file=$(recording "$1")
	[ -n "$file" ] && "$TONE_CHECK" "$file" "$2" 2>/dev/null |
		awk -v want="${3-1}" '$3 >= want { heard = 1 } END { exit !heard }'
}

# hears NAME TONE: within ten seconds the phone hears the tone
hears() { wait_for 10 heard "$1" "$2"; }

# seconds_heard NAME TONE: up to now, in whole seconds
seconds_heard() { "$TONE_CHECK" "$(recording "$1")" "$2" | awk '{ print int($3) }'; }

# --- sipp --------------------------------------------------------------------------------

# sipp_run HOST RUN SCENARIO [NAME=VALUE...] -- [OPTION...]: in the background, as RUN. Each @NAME@
# of the scenario becomes VALUE; the host's name is the USER if nothing else is said.
sipp_run() {
	local host=$1 run=$2 edits=() address
	need sipp
	sipp_scenario "$3" >"$LAB_DIR/$run.xml"
	shift 3
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		edits+=(-e "s|@${1%%=*}@|${1#*=}|g")
		shift
	done
	shift
	edits+=(-e "s|@USER@|$host|g" -e "s|@PROVIDER@|$PROVIDER|g")
	sed -i "${edits[@]}" "$LAB_DIR/$run.xml"
	address=$(address_of "$host")
	(cd "$LAB_DIR" && exec ip netns exec "$host" sipp -sf "$run.xml" -i "$address" -mi "$address" \
		-nostdin -trace_err -error_file "$run.errors.log" -trace_msg -message_file "$run.messages" \
		-timeout 60 -timeout_error "$@") >"$LAB_DIR/$run.screen" 2>&1 &
	eval "SIPP_PID_${run//-/_}=$!"
}

sipp_scenario() { cat "$LAB_SRC/sipp/$1.xml"; }

# sipp_done RUN: waits for its end; true when every call went by its scenario
sipp_done() {
	local pid_name=SIPP_PID_${1//-/_}
	wait "${!pid_name}"
}

# sipp_register HOST [USER]: registers the host's port 5060 with the provider
sipp_register() {
	sipp_run "$1" "register-$1" register USER="${2-$1}" EXPIRES=300 -- -p 5060 -m 1 \
		-auth_uri "$PROVIDER" "$(next_hop "$1")"
	check "$1 registers" sipp_done "register-$1"
}

# calls_start COUNT TALK_MS: that many callers on alice's host, each with a port of its own for SIP and
# for voice, call carol, who must be there (sipp's uas with -rtp_echo -m COUNT)
calls_start() {
	local n
	[ -e "$LAB_DIR/tone.al" ] || sox -n -r 8000 -c 1 -t al "$LAB_DIR/tone.al" synth 10 sine 440 vol 0.5
	for n in $(seq "$1"); do
		sipp_run alice "call-$n" uac PEER=carol TALK_MS="$2" TONE_FILE="$LAB_DIR/tone.al" -- \
			-p $((5060 + n)) -mp $((6000 + 10 * n)) -m 1 "$(next_hop alice)"
	done
}

calls_done() { # calls_done COUNT: all of them went by their scenario
	local n status=0
	for n in $(seq "$1"); do
		sipp_done "call-$n" || status=1
	done
	return $status
}

# Where a host sends its requests: in the LAN to siproxd, outside to the provider
next_hop() {
	case $(address_of "$1") in
	"$LAN_NET".*) echo "$OUTBOUND:5060" ;;
	*) echo "$PROVIDER:5060" ;;
	esac
}

# play NAME [ARGUMENT...]: NAME.py, both ends of calls (ends.py); it says itself what it has proved
play() {
	need python3
	PYTHONDONTWRITEBYTECODE=1 python3 "$LAB_SRC/$1.py" "${@:2}" || fail "$1.py"
	LAB_CHECKS=$((LAB_CHECKS + 1))
}

# --- many calls --------------------------------------------------------------------------

# calls_world: the world for calls_played; of long runs only the beginning is captured
calls_world() {
	need python3
	[ -z "${LAB_LONG-}" ] || LAB_CAPTURE_MAX=50000
	lab_world
	local byte
	for byte in 21 22 23 24 25 26 27; do # one source may begin so many calls a second, and no more
		at carol ip addr add 203.0.113.$byte/24 dev eth0
	done
	# what the sanitizer keeps of freed memory is not what siproxd keeps
	export ASAN_OPTIONS="$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=16"
}

# calls_played OPTION...: by calls.py, between alice's host and carol's
calls_played() {
	local log status=0
	LAB_PLAYED=$((${LAB_PLAYED-0} + 1))
	log=$LAB_DIR/calls-$LAB_PLAYED.log
	python3 "$LAB_SRC/calls.py" "$@" alice=$LAN_NET.11 \
		carol="$(echo 203.0.113.{20..27} | tr ' ' ,)" $FW_LAN $FW_WAN >"$log" 2>&1 || status=$?
	say "    $(tail -n 1 "$log")"
	return $status
}

# statistics: what siproxd says of itself when asked by USR1
statistics() {
	local seen
	seen=$(grep -ac 'STATS: .* calls,' "$LAB_DIR/siproxd.log")
	kill -USR1 "$(daemon_pid)"
	wait_for 10 statistics_came "$seen"
	grep -a 'STATS: .* calls,' "$LAB_DIR/siproxd.log" | tail -n 1
}

statistics_came() { [ "$(grep -ac 'STATS: .* calls,' "$LAB_DIR/siproxd.log")" -gt "$1" ]; }

# No call, stream, dialog, request or port pair is left; registrations may be.
nothing_left() {
	statistics >"$LAB_DIR/statistics"
	grep -aqE ' 0 calls, 0 dialogs, 0 media streams, [0-9]+ registrations, 0 transactions, [0-9]+ TCP connections, 0 requests remembered, ([0-9]+) of \1 port pairs free' \
		"$LAB_DIR/statistics"
}

# What siproxd holds, in kB; to be asked when nothing is left of any call. Not what the system counts:
# that also has what was freed, and what a sanitizer keeps to tell where memory came from.
# Where the allocator does not tell it is what the system counts after all.
memory_kb() {
	local in_use
	in_use=$(statistics | sed -n 's/.* free, \([0-9]*\) kB of memory in use.*/\1/p')
	[ "$in_use" != 0 ] || in_use=$(resident_kb)
	echo "$in_use"
}

resident_kb() { awk '/^VmRSS:/ { print $2 }' "/proc/$(daemon_pid)/status"; }

# memory_flat KB: siproxd does not hold much more than that. Tables stay as large as they once had to
# be, so that it may be a little.
memory_flat() {
	local now
	now=$(memory_kb)
	say "    memory in use: $1 kB before, $now kB now; resident: $(resident_kb) kB"
	[ "$now" -le $(($1 + $1 / 10 + 128)) ]
}

# lab_lossy HOST LOST DOUBLED LATE SEED: from now on so many percent of the SIP packets to and from that
# host are lost, doubled, or overtaken by others
lab_lossy() {
	local host=$1 far bridge
	shift
	case $(side_of "$host") in
	lan) far=fw bridge=lan0 ;;
	*) far=inet bridge=wan ;;
	esac
	at $far ip link add "hop-$host" type veth peer name "end-$host"
	at $far ip link set "to-$host" nomaster
	at $far ip link set "end-$host" master $bridge up
	at $far ip link set "hop-$host" up
	set_net $far ipv4/conf/to-"$host"/arp_ignore 8 # it is a cable, and answers nobody
	set_net $far ipv4/conf/hop-"$host"/arp_ignore 8
	ip netns exec $far "$LAB_BUILD/tests/integration/lossy_hop" "to-$host" "hop-$host" "$@" \
		>"$LAB_DIR/lossy-$host.log" 2>&1 &
	eval "LOSSY_PID_${host//-/_}=$!"
	wait_for 10 grep -q ready "$LAB_DIR/lossy-$host.log" || fail "lossy_hop of $host does not start"
}

lossy_end() { # lossy_end HOST: the cable is cut; true when packets were lost, doubled and late
	local pid_name=LOSSY_PID_${1//-/_}
	kill -TERM "${!pid_name}"
	wait "${!pid_name}"
	say "    $1's cable: $(tail -n 1 "$LAB_DIR/lossy-$1.log")"
	tail -n 1 "$LAB_DIR/lossy-$1.log" | grep -qE 'of [1-9][0-9]* .* [1-9][0-9]* lost, [1-9][0-9]* doubled, [1-9]'
}

# --- siproxd -----------------------------------------------------------------------------

# siproxd_start [LINE...]: on the firewall, with the two lines that everybody writes, and LINEs
siproxd_start() {
	siproxd_config 'if_inbound = lan0' 'if_outbound = wan0' "$@"
	siproxd_again
}

siproxd_config() { printf '%s\n' "$@" >"$LAB_DIR/siproxd.conf"; }

siproxd_again() {
	[ -z "${LAB_DIRECT-}" ] || return 0
	[ -x "$SIPROXD" ] || skip "there is no siproxd at $SIPROXD"
	# `ip netns exec` becomes the program: its pid is the daemon's
	ip netns exec "${SIPROXD_HOST-fw}" "$SIPROXD" -f ${LAB_DEBUG:+-d "$LAB_DEBUG"} -c "$LAB_DIR/siproxd.conf" \
		>>"$LAB_DIR/siproxd.log" 2>&1 &
	SIPROXD_PID=$!
	wait_for 20 siproxd_settled || :
	siproxd_alive || fail "siproxd does not start"
	udp_bound "${SIPROXD_HOST-fw}" 5060 || fail "siproxd does not open its port"
}

# What runs as which user; there need be no ps
ps_user() { stat -c %U "/proc/$1"; }

daemon_pid() { echo "$SIPROXD_PID"; }

siproxd_alive() { kill -0 "$SIPROXD_PID" 2>/dev/null; }

siproxd_settled() { udp_bound "${SIPROXD_HOST-fw}" 5060 || ! siproxd_alive; }

media_ports() { at "${SIPROXD_HOST-fw}" ss -Haun 'sport >= :7070 and sport <= :'"$RTP_HIGH" | wc -l; }

ports_free() { [ "$(media_ports)" = 0 ]; }

# siproxd_stop: by TERM; it ends with 0, and neither sanitizer has found anything
siproxd_stop() {
	local status=0 pid=$SIPROXD_PID
	kill -TERM "$pid"
	wait_for 20 not kill -0 "$pid" || fail "siproxd does not end on TERM"
	wait "$pid" || status=$?
	SIPROXD_PID=
	sanitizers_silent || fail "a sanitizer found something (exit status $status)"
	[ $status = 0 ] || fail "siproxd ended with $status"
}

sanitizers_silent() {
	! grep -aqE 'ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|AddressSanitizer:' \
		"$LAB_DIR"/siproxd*.log
}

# --- the end -----------------------------------------------------------------------------

# What holds after every test: the daemon lives, its ports are free, it ends cleanly, no sanitizer
# has spoken, and nothing on the WAN told of the LAN.
lab_finish() {
	if [ -n "${SIPROXD_PID-}" ]; then
		check "siproxd is alive" siproxd_alive
		check "all media ports are free again" wait_for "${1-10}" ports_free
		siproxd_stop
		ok "siproxd ends cleanly and the sanitizers are silent"
		privacy
	fi
	LAB_DONE=1
}

# Every SIP message that left the firewall: no LAN address, and one Via.
privacy() {
	need python3
	python3 "$LAB_SRC/wan_check.py" "$LAB_DIR/wan.pcap" $FW_WAN,$FW_WAN6 $LAN_NET.,$LAN_NET6${LAB_PRIVATE:+,$LAB_PRIVATE} ||
		fail "what left to the WAN breaks the promise of privacy"
	ok "no LAN address and one Via in all that left to the WAN"
}

lab_report() {
	local log
	for log in "$LAB_DIR"/*.log "$LAB_DIR"/*/log; do
		[ -s "$log" ] || continue
		say "--- ${log#"$LAB_DIR"/}"
		tr '\r' '\n' <"$log" | tr -d '\033\000' | grep -avE '^(//|\[[0-9:]*\] audio=|[[:space:]]*$)' |
			cut -c 1-300 | tail -n 60
	done
	for log in wan lan; do
		[ -s "$LAB_DIR/$log.pcap" ] || continue
		say "--- SIP on the $log"
		tcpdump -nn -tt -r "$LAB_DIR/$log.pcap" udp port 5060 2>/dev/null | tail -n 50
	done
}

# What a test mounted below LAB_DIR, the innermost first; nobody may copy or remove through it.
mounts_below() {
	LAB_DIR=$LAB_DIR awk 'index($5, ENVIRON["LAB_DIR"] "/") == 1 { print $5 }' /proc/self/mountinfo |
		sort -r
}

lab_end() {
	local status=$? pids
	trap - EXIT INT TERM HUP
	set +e
	if [ $status = 0 ] && [ -z "$LAB_DONE" ]; then
		say "  FAILED: the test ended before lab_finish"
		status=1
	fi
	[ $status = 0 ] || [ $status = 77 ] || [ -n "${LAB_QUIET-}" ] || lab_report
	exec 2>/dev/null # bash would tell of each process that it kills
	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -KILL $pids
	wait
	mounts_below | while read -r dir; do umount -l "$dir"; done
	if [ -n "${LAB_KEEP-}" ] && [ -z "$(mounts_below)" ]; then
		mkdir -p "$LAB_KEEP"
		rm -rf "${LAB_KEEP:?}/$(basename "$0" .test)"
		cp -rx "$LAB_DIR" "$LAB_KEEP/$(basename "$0" .test)"
	fi
	[ -n "$(mounts_below)" ] || rm -rf --one-file-system "$LAB_DIR"
	exit $status
}

LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/siproxd-lab.XXXXXX")
LAB_DIR=$(cd "$LAB_DIR" && pwd -P) # as /proc names it
case $LAB_DIR in
*[[:space:]\\]*) rmdir "$LAB_DIR"; echo "lab.sh: TMPDIR must be a path without blanks: $LAB_DIR" >&2; exit 1 ;;
esac
chmod 755 "$LAB_DIR"
trap lab_end EXIT
trap 'exit 143' INT TERM HUP
set -u

# What the programs write outside of LAB_DIR stays in here as well.
mount --make-rprivate /
mount -t tmpfs lab /run
mount -t tmpfs lab /var/lib
mkdir -p /var/lib/siproxd
chown nobody /var/lib/siproxd
export PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/bin
export ASAN_OPTIONS=exitcode=99:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 LC_ALL=C
