#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench.sh: the measuring itself, in namespaces of its own; tests/bench/run builds and starts it.
#
# LAN host - firewall (the program under test, pinned to one processor) - WAN host, the firewall with
# nftables, masquerading and conntrack, as at home. Each result is a line "BENCH PROGRAM N KEY=VALUE..."
# in $RESULTS; report.awk makes the tables.
#
# A program that carries media is a file in programs/, sourced, with these functions:
#
#	program_start      starts it, by program_run (or not at all, if it is told the streams at its start)
#	program_add N      sets N streams up and writes $TARGETS, a line for each: where its LAN end sends,
#	                   where its WAN end does (as IP:PORT). Stream i's ends are the port $PHONE_PORT + 2i
#	                   of $LAN_IP and of $WAN_IP
#	program_drop       ends these streams
#	program_stop       ends the program
#
# For SIP alone program_start and program_stop are enough: phones are told $FW_LAN as their proxy.
# shellcheck disable=SC1007,SC1090,SC2034,SC2046,SC2086
. "$(dirname "$0")/../integration/lab.sh"

BENCH_SRC=$(cd "$(dirname "$0")" && pwd)
: "${BENCH_BUILD:?is set by tests/bench/run}"
: "${PROGRAMS:=direct kernel_nat bare_relay bare_relay_connected rtpengine siproxd}"
: "${SIP_PROGRAMS:=bare_forwarder kamailio siproxd}"
LAN_IP=$LAN_NET.11 WAN_IP=203.0.113.20
DIRECT_LAN=198.51.100.1 DIRECT_WAN=198.51.100.2
LOAD_LAN=$LAN_IP LOAD_WAN=$WAN_IP
PHONE_PORT=10000
HOLD_RATE=500
RESULTS=$LAB_DIR/results TARGETS=$LAB_DIR/targets PROGRAM_LOG=$LAB_DIR/program.log
PROGRAM_PID=

# The last processor is the program's, the others are the load's.
last_cpu=$(($(nproc) - 1))
PIN="taskset -c $last_cpu" PIN_LOAD="taskset -c 0-$((last_cpu - 1))"
[ $last_cpu -gt 0 ] || PIN_LOAD= PIN=

# Four sockets a call, and some for the rest
most_calls() {
	local n=$((($(ulimit -Hn) - 200) / 4))
	[ $n -lt 5000 ] || n=5000
	echo $n
}

progress() { say "# $((SECONDS)) s: $*" >&2; }

# --- the world ---------------------------------------------------------------------------

cable() { # cable HOST INTERFACE ADDRESS HOST INTERFACE ADDRESS
	ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
	at "$1" ip addr add "$3/24" dev "$2"
	at "$4" ip addr add "$6/24" dev "$5"
	at "$1" ip link set "$2" up
	at "$4" ip link set "$5" up
}

bench_world() {
	need ip nft taskset
	host fw
	host alice
	host carol
	cable alice eth0 $LAN_IP fw lan0 $FW_LAN
	cable carol eth0 $WAN_IP fw wan0 $FW_WAN
	cable alice direct0 $DIRECT_LAN carol direct0 $DIRECT_WAN
	at alice ip route add default via $FW_LAN
	at carol ip route add default via $FW_WAN
	at fw ip route add default via $WAN_IP
	firewall 'iifname "wan0" udp dport { 5060, 20000-49999 } accept' ""
	: >"$RESULTS"
}

# --- programs ----------------------------------------------------------------------------

# program_run COMMAND...: on the firewall; its pid is PROGRAM_PID
program_run() {
	: >"$PROGRAM_LOG"
	ip netns exec fw $PIN "$@" >"$PROGRAM_LOG" 2>&1 &
	PROGRAM_PID=$!
}

program_end() {
	[ -n "$PROGRAM_PID" ] || return 0
	kill -TERM $PROGRAM_PID 2>/dev/null
	wait_for 20 not kill -0 $PROGRAM_PID || kill -KILL $PROGRAM_PID
	wait $PROGRAM_PID 2>/dev/null
	PROGRAM_PID=
	return 0
}

# targets N LAN_SENDS_TO PORT WAN_SENDS_TO PORT: two ports further with each stream
targets() {
	awk -v n="$1" -v a="$2" -v p="$3" -v b="$4" -v q="$5" \
		'BEGIN { for (i = 0; i < n; i++) print a ":" p + 2 * i, b ":" q + 2 * i }' >"$TARGETS"
}

