#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line: what start scripts in the field write is understood or passed over with a remark,
# a person's slip is told, and the exit status and the stream of each answer are what scripts expect.
work=$(mktemp -d "${TMPDIR:-/tmp}/command_line_test.XXXXXX") || exit 99
trap 'stop; rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -m 777 "$work/state" # of whatever user siproxd becomes
count=0 failed=0 pid=
LC_ALL=C HOME=$work/nowhere
export LC_ALL HOME

ok() { # ok WHAT COMMAND...
	what=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $what"
	else
		failed=1
		echo "not ok $count - $what"
		sed 's/^/# /' "$work/out" "$work/err"
	fi
}

not() { ! "$@"; }

# exits STATUS OPTION...: its streams are kept
exits() {
	want=$1 got=0
	shift
	./siproxd "$@" >"$work/out" 2>"$work/err" || got=$?
	[ "$got" = "$want" ]
}

out() { grep -qF -- "$1" "$work/out"; }
err() { grep -qF -- "$1" "$work/err"; }
silent() { [ ! -s "$work/$1" ]; }

config() { # config LINE...: with the two lines, and what keeps this one apart from others
	printf '%s\n' 'if_inbound = lo' 'if_outbound = lo' "registration_file = $work/state/phones" "$@" \
		>"$work/siproxd.conf"
}

wait_until() { # wait_until COMMAND...: a minute at most
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.1
	done
}

ended() { ! kill -0 "$pid" 2>/dev/null; }
settled() { err 'is ready on port' || ended; }

stop() {
	[ -n "$pid" ] || return 0
	kill "$pid" 2>/dev/null
	wait "$pid"
	pid=
}

# starts OPTION...: siproxd runs with them, on a port that nobody else has
starts() {
	stop
	for n in 1 2 3 4 5 6 7 8 9; do
		port=$((10000 + ($$ * 7 + n * 1013) % 20000))
		config "sip_listen_port = $port" 'rtp_proxy_enable = 0'
		: >"$work/out" >"$work/err"
		./siproxd -f -c "$work/siproxd.conf" "$@" >>"$work/out" 2>>"$work/err" &
		pid=$!
		wait_until settled
		! err 'is taken by' || continue
		break
	done
	err 'is ready on port'
}

# A connection is something to tell for who debugs the network, which is 0x2
connects() { bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"; }
debugs_net() { connects && wait_until err 'DEBUG net: TCP connection'; }
# What was to be said was said before the end.
debugs_no_net() { connects && stop && not err 'DEBUG net:'; }

# --- answers -----------------------------------------------------------------------------

for option in -h --help; do
	ok "$option is no error" exits 0 $option
	ok "... and an answer, so on stdout" out 'Usage: siproxd'
	ok "... alone" silent err
done
ok "--help is the answer whatever else is asked" exits 0 -c "$work/nothing.conf" -d 1 --help
for option in -V --version; do
	ok "$option" exits 0 $option
	ok "... is one line" grep -qx 'siproxd [0-9].*' "$work/out"
done

# --- slips -------------------------------------------------------------------------------

ok "an unknown long option" exits 1 --chekc
ok "... is named" err chekc
ok "... and where to look" err 'siproxd: see siproxd --help'
ok "a long option that lacks its argument" exits 1 --config
ok "... is told" err 'requires an argument'
ok "a file that is not there" exits 1 -c "$work/nothing.conf"
ok "... is named" err "cannot read $work/nothing.conf: No such file or directory"
ok "a folder is no file" exits 1 --config "$work"
ok "... which is told" err "cannot read $work: Is a directory"

# --- what is passed over -----------------------------------------------------------------

config
ok "an unknown short option does not count" exits 0 -z -c "$work/siproxd.conf" --dump-config
ok "... but is told" grep -q 'option.*z' "$work/err"
ok "... and that it does not" err 'going on without it; see siproxd --help'
ok "... on stderr only" not out 'going on without it'
ok "a stray word does not count" exits 0 -c "$work/siproxd.conf" start --dump-config
ok "... but is told" err '"start" is ignored: siproxd takes options only'
ok "nor behind --" exits 0 -c "$work/siproxd.conf" --dump-config -- --check
ok "... it is told, too" err '"--check" is ignored: siproxd takes options only'
ok "the last -c counts" exits 0 -c "$work/nothing.conf" --config="$work/siproxd.conf" --dump-config

# --- --check, --dump-config --------------------------------------------------------------

config 'rtp_port_low = many'
ok "--check of a wrong file is 1" exits 1 -c "$work/siproxd.conf" --check
ok "... and says so" out 'siproxd would not start with this file.'
ok "--dump-config of a wrong file is 1" exits 1 -c "$work/siproxd.conf" --dump-config
ok "... with its line" err "$work/siproxd.conf:4: error:"
ok "... and nothing that a script could take for a configuration" silent out
ok "so does a start" exits 1 -c "$work/siproxd.conf"
ok "... with its line" err "$work/siproxd.conf:4: error:"
config 'default_expires = 77'
ok "--dump-config" exits 0 -c "$work/siproxd.conf" --dump-config
ok "... prints what is set" out 'default_expires = 77'
dump_fails() { ! ./siproxd -c "$work/siproxd.conf" --dump-config >/dev/full 2>"$work/err"; }
if [ -c /dev/full ]; then
	ok "--dump-config to a full disk is no success" dump_fails
	ok "... and says so" err 'the configuration could not be printed'
fi

# --- -d ----------------------------------------------------------------------------------

if ! bash -c : 2>/dev/null; then
	echo "ok $((count += 1)) - a start # SKIP no bash to connect with"
	echo "1..$count"
	exit $failed
fi
ok "-d 2 starts" starts -d 2
ok "... and debugs the network" debugs_net
ok "--debug=0x2 starts" starts --debug=0x2
ok "... and is 2" debugs_net
ok "-d -1 starts" starts -d -1
ok "... and is everything" debugs_net
ok "-d 0x24 starts" starts -d 0x24
ok "... with no remark" not err ' -d '
ok "... and leaves the network out" debugs_no_net
ok "-d 4132 starts" starts -d 4132
ok "... with no remark" not err ' -d '
ok "... and leaves the network out" debugs_no_net
ok "-d -l 2, as a container image has it, starts" starts -d -l 2
ok "... -l is taken for the mask" err '-d -l is no number and is ignored'
ok "... and 2 for a stray word" err '"2" is ignored: siproxd takes options only'
ok "... so that nothing is debugged" debugs_no_net

# --- what the machine says ---------------------------------------------------------------

ok "once more" starts -p "$work/state/pid"
mv "$work/err" "$work/daemon"
ok "--check beside the siproxd that runs is 0" exits 0 -c "$work/siproxd.conf" -p "$work/state/pid" --check
ok "... and says so" out "siproxd already runs with SIP port $port (pid $pid)"
kill "$pid"
wait "$pid"
pid=
ok "--check when it is gone is 0" exits 0 -c "$work/siproxd.conf" --check
ok "... with a remark" out 'siproxd would start; see the remarks above.'

echo "1..$count"
exit $failed
