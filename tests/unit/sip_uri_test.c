/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_uri.h"

#include <errno.h>

#include "tap.h"

static void is_part(struct str got, const char *want, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", STR_ARGS(got));
	is_str(text, want, what);
}

static void test_parts(void)
{
	struct sip_uri u;

	is_int(sip_uri_parse(&u, str_of("sip:al:pw@Example.org:5070;transport=udp;lr?a=b&c=d")), 0,
	    "a URI with everything");
	is_part(u.scheme, "sip", "... its scheme");
	is_part(u.user, "al", "... its user");
	is_part(u.userinfo, "al:pw", "... with the password");
	is_part(u.host, "Example.org", "... its host as written");
	is_part(u.hostport, "Example.org:5070", "... with the port");
	is_int(u.port, 5070, "... the port as a number");
	is_part(u.params, ";transport=udp;lr", "... its parameters");
	is_part(u.headers, "?a=b&c=d", "... its headers");
	is_int(sip_uri_parse(&u, str_of("SIPS:b@h")), 0, "an upper-case scheme");
	ok(sip_uri_is_sip(&u), "... is ours");
	is_int(sip_uri_port(&u), 5061, "... and sips has its own default port");
	is_int(u.port, 0, "... which is not written");
	is_int(sip_uri_parse(&u, str_of("sip:h;lr")), 0, "no user");
	ok(!u.user.s && !u.user.len, "... is told");
	is_int(sip_uri_port(&u), 5060, "... the default port");
	is_int(sip_uri_parse(&u, str_of("sip:a;b=c?d@h;e?f")), 0, "';' and '?' in the user part");
	is_part(u.user, "a;b=c?d", "... belong to it");
	is_part(u.params, ";e", "... and not to the parameters");
	is_int(sip_uri_parse(&u, str_of("sip:%61lice%00@h")), 0, "escapes");
	is_part(u.user, "%61lice%00", "... stay as they are");
	is_int(sip_uri_parse(&u, str_of("sip:@192.0.2.1")), 0,
	    "an empty user, as some gateways write");
	is_int(sip_uri_parse(&u, str_of("tel:+49-30-1234;phone-context=x")), 0, "tel:");
	ok(!sip_uri_is_sip(&u) && !u.host.len, "... is another scheme, and not taken apart");
	is_int(sip_uri_parse(&u, str_of("sip:m_1.example.org.")), 0, "an underscore, a last dot");
}

static void test_ip6(void)
{
	struct sip_uri u;
	struct addr a;
	char text[ADDR_TEXT_MAX];

	is_int(sip_uri_parse(&u, str_of("sip:a@[2001:db8::9:1]:5062;x=[::1]")), 0, "IPv6");
	is_part(u.host, "[2001:db8::9:1]", "... with its brackets");
	is_int(u.port, 5062, "... and the port behind them");
	ok(sip_uri_addr(&u, &a), "... is an address");
	is_str(addr_format(&a, text), "[2001:db8::9:1]:5062", "... that one");
	is_int(sip_uri_parse(&u, str_of("sip:a@[::ffff:192.0.2.1]")), 0, "a mapped one");
	is_int(sip_uri_parse(&u, str_of("sip:h.example.org")), 0, "a name");
	ok(!sip_uri_addr(&u, &a), "... is no address");
}

static int transport_of(const char *text, enum sip_transport *out)
{
	struct sip_uri uri;

	*out = SIP_UDP;
	return sip_uri_parse(&uri, str_of(text)) ? EINVAL : sip_uri_transport(&uri, out);
}

static void test_transport(void)
{
	enum sip_transport t;

	is_int(transport_of("sip:a@b", &t), ENOENT, "no transport is written");
	is_int(transport_of("sip:a@b;lr;Transport=TCP", &t), 0, "tcp ...");
	is_int(t, SIP_TCP, "... is TCP");
	is_int(transport_of("sip:a@b;transport=udp", &t), 0, "udp ...");
	is_int(t, SIP_UDP, "... is UDP");
	is_int(transport_of("sip:a@b;transport=sctp", &t), EPROTONOSUPPORT, "not spoken here");
	is_int(transport_of("tel:112", &t), ENOENT, "another scheme has none");
}

