#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The texts against the tree: each file that they name exists, each module and each text has its place
# in the list, options in examples are siproxd's, and doc/howto-asterisk explains what stands in
# contrib/asterisk.
top=${top_srcdir:-.}
work=$(mktemp -d "${TMPDIR:-/tmp}/docs_test.XXXXXX") || exit 99
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

# none WHAT COMMAND...: the command names what is wrong, a line each, and names nothing
none() {
	what=$1
	shift
	"$@" >"$work/wrong"
	sed 's/^/# /' "$work/wrong"
	ok "$what" test ! -s "$work/wrong"
}

texts() { (cd "$top" && echo doc/[A-Z]* doc/howto-* doc/rfc-compliance); }
prose="README ChangeLog doc/ARCHITECTURE doc/FAQ doc/HACKING $(cd "$top" && echo doc/howto-*)"

# --- what is named exists ----------------------------------------------------------------

named() { # named TEXT: the files that it names, but for those that are to be written
	grep -oE '(^|[^A-Za-z0-9_./-])(contrib|doc|include|src|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' "$top/$1" |
		sed 's/^[^a-z]//' | grep -vE 'LAYER|NAME|THING|noun'
}

not_there() {
	for text in README ChangeLog siproxd.conf.example $(texts) doc/siproxd.8 doc/siproxd.conf.5 \
		tests/integration/README contrib/debian/README.Debian; do
		for file in $(named "$text"); do
			[ -e "$top/$file" ] || [ -e "$file" ] || [ -e "$top/$file.c" ] ||
				echo "$text names $file"
		done
	done
}

too_long() {
	for text in $prose; do
		awk -v text="$text" 'length > 80 { print text ":" FNR ": " length " characters" }' "$top/$text"
	done
}

