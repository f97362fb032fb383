/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/passwords.h"

#include <errno.h>
#include <stdlib.h>

#include "sip/sip_digest.h"
#include "tap.h"

#define REALM "our: house"

static unsigned line;
static const char *why;

static int parse_n(struct passwords **p, const char *text, size_t len)
{
	return passwords_parse(p, REALM, text, len, &line, &why);
}

static int parse(struct passwords **p, const char *text)
{
	return parse_n(p, text, strlen(text));
}

/* That user, as written in a quoted string, proves himself with that password. */
static bool knows(const struct passwords *p, enum md algorithm, const char *quoted,
    const char *user, const char *password)
{
	char got[MD_HEX_MAX + 1], want[MD_HEX_MAX + 1];

	sip_digest_ha1(algorithm, str_of(user), str_of(REALM), str_of(password), want);
	return passwords_find(p, algorithm, str_of(quoted), got) && strcmp(got, want) == 0;
}

static bool both(const struct passwords *p, const char *user, const char *password)
{
	return knows(p, MD_MD5, user, user, password) && knows(p, MD_SHA256, user, user, password);
}

static void test_lines(void)
{
	struct passwords *p;

	is_int(parse(&p,
		   "# who may register\r\n"
		   "\n"
		   "alice sesame\r\n"
		   "  bob\tpass#word   # a comment\n"
		   "alice later\n"
		   "a\"b x"),
	    0, "a file");
	is_int((long long)passwords_count(p), 3, "of three users");
	ok(passwords_are_personal(p), "each with his own password");
	ok(both(p, "alice", "sesame"), "the first line counts");
	ok(both(p, "bob", "pass#word"), "a # may be part of a word");
	ok(knows(p, MD_MD5, "a\\\"b", "a\"b", "x"), "a name with a quote");
	ok(!both(p, "carol", "sesame") && !both(p, "Alice", "sesame") && !both(p, "", ""),
	    "nobody else");
	passwords_free(p);
	is_int(parse(&p, ""), 0, "an empty file");
	is_int((long long)passwords_count(p), 0, "names nobody");
	passwords_free(p);
}

static void test_hashed(void)
{
	char md5[MD_HEX_MAX + 1], sha[MD_HEX_MAX + 1], text[1000];
	struct passwords *p;

	sip_digest_ha1(MD_MD5, str_of("bob"), str_of(REALM), str_of("two words"), md5);
	sip_digest_ha1(MD_SHA256, str_of("bob"), str_of(REALM), str_of("two words"), sha);
	for (char *c = md5; *c; c++)
		*c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
	snprintf(text, sizeof(text),
	    "bob {md5}%s\nbob {SHA-256}%s # the same\nbob:elsewhere:%s\n"
	    "bill:" REALM ":%s\n",
	    md5, sha, md5, sha);
	is_int(parse(&p, text), 0, "hashed ones");
	ok(both(p, "bob", "two words"), "serve for the algorithms that they are of");
	is_int((long long)passwords_count(p), 2, "htdigest's, too");
	ok(passwords_find(p, MD_SHA256, str_of("bill"), text), "for that one");
	ok(!passwords_find(p, MD_MD5, str_of("bill"), text), "alone");
	is_str(text, "", "of the other nothing is known");
	passwords_free(p);
}

static void refuses(const char *text, unsigned at, const char *reason)
{
	struct passwords *p;

	ok(parse(&p, text) == EINVAL && !p && line == at && strstr(why, reason), reason);
}

static void test_faults(void)
{
	struct passwords *p;

	refuses("a b\n\nalice\n", 3, "a password is missing");
	refuses("alice # none", 1, "a password is missing");
	refuses("alice two words\n", 1, "more than a user and a password");
	refuses("alice {MD5}0123\n", 1, "behind {MD5} there must be 32 hexadecimal digits");
	refuses("alice {SHA-256}0123456789abcdef0123456789abcdef\n", 1,
	    "behind {SHA-256} there must be 64 hexadecimal digits");
	is_int(parse_n(&p, "a b\0c", 5), EINVAL, "a NUL byte");
}

static void test_long(void)
{
	size_t len = 100000;
	char *text = malloc(len + 1);
	struct passwords *p;

	if (!text)
		return;
	memset(text, 'x', len);
	text[len] = '\0';
	memcpy(text, "alice ", 6);
	is_int(parse(&p, text), 0, "a very long password");
	ok(knows(p, MD_MD5, "alice", "alice", text + 6), "is read whole");
	passwords_free(p);
	free(text);
}

static void test_of_all(void)
{
	struct passwords *p;

	is_int(passwords_of_all(&p, REALM, "sesame"), 0, "one password for all");
	ok(both(p, "anybody", "sesame") && !both(p, "anybody", "other"), "is good for everybody");
	ok(!passwords_are_personal(p), "and nobody's own");
	passwords_free(p);
}

int main(void)
{
	struct passwords *p;

	if (!md_is_available()) {
		is_int(passwords_of_all(&p, "r", "x"), ENOSYS, "built without passwords");
		is_int(parse(&p, "a b\n"), ENOSYS, "there are none");
		return tap_done();
	}
	test_lines();
	test_hashed();
	test_faults();
	test_long();
	test_of_all();
	return tap_done();
}