load_program() {
	. "$BENCH_SRC/programs/$1"
}

# All processes of the program
pid_option() {
	local pid
	for pid in $PROGRAM_PID $(cat "/proc/${PROGRAM_PID:-self}/task/${PROGRAM_PID:-0}/children" 2>/dev/null); do
		echo --pid $pid
	done
}

rtp_load() { # rtp_load [OPTION...] <TARGETS
	exec_or_run $PIN_LOAD "$BENCH_BUILD/rtp_load" --lan alice=$LOAD_LAN --wan carol=$LOAD_WAN --port $PHONE_PORT \
		$(pid_option) "$@"
}

sip_load() { # sip_load MODE [OPTION...]
	exec_or_run $PIN_LOAD "$BENCH_BUILD/sip_load" "$@" --lan alice=$LAN_IP --wan carol=$WAN_IP \
		--proxy $FW_LAN --port $PHONE_PORT $(pid_option)
}

# In the background the load takes the shell's place, so that $! is its pid
exec_or_run() {
	[ "$BASHPID" = $$ ] || exec "$@"
	"$@"
}

result() { echo "$*" >>"$RESULTS"; }

value_of() { # value_of KEY LINE
	local rest=${2##*"$1="}
	echo "${rest%% *}"
}

# --- media: cost of a packet, delay, loss ------------------------------------------------

measure_media() { # measure_media BENCH PROGRAM STREAMS [OPTION...]: of the streams in $TARGETS
	local bench=$1 program=$2 streams=$3 line
	shift 3
	line=$(rtp_load --seconds $SECONDS_MEDIA "$@" <"$TARGETS" 2>"$LAB_DIR/rtp_load.log") ||
		say "# $program: $(tail -n 1 "$LAB_DIR/rtp_load.log")" >&2
	result "$bench $program $streams $line"
}

# with_streams PROGRAM STREAMS COMMAND...: while the program carries them
with_streams() {
	local program=$1 streams=$2
	shift 2
	load_program "$program"
	: >"$TARGETS"
	program_start || { say "# $program does not start" >&2; program_stop; return 1; }
	if program_add "$streams"; then
		"$@"
		program_drop
	else
		say "# $program: no $streams streams: $(tail -n 2 "$PROGRAM_LOG" | tr '\n' ' ')" >&2
		program_drop
	fi
	program_stop
}

# The programs take turns, so that what else the machine does meets all of them; the tables show the
# cheapest round of each.
bench_media() {
	local program streams round
	for round in $(seq $ROUNDS); do
		for streams in 10 100 1000; do
			progress "media: round $round of $ROUNDS, $streams streams"
			for program in $PROGRAMS; do
				with_streams $program $streams measure_media media $program $streams
			done
		done
	done
}

# --- many: where the classic one breaks --------------------------------------------------

# The same number of packets a second on few and on many streams
bench_many() {
	local most program
	most=$(most_calls)
	for program in bare_relay rtpengine siproxd; do
		case " $PROGRAMS " in *" $program "*) ;; *) continue ;; esac
		progress "many: $program"
		with_streams $program $((most / 10)) measure_media many $program $((most / 10)) --period-ms 20
		with_streams $program $most measure_media many $program $most --period-ms 200
	done
}

# --- sip: cost of a call and of a registration -------------------------------------------

measure_sip() { # measure_sip BENCH PROGRAM N MODE OPTION...
	local what="$1 $2 $3"
	shift 3
	result "$what $(sip_load "$@" 2>"$LAB_DIR/sip_load.log")"
}

flawless() { [ "$(value_of failed "$1") $(value_of repeated "$1")" = "0 0" ]; }

# highest_rate PROGRAM: of calls without a failure or a repetition; each rate has two tries
highest_rate() {
	local rate=1000 line best="" highest=0
	while [ $rate -lt 40000 ]; do
		line=$(sip_load calls --rate $rate --seconds 2 2>/dev/null)
		flawless "$line" || line=$(sip_load calls --rate $rate --seconds 2 2>/dev/null)
		flawless "$line" || break
		best=$line highest=$rate
		rate=$((rate * 4 / 3))
	done
	[ $1 != siproxd ] || [ $highest = 0 ] || HIGHEST_RATE=$highest
	result "call $1 highest ${best:-failed=-} rate=$highest"
}

