/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_via.h"

#include <errno.h>
#include <stdio.h>

#include "tap.h"

static void is_part(struct str got, const char *want, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", STR_ARGS(got));
	is_str(text, want, what);
}

static struct addr A(const char *ip, uint16_t port) {
	struct addr a;

	addr_parse(&a, ip, port);
	return a;
}

static void
test_parse(void)
{
	struct sip_via v;

	is_int(sip_via_parse(&v, str_of("SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1;x")), 0,
	    "a usual Via");
	is_part(v.transport, "UDP", "... its transport");
	is_part(v.sent_by, "10.0.0.1:5070", "... its sent-by");
	is_part(v.host, "10.0.0.1", "... the host alone");
	is_int(v.port, 5070, "... the port alone");
	is_part(v.params, ";rport;branch=z9hG4bK1;x", "... its parameters");
	is_part(v.branch, "z9hG4bK1", "... its branch");
	ok(v.rport, "... and rport is asked for");
	is_int(sip_via_parse(&v,
		   str_of(" sip / 2.0 / tcp\r\n  h.example.org : 5071 ;\tBRANCH = z ")),
	    0, "blanks wherever they may stand");
	is_part(v.transport, "tcp", "... the transport");
	is_part(v.host, "h.example.org", "... the host");
	is_int(v.port, 5071, "... the port");
	is_part(v.branch, "z", "... the branch");
	ok(!v.rport, "... no rport");
	is_int(sip_via_parse(&v, str_of("SIP/2.0/UDP [2001:db8::1];branch=1")), 0, "IPv6");
	is_part(v.host, "[2001:db8::1]", "... with its brackets");
	is_int(v.port, 0, "... without a port");
	is_int(sip_via_parse(&v, str_of("SIP/2.0/UDP [2001:db8::1]:5062")), 0, "... with one");
	is_int(v.port, 5062, "... that one");
	is_int((long long)v.branch.len, 0, "no branch, as before RFC 3261");
	is_int(sip_via_parse(&v, str_of("SIP/2.0/UDP my_pc;x=\";branch=no\"")), 0,
	    "a quoted value");
	is_int((long long)v.branch.len, 0, "... hides no parameter");
}

static void test_refused(void)
{
	static const char *const bad[] = {"", "SIP", "SIP/2.0", "SIP/2.0/", "SIP/2.0/UDP",
	    "SIP/2.0/UDP ;branch=1", "SIP/2.0/UDP;branch=1", "HTTP/2.0/UDP h", "SIP//UDP h",
	    "SIP/2.0/UDP h:", "SIP/2.0/UDP h:x", "SIP/2.0/UDP h:65536", "SIP/2.0/UDP h:-1",
	    "SIP/2.0/UDP h i", "SIP/2.0/UDP [::1", "SIP/2.0/UDP [::1]5060", "SIP/2.0/UDP ::1",
	    "SIP/2.0/UDP h,i", "SIP/2.0/UDP <h>", "SIP/2.0/UDP \"h\"", "SIP/2.0/UDP h;branch=a b",
	    "SIP/2.0/UDP h;x=\"y", "SIP/2.0/U\"DP h", "SIP/2.0/UDP/x h"};
	struct sip_via v;

	is_int(sip_via_parse(&v, str_of("SIP/3.0/UDP h")), 0, "another version is read");
	ok(str_is(v.version, "3.0"), "and told");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!ok(sip_via_parse(&v, str_of(bad[i])) == EINVAL, "no Via"))
			printf("# %s\n", bad[i]);
}

static void is_received(const char *value, struct addr source, const char *want)
{
	struct buf b = BUF_INIT;
	struct sip_via v;

	if (ok(sip_via_parse(&v, str_of(value)) == 0, value)) {
		sip_via_write_received(&b, str_of(value), &v, &source);
		is_str(b.data, want, "... as it is kept");
	}
	buf_free(&b);
}