ok "files are named" test "$(named README | wc -l)" -gt 10
# "Phone" is shorter, and who searches for it finds all. (RFC 4733 has its own name for its events.)
other_words() {
	(cd "$top" && grep -niE 'telephones?([^-]|$)' $prose doc/rfc-compliance doc/*.[58] siproxd.conf.example)
}

# There is no address of ours: who asks for reports says where to.
dead_ends() {
	(cd "$top" && grep -nEi 'tell us|let us know|(report (it|that|this)|reports? (is|are|from)).*\.$' $prose)
}
whom_to_tell() {
	sed -n '/^Something is wrong: whom do I tell/,$p' "$top/doc/FAQ" >"$work/whom"
	for word in reportbug 'siproxd --check' trace_file; do
		grep -qF -- "$word" "$work/whom" || return
	done
}

none "each file that is named is there" not_there
none "a phone is called a phone" other_words
none "nobody is asked to report to nobody" dead_ends
ok "the FAQ says to whom, and what" whom_to_tell
none "no line of prose is longer than a terminal" too_long

# --- lists that must be whole ------------------------------------------------------------

unlisted_texts() {
	for text in $(texts); do
		grep -q "^    $text " "$top/README" || echo "README does not list $text"
		grep -qw -- "$text" "$top/doc/local.mk" || echo "doc/local.mk does not install $text"
	done
}

# A module is a word of ARCHITECTURE's list; a plugin is a section of the manual.
unlisted_modules() {
	sed -n '/^The modules$/,/^The way of a SIP message$/p' "$top/doc/ARCHITECTURE" |
		tr -cs 'a-zA-Z0-9_' '\n' >"$work/modules"
	(cd "$top" && find src include -name '*.[ch]') | sort | while read -r file; do
		name=$(basename "$file" | sed 's/\.[ch]$//')
		case $file in
		src/plugin/*) grep -q "^\.Ss $name\$" "$top/doc/siproxd.conf.5" && continue ;;
		esac
		grep -qxF "$name" "$work/modules" || echo "ARCHITECTURE does not name $file"
	done
}

none "README and doc/local.mk list every text" unlisted_texts
none "ARCHITECTURE lists every module" unlisted_modules
ok "... there are such" test -s "$work/modules"

# --- options in examples -----------------------------------------------------------------

# What looks like a line of a configuration in a text is siproxd's, or stands in a file of contrib.
unknown_options() {
	sed -n 's/^\.It Cm \([a-zA-Z_]*\).*/\1/p' "$top/doc/siproxd.conf.5" >"$work/options"
	cat "$top"/contrib/asterisk/* | sed -n 's/^\([a-z_]*\) *=.*/\1/p' >>"$work/options"
	for text in $prose; do
		sed -nE 's/^ {4,}([a-z][a-zA-Z_]*) +\+?= .*/\1/p' "$top/$text" | sort -u | while read -r option; do
			grep -qxF "$option" "$work/options" || echo "$text: $option is no option"
		done
	done
}

# Each row of siproxd's lines in a text, as a file of its own: what siproxd says to it
bad_examples() {
	for text in $prose; do
		awk -v out="$work/example" -v options="$work/options" '
			BEGIN { while ((getline name <options) > 0) known[name] = 1 }
			function done() { if (row) { n++; print row >(out n ".conf") } row = "" }
			/^    +[a-z][a-zA-Z_]* +\+?= / && known[$1] { row = row $0 "\n"; next }
			/[^ ]/ { done() }
			END { done() }' "$top/$text"
		for file in "$work"/example*.conf; do
			[ -e "$file" ] || continue
			echo "$text" >>"$work/tried"
			dump "$file" | sed "s|^.*/example|$text: |"
		done
		rm -f "$work"/example*.conf
	done
}

# dump FILE: what siproxd says to it
dump() { ./siproxd --dump-config -c "$1" 2>&1 >/dev/null | grep -v ': this file is read$'; }

none "options in examples are options" unknown_options
ok "... there are such" test "$(wc -l <"$work/options")" -gt 100
sed -n 's/^\.It Cm \([a-zA-Z_]*\).*/\1/p' "$top/doc/siproxd.conf.5" >"$work/options"
none "examples load without a word" bad_examples
ok "... there are such" test "$(sort -u "$work/tried" | wc -l)" -gt 4
none "siproxd.conf.example loads without a word" dump "$top/siproxd.conf.example"
none "so does Asterisk's siproxd.conf" dump "$top/contrib/asterisk/siproxd.conf"

# --- Asterisk ----------------------------------------------------------------------------

asterisk=$top/contrib/asterisk

# unexplained FILE: an option is explained where it begins a line of the file's section, alone or among
# others.
unexplained() {
	sed -n "/^$1, line by line\$/,/^[a-z]*\.conf, [a-z ]*\$/p" "$top/doc/howto-asterisk" >"$work/text"
	sed -nE 's/^([a-z][a-z_-]*) *=>? .*/\1/p' "$asterisk/$1" | sort -u | while read -r option; do
		grep -qE "^ {4}([a-z_]+, )*$option( |,|\$)" "$work/text" || echo "$option is not explained"
	done
}

# Every line is a comment, a [section] or a setting, and every setting stands in a section.
malformed() {
	for file in pjsip.conf sip.conf extensions.conf; do
		awk -v file="$file" '
			FNR == 1 { section = "" }
			/^[ \t]*(;.*)?$/ { next }
			/^\[[a-z0-9-]+\]$/ { section = $0; next }
			section && /^[ \t]*[A-Za-z_-]+ *=>? *[^ ]/ { next }
			{ print file ": " $0 }' "$asterisk/$file"
	done
}

# Which option belongs to which type of section, and which other section it names.
misplaced() {
	awk '
	BEGIN {
		may["transport"] = "protocol bind"
		may["auth"] = "auth_type username password"
		may["registration"] = "transport outbound_proxy outbound_auth server_uri client_uri" \
			" contact_user expiration retry_interval forbidden_retry_interval auth_rejection_permanent"
		may["endpoint"] = "transport outbound_proxy outbound_auth auth aors context from_user" \
			" from_domain disallow allow direct_media"
		may["aor"] = "contact outbound_proxy qualify_frequency max_contacts remove_existing"
		may["identify"] = "endpoint match"
		named["transport"] = "transport"; named["outbound_auth"] = "auth"; named["auth"] = "auth"
		named["aors"] = "aor"; named["endpoint"] = "endpoint"
	}
	/^\[/ { name = substr($1, 2, length($1) - 2); type = ""; next }
	!/^[a-z]/ { next }
	$1 == "type" { type = $3; have[type " " name] = 1; next }
	!type { print name ": type is not the first line" }
	index(" " may[type] " ", " " $1 " ") == 0 { print type " " name " has " $1 }
	named[$1] { wanted[named[$1] " " $3] = name }
	$1 == "outbound_proxy" && $3 !~ /\\;lr$/ { print name ": outbound_proxy without \\;lr" }
	END { for (w in wanted) if (!have[w]) print wanted[w] " names " w ", which is not there" }
	' "$asterisk/pjsip.conf"
}

contexts_not_there() {
	sed -n 's/^context = \([a-z-]*\).*/\1/p' "$asterisk/pjsip.conf" "$asterisk/sip.conf" | sort -u |
		while read -r context; do
			grep -qxF "[$context]" "$asterisk/extensions.conf" || echo "there is no $context"
		done
}

ways_out() { sed -n '/^\[from-provider\]/,/^\[nowhere\]/p' "$asterisk/extensions.conf" | grep '@provider'; }

guesses() {
	grep -hE '^(extern|localnet|stunaddr|local_net|ice_support|rewrite_contact)' "$asterisk"/*.conf
}

# --- FreeSWITCH --------------------------------------------------------------------------

# The file stands in the text as it is, and each of its parameters is explained behind it.
other_gateway() {
	sed -n '/^<include>/,/^<\/include>/p' "$top/contrib/freeswitch/provider.xml" >"$work/gateway"
	sed -n '/^    <include>/,/^    <\/include>/s/^    //p' "$top/doc/howto-freeswitch" |
		diff "$work/gateway" -
}

unexplained_parameters() {
	sed -n 's/.*param name="\([a-z-]*\)".*/\1/p' "$work/gateway" | while read -r name; do
		grep -qE "^ {4}([a-z-]+, )*$name( |,)" "$top/doc/howto-freeswitch" || echo "$name is not explained"
	done
}

none "howto-asterisk explains pjsip.conf" unexplained pjsip.conf
none "howto-asterisk explains sip.conf" unexplained sip.conf
ok "... it has such a part" test -s "$work/text"
none "Asterisk's files are well formed" malformed
none "each section of pjsip.conf has its options, and what they name" misplaced
none "calls begin where extensions.conf has something" contexts_not_there
none "from outside nobody dials out again" ways_out
none "what must be off is not there" guesses
none "howto-freeswitch has the file of contrib" other_gateway
none "... and explains it" unexplained_parameters
ok "... which has something in it" test -s "$work/gateway"

echo "1..$count"
exit $failed
