#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual pages against the program: each switch, signal, file, environment variable and exit
# status stands there, and none that does not exist; man renders each page without a warning.
# (config_docs_test does the same for the options of siproxd.conf.)
top=${top_srcdir:-.}
manual=$top/doc/siproxd.8
work=$(mktemp -d "${TMPDIR:-/tmp}/manual_test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
count=0 failed=0
LC_ALL=C
export LC_ALL

ok() { # ok WHAT COMMAND...
	what=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $what"
	else
		failed=1
		echo "not ok $count - $what"
	fi
}

# same WHAT FILE FILE: sorted lists of words, the program's and the manual's
same() {
	grep . "$2" | sort -u >"$work/a"
	grep . "$3" | sort -u >"$work/b"
	comm -23 "$work/a" "$work/b" | sed 's/^/# only in the program: /'
	comm -13 "$work/a" "$work/b" | sed 's/^/# only in the manual: /'
	ok "$1" test -s "$work/a"
	ok "... all of them" cmp -s "$work/a" "$work/b"
}

section() { sed -n "/^\\.S[hs] $1\$/,/^\\.S[hs] /p" "$manual"; }
sources() { find "$top/src" -name '*.c' -exec cat {} +; }

# --- switches ----------------------------------------------------------------------------

# The table of long options, and getopt's string of short ones
sed -n 's/^[[:space:]]*{"\([a-z-]*\)", [a-z_]*argument, .*/--\1/p' "$top/src/main.c" >"$work/program"
sed -n 's/.*getopt_long(argc, argv, "\([A-Za-z:]*\)".*/\1/p' "$top/src/main.c" | tr -d : |
	fold -w 1 | sed 's/./-&/' >>"$work/program"
section Options | sed -n 's/^\.It //p' | tr ' ' '\n' | awk '
	/^Fl$/ { flag = 1; next }
	flag { print "-" $0 }
	{ flag = 0 }' | tr -d , >"$work/manual"
same "switches in the manual" "$work/program" "$work/manual"
./siproxd --help | sed -n 's/^  *\(-[A-Za-z], \)\{0,1\}\(--[a-z-]*\).*/\1\2/p' | tr -d , | tr ' ' '\n' >"$work/help"
same "switches in --help" "$work/program" "$work/help"

# --- signals -----------------------------------------------------------------------------

cat "$top/src/main.c" "$top/src/housekeeping.c" "$top/src/service.c" |
	grep -oE '\<SIG[A-Z][A-Z0-9]+\>' >"$work/program"
section SIGNALS | sed -n 's/^\.It Dv //p' | tr -d , | tr ' ' '\n' >"$work/manual"
same "signals" "$work/program" "$work/manual"

# --- environment, files ------------------------------------------------------------------

sources | grep -oE 'getenv\("[A-Z_]+"\)' | cut -d '"' -f 2 >"$work/program"
section ENVIRONMENT | sed -n 's/^\.It Ev //p' | tr -d , | tr -s ' ' '\n' >"$work/manual"
same "environment" "$work/program" "$work/manual"

# What belongs to the kernel is no file of ours. The manual names the files in the folders. An option's
# default stands with the option.
sources | grep -oE '"/[a-z]+(/[^" ]*)?"' | tr -d '"' | grep -vE '^/(dev|proc|sys)(/|$)' |
	grep -vE '/plugin_' >"$work/files"
: >"$work/missing"
while read -r file; do
	grep -qE "^\\.(It )?Pa $file(/siproxd.conf)?\$" "$manual" ||
		grep -q "^Default: $file\." "$top/doc/siproxd.conf.5" || echo "# not in the manual: $file" >>"$work/missing"
done <"$work/files"
cat "$work/missing"
ok "files" test -s "$work/files"
ok "... all of them" test ! -s "$work/missing"

# --- exit status -------------------------------------------------------------------------

status_of() { # status_of WANTED OPTION...
	want=$1
	shift
	got=0
	HOME=$work ./siproxd "$@" >"$work/said" 2>&1 || got=$?
	echo "$got" >>"$work/program"
	ok "exit status $want: siproxd $1" test "$got" = "$want"
}

: >"$work/program"
printf 'if_inbound = lo\nif_outbound = lo\nsip_listen_port = 0x10000\n' >"$work/bad.conf"
printf 'if_inbound = lo\nif_outbound = lo\nuser = no-such-user\n' >"$work/elsewhere.conf"
status_of 0 --help
status_of 0 --version
status_of 0 --dump-config -c "$work/elsewhere.conf"
status_of 1 --no-such-switch
status_of 1 -c "$work/nothing.conf"
status_of 1 -c "$work/bad.conf"
status_of 1 --check -c "$work/bad.conf"
if [ "$(id -u)" = 0 ]; then # others start as themselves, whatever `user` says
	status_of 2 --check -c "$work/elsewhere.conf"
else
	echo 2 >>"$work/program"
fi
section 'EXIT STATUS' | sed -n 's/^\.It //p' >"$work/manual"
same "exit statuses" "$work/program" "$work/manual"

# --- how they look -----------------------------------------------------------------------

render() {
	MANROFFSEQ='' MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >"$work/page" |
		sed 's/^/# /' >"$work/warnings"
	cat "$work/warnings"
	[ -s "$work/page" ] && [ ! -s "$work/warnings" ]
}
if man --warnings -l "$manual" >/dev/null 2>&1; then
	for page in "$top"/doc/*.[1-8]; do
		ok "${page##*/} is rendered without a warning" render "$page"
	done
	printf '.Dd May 1, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Xx\n.ft NOSUCHFONT\n' >"$work/bad.8"
	bad_is_noticed() { ! render "$work/bad.8" >"$work/bad.said"; }
	ok "a bad page is noticed" bad_is_noticed
else
	echo "ok $((count += 1)) - manual pages # SKIP no man that renders files"
fi

echo "1..$count"
exit $failed