with_sip() { # with_sip PROGRAM COMMAND...: while it runs
	local program=$1
	shift
	load_program $program
	program_start || { say "# $program does not start" >&2; program_stop; return 1; }
	"$@"
	program_stop
}

calls_at_rates() {
	local rate
	for rate in 20 200; do
		measure_sip call $1 $rate calls --rate $rate --seconds $SECONDS_SIP
	done
}

registers_of() { # registers_of PROGRAM USERS: each has registered before
	local users=$2
	sip_load register --count $users --rate $((users < 2000 ? 100 : 2000)) \
		--seconds $((users < 2000 ? 1 : users / 2000)) >/dev/null
	measure_sip register $1 $users register --count $users --rate 500 --seconds $SECONDS_SIP
}

calls_beside() { # calls_beside OPEN: calls are set up and ended while so many others are open
	[ $1 = 0 ] || bench_keep_open $1 || return
	measure_sip call_while_open siproxd $1 calls --rate 200 --seconds $SECONDS_SIP
	[ $1 = 0 ] || stop_keeping_open
}

bench_sip() {
	local n round program
	for round in $(seq $ROUNDS); do
		progress "sip: round $round of $ROUNDS"
		for program in $SIP_PROGRAMS; do
			with_sip $program calls_at_rates $program
			with_sip $program registers_of $program 10
		done
	done
	for program in $SIP_PROGRAMS; do
		progress "sip: the highest rate of $program"
		with_sip $program highest_rate $program
	done
	for n in 0 1000 $(most_calls); do
		progress "sip: with $n calls open"
		with_sip siproxd calls_beside $n
	done
	for n in 10000 $MOST_USERS; do
		progress "sip: $n registrations"
		with_sip siproxd registers_of siproxd $n
	done
}

# Held calls need addresses of their own for SIP: two more on each host
bench_keep_open() {
	at alice ip addr add 192.168.1.12/24 dev eth0 2>/dev/null
	at carol ip addr add 203.0.113.21/24 dev eth0 2>/dev/null
	rm -f "$LAB_DIR/hold.pid"
	(LAN_IP=192.168.1.12 WAN_IP=203.0.113.21 program_add "$1"; echo $HOLD_PID >"$LAB_DIR/hold.pid"; wait) &
	KEEPER_PID=$!
	wait_for 90 test -s "$LAB_DIR/hold.pid"
}

stop_keeping_open() {
	kill -TERM "$(cat "$LAB_DIR/hold.pid")"
	wait $KEEPER_PID
	: >"$LAB_DIR/hold.log"
}

# --- mixed: SIP at full load beside 200 streams ------------------------------------------

bench_mixed() {
	local rate loads
	load_program siproxd
	program_start || return
	bench_keep_open 200 || return
	for rate in 0 200 $((HIGHEST_RATE * 7 / 10)); do
		progress "mixed: 200 streams and $rate calls a second"
		if [ $rate != 0 ]; then
			sip_load calls --rate $rate --seconds $((SECONDS_MEDIA + 2)) >"$LAB_DIR/mixed.sip" 2>&1 &
			loads=$!
		fi
		LOAD_LAN=192.168.1.12 LOAD_WAN=203.0.113.21
		result "mixed siproxd $rate $(rtp_load --seconds $SECONDS_MEDIA <"$TARGETS")"
		LOAD_LAN=$LAN_IP LOAD_WAN=$WAN_IP
		[ $rate = 0 ] || { wait $loads; result "mixed_sip siproxd $rate $(cat "$LAB_DIR/mixed.sip")"; }
	done
	stop_keeping_open
	program_stop
}

# --- memory, start, size -----------------------------------------------------------------

memory() { # "rss_kb=N anonymous_kb=N" of the program
	awk '/^Rss:/ { r = $2 } /^Anonymous:/ { a = $2 } END { print "rss_kb=" r, "anonymous_kb=" a }' \
		"/proc/$PROGRAM_PID/smaps_rollup"
}