static void test_refused(void)
{
	static const char *const bad[] = {"", "sip", "sip:", ":a@h", "1sip:a@h", "sip:a@",
	    "sip:a@b@c", "sip:a b@h", "sip:a@h:", "sip:a@h:0", "sip:a@h:65536", "sip:a@h:-1",
	    "sip:a@h:5x", "sip:a@h:99999999999999999999", "sip:a@[::1", "sip:a@[::1]5060",
	    "sip:a@::1", "sip:a@[]", "sip:a@[host]", "sip:a@[192.0.2.1]", "sip:a@[fe80::1%lo]",
	    "sip:a@h[1]", "sip:a@h%41", "sip:a<b@h", "sip:a>b@h", "sip:a\"b@h", "tel:<1>",
	    "sip:a@h\r\n", "sip:a@h\x7f", "sip:a@h/x", "sip:a@h,b"};
	struct sip_uri u;
	char name[257];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!ok(sip_uri_parse(&u, str_of(bad[i])) == EINVAL, "no URI"))
			printf("# %s\n", bad[i]);
	is_int(sip_uri_parse(&u, (struct str){"sip:a\0b@h", 9}), EINVAL, "a NUL byte");
	is_int(sip_uri_parse(&u, (struct str){"sip:a@h\0.x", 10}), EINVAL,
	    "a NUL byte in the host");
	memset(name, 'a', sizeof(name));
	memcpy(name, "sip:", 4);
	is_int(sip_uri_parse(&u, (struct str){name, sizeof(name)}), 0, "a long host");
	is_int(sip_uri_parse(&u,
		   str_of("sip:a@[2001:db8:0:0:0:0:0:0:0:0:0:0:0:0:0:1:0000000000000]")),
	    EINVAL, "too long for an address");
}

static bool equal(const char *a, const char *b)
{
	struct sip_uri ua, ub;

	return sip_uri_parse(&ua, str_of(a)) == 0 && sip_uri_parse(&ub, str_of(b)) == 0 &&
	    sip_uri_equal(&ua, &ub);
}

static void test_equal(void)
{
	ok(equal("sip:a@EXAMPLE.org", "SIP:a@example.ORG:5060;x"), "host case, port, parameters");
	ok(!equal("sip:a@h", "sip:A@h"), "the user's case counts");
	ok(!equal("sip:a@h", "sips:a@h"), "the scheme counts");
	ok(!equal("sip:a@h", "sip:a@h:5061"), "the port counts");
	ok(!equal("sip:a@h", "sip:a:b@h"), "the password counts");
	ok(!equal("sip:a@h", "sip:h"), "the user counts");
	ok(equal("tel:+1", "TEL:+1"), "another scheme as text");
	ok(!equal("tel:+1", "tel:+2"), "... and two numbers differ");
}

static void is_nameaddr(const char *text, const char *display, const char *uri, const char *params,
    bool bracketed)
{
	struct sip_nameaddr a;

	is_int(sip_nameaddr_parse(&a, str_of(text)), 0, text);
	is_part(a.display, display, "... its display name");
	is_part(a.uri, uri, "... its URI");
	is_part(a.params, params, "... its parameters");
	ok(a.bracketed == bracketed, "... its brackets");
}

static void test_nameaddr(void)
{
	static const char *const bad[] = {"", "  ", ";tag=1", "<>", "<sip:a@h", "\"a <sip:a@h>",
	    "\"a\\\" <sip:a@h>", "<sip:a@h>, <sip:b@h>", "<sip:a@h> b;tag=1", "<sip:a@h>>;tag=1",
	    "<sip:a@h>\"x\"", "a<", "sip:a@h,sip:b@h", "sip:a@h>;tag=1", "x sip:a@h",
	    "<sip:a@h>;x=\"", "<sip:a@h>;x=<y", "sip:a@h;x=\"y\\\""};
	struct sip_nameaddr a;

	is_nameaddr("<sip:a@h;lr>;tag=1", "", "sip:a@h;lr", ";tag=1", true);
	is_nameaddr("sip:a@h;tag=1", "", "sip:a@h", ";tag=1", false);
	is_nameaddr(" \"A, <b> \\\" ;c\" < sip:a@h > ; x ", "\"A, <b> \\\" ;c\"", "sip:a@h", "; x",
	    true);
	is_nameaddr("M\xc3\xbcller x<sip:a@h>", "M\xc3\xbcller x", "sip:a@h", "", true);
	is_nameaddr("\"a\"\r\n <sip:a@h>\r\n ;tag=1", "\"a\"", "sip:a@h", ";tag=1", true);
	is_nameaddr("tel:+1;x=y", "", "tel:+1", ";x=y", false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!ok(sip_nameaddr_parse(&a, str_of(bad[i])) == EINVAL, "no name-addr"))
			printf("# %s\n", bad[i]);
}

