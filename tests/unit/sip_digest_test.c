/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_digest.h"

#include <errno.h>
#include <stdlib.h>

#include "tap.h"

static int parse(struct sip_digest *d, const char *text)
{
	return sip_digest_parse(d, str_of(text));
}

/* The response fits this password and method. */
static bool fits(const char *value, const char *password, const char *method)
{
	char ha1[MD_HEX_MAX + 1];
	struct sip_digest d;

	if (parse(&d, value) != 0 ||
	    sip_digest_ha1(d.algorithm, d.username, d.realm, str_of(password), ha1) != 0)
		return false;
	return sip_digest_fits(&d, ha1, str_of(method));
}

/* RFC 7616 3.9.1; RFC 2617 3.5; RFC 2069 2.4 (with its erratum 749) */
#define MUFASA                                                                 \
	"Digest username=\"Mufasa\", realm=\"http-auth@example.org\","         \
	"uri=\"/dir/index.html\",\r\n"                                         \
	" nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\",nc=00000001," \
	"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\",qop=auth,"
#define MUFASA_MD5 MUFASA "algorithm=MD5,response=\"8ca523f5e9506fed4657c9700eebdbec\""
#define MUFASA_SHA256                          \
	MUFASA "algorithm=SHA-256,response=\"" \
	       "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""
#define MUFASA_2617                                                                      \
	"Digest username=\"Mufasa\",realm=\"testrealm@host.com\","                       \
	"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",uri=\"/dir/index.html\",qop=auth," \
	"nc=00000001,cnonce=\"0a4f113b\",response=\"6629fae49393a05397450978507c4ef1\"," \
	"opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
#define MUFASA_2069                                                              \
	"Digest username=\"Mufasa\", realm=\"testrealm@host.com\","              \
	"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\"," \
	"response=\"1949323746fe6a43ef61f9606e7febea\""

static void test_examples(void)
{
	struct sip_digest d;

	ok(fits(MUFASA_MD5, "Circle of Life", "GET"), "RFC 7616's example, MD5");
	ok(fits(MUFASA_SHA256, "Circle of Life", "GET"), "and SHA-256");
	ok(fits(MUFASA_2617, "Circle Of Life", "GET"), "RFC 2617's example");
	ok(fits(MUFASA_2069, "CircleOfLife", "GET"), "RFC 2069's example");
	ok(!fits(MUFASA_MD5, "Circle of life", "GET"), "another password does not fit");
	ok(!fits(MUFASA_MD5, "Circle of Life", "PUT"), "nor another method");
	is_int(parse(&d, MUFASA_2617), 0, "its parts");
	ok(str_is(d.username, "Mufasa") && str_is(d.realm, "testrealm@host.com") &&
		str_is(d.uri, "/dir/index.html") && d.has_qop && d.nc_value == 1,
	    "are read");
}

#define GOOD "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:h\", response=\"0\""

static void test_forms(void)
{
	struct sip_digest d;

	is_int(parse(&d, GOOD), 0, "a short one");
	ok(!d.has_qop && d.nc_value == 0 && d.algorithm == MD_MD5, "of MD5 without qop");
	is_int(parse(&d,
		   "dIGEST  USERNAME = u ,REALM= r, nonce=n,\r\n\turi=sip:h;x=1,response=0 ,"),
	    0, "case, blanks, folding, missing quotes and a last comma matter nothing");
	ok(str_is(d.uri, "sip:h;x=1") && str_is(d.username, "u"), "... its values");
	is_int(parse(&d, GOOD ", qop=\"auth\", nc=2A, cnonce=\"\""), 0,
	    "a quoted qop, a short count, an empty cnonce");
	is_int(d.nc_value, 42, "... its count");
	is_int(parse(&d,
		   "Digest username=\"a\\\"b\\\\\", realm=\"r\", nonce=\"n\", uri=\"h\","
		   "response=\"0\""),
	    0, "escapes");
	ok(sip_digest_text_is(d.username, str_of("a\"b\\")), "mean what they stand for");
	ok(!sip_digest_text_is(d.username, str_of("a\"b")) &&
		!sip_digest_text_is(d.username, str_of("a\"b\\x")),
	    "and nothing else");
}

static void test_refused(void)
{
	static const char *const bad[] = {
	    "",
	    "Digest",
	    "Digest ",
	    "Digestive username=\"u\"",
	    "Basic dTpw",
	    "Digest username=\"u\"",
	    "Digest =\"u\"",
	    "Digest username",
	    "Digest username=",
	    GOOD ", x=\"open",
	    GOOD ", x=\"open\\\"",
	    GOOD ", x=\"a\"b",
	    GOOD ", realm=\"other\"",
	    GOOD ", USERNAME=\"other\"",
	    GOOD ", qop=auth",
	    GOOD ", qop=auth, nc=00000001",
	    GOOD ", qop=auth, cnonce=\"c\", nc=00000000",
	    GOOD ", qop=auth, cnonce=\"c\", nc=000000001",
	    GOOD ", qop=auth, cnonce=\"c\", nc=0000000g",
	};
	struct sip_digest d;
	char *big = malloc(10000);
	bool all = true;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		bool refused = parse(&d, bad[i]) == EINVAL;

		if (!refused)
			printf("# taken: %s\n", bad[i]);
		all &= refused;
	}
	ok(all, "what is malformed is refused");
	is_int(parse(&d, GOOD ", algorithm=MD5-sess"), ENOTSUP, "what was not offered");
	is_int(parse(&d, GOOD ", algorithm=SHA-512-256"), ENOTSUP, "is not taken");
	is_int(parse(&d, GOOD ", qop=auth-int, nc=1, cnonce=\"\""), ENOTSUP, "nor this");
	ok(str_is(d.realm, "r"), "but whom it is for can be read");
	if (!big)
		return;
	memset(big, 'x', 9999);
	big[9999] = '\0';
	memcpy(big, "Digest ", 7);
	is_int(parse(&d, big), EINVAL, "nor what is very long");
	free(big);
}

static void test_challenge(void)
{
	struct buf b = BUF_INIT;

	sip_digest_challenge(&b, MD_SHA256, "a \"b\"\\", "n1", true);
	is_str(b.data,
	    "Proxy-Authenticate: Digest realm=\"a \\\"b\\\"\\\\\", nonce=\"n1\", "
	    "algorithm=SHA-256, qop=\"auth\", stale=true\r\n",
	    "a challenge");
	buf_free(&b);
}

int main(void)
{
	if (md_is_available())
		test_examples();
	test_forms();
	test_refused();
	test_challenge();
	return tap_done();
}