# From the first instruction to the bound port, in microseconds; the shell looks without a fork
start_time() {
	at fw $PIN bash -c '
		start=${EPOCHREALTIME/.}
		"$@" >/dev/null 2>&1 &
		while :; do
			mapfile -t lines </proc/net/udp
			case "${lines[*]}" in *":13C4 "*) break ;; esac
			[ $((${EPOCHREALTIME/.} - start)) -lt 5000000 ] || exit 1
		done
		echo $((${EPOCHREALTIME/.} - start))
		kill -TERM $!
		wait' start "$SIPROXD" -f -c "$LAB_DIR/siproxd.conf"
}

bench_memory() {
	local n times
	load_program siproxd
	progress "memory, start, size"
	program_start || return
	result "memory siproxd idle $(memory)"
	program_add 1000 && result "memory siproxd calls=1000 $(memory)"
	program_drop
	program_stop
	program_start || return
	sip_load register --count 10000 --rate 2500 --seconds 4 >/dev/null
	result "memory siproxd registrations=10000 $(memory)"
	program_stop
	times=$(for n in 1 2 3 4 5; do start_time; done | sort -n | head -n 1)
	strip -o "$LAB_DIR/stripped" "$SIPROXD"
	result "start siproxd - us=$times bytes=$(stat -c %s "$LAB_DIR/stripped")"
	case " $PROGRAMS " in
	*" rtpengine "*)
		load_program rtpengine
		if program_start; then
			result "memory rtpengine idle $(memory)"
			program_add 1000 && result "memory rtpengine calls=1000 $(memory)"
			program_stop
		fi
		;;
	esac
}

# --- profile: where the time goes --------------------------------------------------------

profile() { # profile TITLE COMMAND...: while the load runs, which functions siproxd is in
	local title=$1 load
	shift
	"$@" >/dev/null 2>&1 &
	load=$!
	sleep 1 # the load has begun; a sample, not a condition
	perf record -q -g -F 4000 -p $PROGRAM_PID -o "$LAB_DIR/perf.data" -- sleep 3 >/dev/null 2>&1
	wait $load
	say "$title"
	say
	perf_report "program or library" 6 . --no-children --sort dso
	perf_report "system call, with all that the kernel does in it" 8 '__x64_sys_|asm_sysvec' --children --sort symbol
	perf_report "function of siproxd or a library, by itself" 25 '\[\.\]' --no-children --sort dso,symbol
}

perf_report() { # perf_report TITLE LINES REGEX OPTION...
	local title=$1 lines=$2 regex=$3
	shift 3
	say "  by $title:"
	perf report -i "$LAB_DIR/perf.data" --stdio -g none "$@" 2>/dev/null |
		grep -v -e '^#' -e '^$' | grep -E "$regex" | sed 's/[[:space:]-]*$//' | head -n $lines
	say
}

media_for_a_while() { rtp_load --seconds 5 <"$TARGETS"; }

bench_profile() {
	command -v perf >/dev/null || { say "# there is no perf" >&2; return; }
	with_streams siproxd 100 profile "siproxd, 100 streams" media_for_a_while
	with_streams siproxd 1000 profile "siproxd, 1000 streams" media_for_a_while
	with_sip siproxd profile "siproxd, 200 calls a second" sip_load calls --rate 200 --seconds 5
	with_sip siproxd profile "siproxd, 500 registrations a second" sip_load register --rate 500 --seconds 5
}

# --- all ---------------------------------------------------------------------------------

chosen="" format=plain ROUNDS=2 SECONDS_MEDIA=2 SECONDS_SIP=2 MOST_USERS="" HIGHEST_RATE=1500
for word; do
	case $word in
	--long) ROUNDS=3 SECONDS_MEDIA=5 SECONDS_SIP=10 MOST_USERS=100000 ;;
	--short) ;;
	--markdown) format=markdown ;;
	*) chosen="$chosen $word" ;;
	esac
done
LAB_QUIET=1
bench_world
for word in ${chosen:-media many sip mixed memory}; do
	"bench_$word"
done
if [ -n "${LAB_KEEP-}" ]; then
	mkdir -p "$LAB_KEEP"
	cp "$RESULTS" "$LAB_KEEP/bench.results"
fi
say "$(nproc) processors, $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r), load $(cut -d' ' -f1-3 /proc/loadavg) at the end, $SECONDS s in all"
say
awk -v format=$format -f "$BENCH_SRC/report.awk" "$RESULTS"
LAB_DONE=1