static void test_received(void)
{
	struct addr phone = A("192.168.1.5", 5070), phone6 = A("2001:db8::5", 5070);

	is_received("SIP/2.0/UDP 192.168.1.5;branch=1", phone, "SIP/2.0/UDP 192.168.1.5;branch=1");
	is_received("SIP/2.0/UDP 192.168.1.6;branch=1", phone,
	    "SIP/2.0/UDP 192.168.1.6;branch=1;received=192.168.1.5");
	is_received("SIP/2.0/UDP phone;branch=1", phone,
	    "SIP/2.0/UDP phone;branch=1;received=192.168.1.5");
	/* RFC 3581 4: with rport, received too */
	is_received("SIP/2.0/UDP 192.168.1.5;rport;branch=1", phone,
	    "SIP/2.0/UDP 192.168.1.5;rport=5070;branch=1;received=192.168.1.5");
	is_received("SIP/2.0/UDP 192.168.1.5;branch=1; rport ;a", phone,
	    "SIP/2.0/UDP 192.168.1.5;branch=1;rport=5070;a;received=192.168.1.5");
	/* What only the server may set is not believed. */
	is_received("SIP/2.0/UDP 192.168.1.5;received=1.2.3.4;branch=1", phone,
	    "SIP/2.0/UDP 192.168.1.5;branch=1");
	is_received("SIP/2.0/UDP p;rport=9;received=1.2.3.4;branch=1;Received=5.6.7.8;rport", phone,
	    "SIP/2.0/UDP p;rport=5070;branch=1;received=192.168.1.5");
	is_received("SIP/2.0/UDP p; ;branch=1;", phone,
	    "SIP/2.0/UDP p;branch=1;received=192.168.1.5");
	is_received("SIP/2.0/UDP p;xreceived=1;received-x=2", phone,
	    "SIP/2.0/UDP p;xreceived=1;received-x=2;received=192.168.1.5");
	is_received("SIP/2.0/UDP [2001:DB8:0::5]:5070;branch=1", phone6,
	    "SIP/2.0/UDP [2001:DB8:0::5]:5070;branch=1");
	is_received("SIP/2.0/UDP [2001:db8::6];rport", phone6,
	    "SIP/2.0/UDP [2001:db8::6];rport=5070;received=2001:db8::5");
	is_received("SIP / 2.0 / UDP\r\n p ;\r\n branch=1", phone,
	    "SIP / 2.0 / UDP\r\n p ;\r\n branch=1;received=192.168.1.5");
}

static void is_reply_to(const char *value, struct addr source, const char *want)
{
	char text[ADDR_TEXT_MAX];
	struct sip_via v;
	struct addr to;

	if (!ok(sip_via_parse(&v, str_of(value)) == 0, value))
		return;
	sip_via_reply_addr(&v, &source, &to);
	is_str(addr_format(&to, text), want, "... is answered there");
}

static void test_reply_addr(void)
{
	struct addr phone = A("192.168.1.5", 40000), phone6 = A("2001:db8::5", 40000);

	is_reply_to("SIP/2.0/UDP 192.168.1.5", phone, "192.168.1.5:5060");
	is_reply_to("SIP/2.0/UDP 192.168.1.5:5070", phone, "192.168.1.5:5070");
	is_reply_to("SIP/2.0/UDP 10.1.1.1:5070", phone, "192.168.1.5:5070");
	is_reply_to("SIP/2.0/UDP 10.1.1.1:5070;rport", phone, "192.168.1.5:40000");
	is_reply_to("SIP/2.0/UDP 10.1.1.1;received=1.2.3.4", phone, "192.168.1.5:5060");
	/* A stranger's maddr would make us send to whom it names. */
	is_reply_to("SIP/2.0/UDP 10.1.1.1;maddr=1.2.3.4", phone, "192.168.1.5:5060");
	is_reply_to("SIP/2.0/UDP [2001:db8::9]:5071", phone6, "[2001:db8::5]:5071");
	is_reply_to("SIP/2.0/UDP [2001:db8::9];rport", phone6, "[2001:db8::5]:40000");
}

int main(void)
{
	test_parse();
	test_refused();
	test_received();
	test_reply_addr();
	return tap_done();
}
