#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Each error and warning that a user can meet while siproxd reads its configuration and starts has a
# test: one quotes words of it, in a row, that stand in no other message.
top=${top_srcdir:-.}
work=$(mktemp -d "${TMPDIR:-/tmp}/errors_test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

# strings FILE...: the string literals, one per line; those that follow each other are one. Not those
# of log_info() and log_debug(), which are no errors.
strings() {
	cat "$@" | awk '
	{ text = text $0 "\n" }
	END {
		n = length(text)
		for (i = 1; i <= n; i++) {
			c = substr(text, i, 1)
			if (substr(text, i, 2) == "/*") {
				i += index(substr(text, i), "*/")
			} else if (c == "\047") {
				i += substr(text, i + 1, 1) == "\\" ? 3 : 2
			} else if (c == "\"") {
				for (i++; i <= n && (c = substr(text, i, 1)) != "\""; i++) {
					if (c == "\\")
						c = substr(text, ++i, 1) == "\"" ? "\"" : " "
					string = string c
				}
				open = 1
			} else if (c !~ /[ \t\n]/) {
				if (open && code !~ /log_(info|debug)\(/)
					print string
				string = ""
				open = 0
				code = c ~ /[;{}]/ ? "" : code c
			}
		}
	}'
}

# The steps of a start, in "siproxd cannot start: STEP: WHY"
step='the [A-Za-z]+( [a-z]+)?|giving up root|name resolution'

# The parts between the conversions are the text that a test can quote; a number is N.
(cd "$top/src" && strings config.c config_set.c config_check.c config_hints.c config_lines.c \
	config_messages.c service.c service_check.c service_passwords.c housekeeping.c main.c paths.c \
	proxy/passwords.c) |
	grep '[a-z] [a-z]' | grep -vE '^(Usage:| ef bb bf)' | grep -vxE "$step" |
	sed -E 's/%(ll|z)?[du]|[0-9]+/N/g; s/ *$//' | sort -u >"$work/messages"

# What a test cannot bring about: a machine that breaks down, or another build. What two messages say in
# the same words, or leave to the values in them: their tests look for those.
cat >"$work/untestable" <<'END'
%s cannot be read: %s
%s is damaged: what ran before the restart is forgotten
%s is taken as %s
%s port N cannot be opened: %s
%s = %.Ns: read as N%s%s
%s: libconfuse cannot read this value
%sN by %.Ns
, did you mean
pid_file %s cannot be written: %s
N lines of %s could not be brought back
siproxd cannot start: %s: %s
siproxd cannot start: see its configuration
siproxd: going into the background failed: %s
the interfaces of this machine cannot be listed
the kernel's SIP helper is loaded; it must not be mixed with siproxd: rmmod nf_nat_sip nf_conntrack_sip
the new RTP port range could not be taken over
there is no directory %s
this siproxd is built without packet traces
unknown option "%.Ns"%s%s; the line is ignored
END

# Without the comments, and with the halves of a C string put together
for test in "$top"/tests/unit/*_test.c "$top"/tests/unit/*.sh "$top"/tests/integration/*.test \
	"$top"/tests/integration/*.py "$top"/tests/integration/lab.sh; do
	case $test in
	*/errors_test.sh) ;;
	*) grep -vE '^[[:space:]]*(/\*|\*|#|//)' "$test" ;;
	esac
done | tr '\n\t' '  ' | sed 's/"  *"//g; s/\\n/ /g; s/\\"/"/g; s/[ ;:,.][ ;:,.]*/ /g; s/[0-9][0-9]*/N/g' \
	>"$work/tests"

awk -v tests="$work/tests" -v untestable="$work/untestable" '
	# The runs of words to look for, into run[1..]: three at least, or all between two conversions
	function runs(message, run,    part, parts, word, words, text, i, from, to, n) {
		split("", run)
		n = 0
		parts = split(message, part, /%[-+0-9.*]*[a-z]+/)
		for (i = 1; i <= parts; i++) {
			gsub(/^[ ;:,.]+|[ ;:,.]+$/, "", part[i])
			words = split(part[i], word, /[ ;:,.]+/)
			for (from = 1; from < words; from++) {
				text = word[from]
				for (to = from + 1; to <= words; to++) {
					text = text " " word[to]
					if (to - from >= 2 || words == 2)
						run[++n] = text
				}
			}
		}
		return n
	}
	BEGIN {
		getline corpus <tests
		while ((getline line <untestable) > 0)
			allowed[line] = 1
	}
	{
		message[NR] = $0
		n = runs($0, run)
		split("", mine)
		for (i = 1; i <= n; i++)
			if (!mine[run[i]]++)
				seen[run[i]]++
	}
	END {
		for (m = 1; m <= NR; m++) {
			n = runs(message[m], run)
			quoted = 0
			for (i = 1; i <= n && !quoted; i++)
				quoted = seen[run[i]] == 1 && index(corpus, run[i])
			if (!quoted && !(message[m] in allowed))
				print message[m]
			if (quoted && message[m] in allowed)
				print "tested after all: " message[m]
		}
	}' "$work/messages" >"$work/untested"
sed 's/^/# no test quotes: /' "$work/untested"
echo 1..2
[ "$(wc -l <"$work/messages")" -gt 80 ] && echo "ok 1 - the messages" || echo "not ok 1 - the messages"
[ ! -s "$work/untested" ] && echo "ok 2 - each has a test" || echo "not ok 2 - each has a test"
