#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Each option has a test that needs it: a test of a module, or one of the network, names it. The tests
# of the parser, the samples and the manual do not count, since they only read.
top=${top_srcdir:-.}
work=$(mktemp -d "${TMPDIR:-/tmp}/options_test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

# Nothing can depend on them.
without_effect='thread_stack_size plugindir autosave_registrations'

: >"$work/empty.conf"
./siproxd -c "$work/empty.conf" --dump-config 2>/dev/null |
	sed -n 's/^#*\([a-z][A-Za-z_]*\) =.*/\1/p' | sort -u >"$work/options"
for name in $without_effect; do
	sed -i "/^$name\$/d" "$work/options"
done

# "\n" before a name is the end of the line before it, in C
for test in "$top"/tests/unit/*_test.c "$top"/tests/integration/*.test "$top"/tests/integration/*.py; do
	case $test in
	*/config_*) ;;
	*) sed 's/\\n/ /g' "$test" ;;
	esac
done | tr -c 'A-Za-z0-9_' '\n' | sort -u >"$work/words"

comm -23 "$work/options" "$work/words" >"$work/untested"
sed 's/^/# no test needs /' "$work/untested"
echo 1..2
[ "$(wc -l <"$work/options")" -gt 50 ] && echo "ok 1 - the options" || echo "not ok 1 - the options"
[ ! -s "$work/untested" ] && echo "ok 2 - each has a test" || echo "not ok 2 - each has a test"
