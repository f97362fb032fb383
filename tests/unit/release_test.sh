#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/make-release: notes out of the right section of ChangeLog, and a checksum that is right.
top=$(cd "${top_srcdir:-.}" && pwd)
make_release=$top/contrib/make-release
work=$(mktemp -d "${TMPDIR:-/tmp}/release_test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
count=0 failed=0

ok() { # ok WHAT COMMAND...
	what=$1
	shift
	count=$((count + 1))
	if "$@" >said 2>&1; then
		echo "ok $count - $what"
	else
		failed=1
		echo "not ok $count - $what"
		sed 's/^/# /' said
	fi
}
fails() { ! "$@"; }
release() { CHANGELOG=$work/ChangeLog "$make_release" "$@"; }

cat >ChangeLog <<'CHANGES'
Changes, the newest first.

2.0.0 (not yet released)
------------------------

  * Coming.

1.1.0 (2027-02-03)
------------------

A word.

  * Second.

1.0.0 (2026-12-24)
------------------

  * First.
CHANGES
for version in 1.0.0 1.1.0 2.0.0 2.0.0-dev; do
	echo "this is $version" >siproxd-$version.tar.xz
done

ok "a release" release 1.1.0 siproxd-1.1.0.tar.xz
hash=$(cut -d ' ' -f 1 siproxd-1.1.0.tar.xz.sha256)
cat >want <<NOTES
siproxd 1.1.0 (2027-02-03)
------------------

A word.

  * Second.

Checksum (SHA-256), to be verified with \`sha256sum -c siproxd-1.1.0.tar.xz.sha256\`:

    $hash  siproxd-1.1.0.tar.xz
NOTES
ok "its notes are its section and the checksum" diff want siproxd-1.1.0.notes
if command -v sha256sum >/dev/null; then
	ok "the checksum is right" sha256sum -c siproxd-1.1.0.tar.xz.sha256
	echo more >>siproxd-1.1.0.tar.xz
	ok "and another file's is not" fails sha256sum -c siproxd-1.1.0.tar.xz.sha256
fi
ok "the last section" release 1.0.0 "$work/siproxd-1.0.0.tar.xz"
ok "ends with the file" grep -qx '  \* First.' siproxd-1.0.0.notes
ok "and has nothing of the one before" fails grep -q Second siproxd-1.0.0.notes
ok "what is not yet released is refused" fails release 2.0.0 siproxd-2.0.0.tar.xz
ok "and leaves nothing" test ! -e siproxd-2.0.0.notes
ok "a trial is not" release 2.0.0-dev siproxd-2.0.0-dev.tar.xz
ok "a version without a section is refused" fails release 3.0.0 siproxd-1.0.0.tar.xz
ok "so is one without a tarball" fails release 1.0.0 nothing.tar.xz

# the source as it is now
version=$(sed -n 's/^AC_INIT(\[siproxd\], \[\([^]]*\)\].*/\1/p' "$top/configure.ac")
ok "configure.ac has a version" test -n "$version"
ok "ChangeLog has a section for it" grep -q "^${version%-dev} (" "$top/ChangeLog"
debian=$(sed -n '1s/.*(1:\(.*\)-[^-]*).*/\1/p' "$top/contrib/debian/changelog")
ok "Debian's package is of that version" test "$(echo "$debian" | tr '~' -)" = "$version"
echo "1..$count"
exit $failed