static void test_params(void)
{
	struct str p = str_of(";a=1; B = \"x;y\\\"z\" ;lr;c=<d;e>;x=;tag=2\r\n ;tag=3"), v, w;

	ok(sip_param_get(p, "a", &v, &w), "the first");
	is_part(v, "1", "... its value");
	is_part(w, ";a=1", "... as a whole");
	ok(sip_param_get(p, "b", &v, &w), "case and blanks do not matter");
	is_part(v, "x;y\\\"z", "... a quoted value without its quotes");
	is_part(w, "; B = \"x;y\\\"z\" ", "... as a whole");
	ok(sip_param_get(p, "LR", &v, NULL), "a flag");
	is_int((long long)v.len, 0, "... has no value");
	ok(v.s != NULL, "... but a place");
	ok(sip_param_get(p, "c", &v, NULL), "a value in angle brackets");
	is_part(v, "<d;e>", "... may hold semicolons");
	ok(!sip_param_get(p, "e", NULL, NULL), "... which do not begin another one");
	ok(!sip_param_get(p, "y", NULL, NULL), "nor do those in quotes");
	ok(sip_param_get(p, "x", &v, NULL) && v.len == 0, "an empty value");
	ok(sip_param_get(p, "tag", &v, NULL), "of two the first counts");
	is_part(v, "2", "... folding is no part of it");
	ok(!sip_param_get(p, "t", NULL, NULL) && !sip_param_get(p, "tags", NULL, NULL),
	    "names are compared whole");
	ok(!sip_param_get((struct str){NULL, 0}, "a", NULL, NULL), "no parameters");
	ok(!sip_param_get(str_of(";;=;"), "a", NULL, NULL), "empty ones");
	ok(!sip_param_get(str_of(";a\"=1"), "a", NULL, NULL), "a quote that is never closed");
}

static size_t scan(const char *s, char stop)
{
	return (size_t)(sip_scan_to(s, s + strlen(s), stop) - s);
}

static void test_scan(void)
{
	is_int((long long)scan("a,b", ','), 1, "a comma");
	is_int((long long)scan("\",\",b", ','), 3, "not the one in quotes");
	is_int((long long)scan("\"\\\",\",b", ','), 5, "nor behind an escaped quote");
	is_int((long long)scan("<,>,b", ','), 3, "nor the one in angle brackets");
	is_int((long long)scan("\"<\",b", ','), 3, "a bracket in quotes is none");
	is_int((long long)scan("<\">,b", ','), 3, "a quote in angle brackets is none");
	is_int((long long)scan("\",b", ','), 3, "an open quote reaches to the end");
	is_int((long long)scan("<,b", ','), 3, "so does an open bracket");
	is_int((long long)scan("\"\\", ','), 2, "a backslash is the last byte");
	is_int((long long)scan("", ','), 0, "nothing");
	ok(sip_is_closed(str_of(";a=\"<\\\"\";b=<\">")), "all closed");
	ok(!sip_is_closed(str_of(";a=\"\\\"")), "a quote left open");
	ok(!sip_is_closed(str_of(";a=<\"\"")), "a bracket left open");
	ok(sip_is_closed((struct str){NULL, 0}), "nothing is closed");
}

int main(void)
{
	test_parts();
	test_ip6();
	test_transport();
	test_refused();
	test_equal();
	test_nameaddr();
	test_params();
	test_scan();
	return tap_done();
}
