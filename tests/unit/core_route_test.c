/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where requests go by their Route, their Request-URI and what they do not say (RFC 3261 16.4 to
 * 16.6). */
#include "core.c"

static unsigned n_sent;

/* A request without a dialog; branch and Call-ID are fresh each time. */
static void from(struct core *c, enum side side, const char *peer, const char *method,
    const char *uri, const char *extra)
{
	n_sent++;
	core_receive(c, side, peer,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKroute%u\nMax-Forwards: 70\n"
	    "From: <sip:x@198.51.100.7>;tag=x%u\nTo: <sip:y@198.51.100.7>\n"
	    "Call-ID: route-%u\nCSeq: 1 %s\nContact: <sip:x@%s>\n%s\n",
	    method, uri, peer, n_sent, n_sent, n_sent, method, peer, extra);
}

static bool went_to(const struct core_sent *m, const char *ip_port)
{
	char text[ADDR_TEXT_MAX];

	return strcmp(addr_format(&m->to, text), ip_port) == 0;
}

#define US   "<sip:192.168.1.1;lr>"
#define US_2 "<sip:203.0.113.1;lr>"
#define FAR  "<sip:198.51.100.9;lr>"
#define FAR2 "<sip:198.51.100.8;lr;x=y>"

static const struct {
	const char *what, *uri, *route;
	const char *want_uri, *want_route, *want_to;
} ways[] = {
    {"no Route", "sip:b@198.51.100.7", "", "sip:b@198.51.100.7", "", "198.51.100.7:5060"},
    {"preloaded, ours", "sip:b@198.51.100.7", US, "sip:b@198.51.100.7", "", "198.51.100.7:5060"},
    {"both of ours", "sip:b@198.51.100.7", US "," US_2, "sip:b@198.51.100.7", "",
	"198.51.100.7:5060"},
    {"ours, then others", "sip:b@198.51.100.7", US ", " FAR, "sip:b@198.51.100.7", FAR,
	"198.51.100.9:5060"},
    {"ours among others", "sip:b@198.51.100.7", FAR "," US_2 "," FAR2, "sip:b@198.51.100.7",
	FAR "," US_2 "," FAR2, "198.51.100.9:5060"},
    {"a port", "sip:b@198.51.100.7", "<sip:198.51.100.9:5070;lr>", "sip:b@198.51.100.7",
	"<sip:198.51.100.9:5070;lr>", "198.51.100.9:5070"},
    {"a strict next hop", "sip:b@198.51.100.7;x=1", US ",<sip:p@198.51.100.9;y=2>," FAR2,
	"sip:p@198.51.100.9;y=2", FAR2 ", <sip:b@198.51.100.7;x=1>", "198.51.100.9:5060"},
    {"a strict next hop alone", "sip:b@198.51.100.7", "<sip:198.51.100.9>", "sip:198.51.100.9",
	"<sip:b@198.51.100.7>", "198.51.100.9:5060"},
    {"a strict sender", "sip:192.168.1.1;lr", FAR "," FAR2 ",<sip:b@198.51.100.7;z=1>",
	"sip:b@198.51.100.7;z=1", FAR ", " FAR2, "198.51.100.9:5060"},
    {"a strict sender, and no more Route", "sip:192.168.1.1;lr", "<sip:b@198.51.100.7>",
	"sip:b@198.51.100.7", "", "198.51.100.7:5060"},
    {"a strict sender, with ours left", "sip:192.168.1.1;lr", US_2 ",<sip:b@198.51.100.7>",
	"sip:b@198.51.100.7", "", "198.51.100.7:5060"},
    {"a strict sender and next hop", "sip:192.168.1.1;lr",
	"<sip:198.51.100.9>,<sip:b@198.51.100.7>", "sip:198.51.100.9", "<sip:b@198.51.100.7>",
	"198.51.100.9:5060"},
    {"maddr", "sip:b@example.org;maddr=198.51.100.5", "", "sip:b@example.org;maddr=198.51.100.5",
	"", "198.51.100.5:5060"},
    {"maddr in a Route", "sip:b@198.51.100.7", "<sip:example.org;maddr=198.51.100.5;lr>",
	"sip:b@198.51.100.7", "<sip:example.org;maddr=198.51.100.5;lr>", "198.51.100.5:5060"},
    {"our maddr", "sip:b@198.51.100.7:5060;x=1;maddr=192.168.1.1;transport=udp;y=2", "",
	"sip:b@198.51.100.7;x=1;y=2", "", "198.51.100.7:5060"},
    {"tel: by a Route", "tel:+4930123", US "," FAR, "tel:+4930123", FAR, "198.51.100.9:5060"},
    {"tel: by the sender's domain", "tel:+4930123", US, "tel:+4930123", "", "198.51.100.7:5060"},
    {"an emergency", "urn:service:sos", "", "urn:service:sos", "", "198.51.100.7:5060"},
};

static void test_ways(void)
{
	struct core c;

	core_init(&c);
	core_start(&c, false);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		const struct core_sent *m;
		char extra[256];

		snprintf(extra, sizeof(extra), *ways[i].route ? "Route: %s\n" : "%s",
		    ways[i].route);
		from(&c, LAN, CORE_PHONE, "MESSAGE", ways[i].uri, extra);
		m = core_expect(&c, WAN, "MESSAGE ", ways[i].what);
		is_str(core_uri(m), ways[i].want_uri, "... the Request-URI");
		is_str(core_header(m, "Route", 0), ways[i].want_route, "... the Route");
		is_int(core_count(m, "Route"), *ways[i].want_route != '\0', "... on one line");
		ok(went_to(m, ways[i].want_to), "... the next hop");
	}
	core_finish(&c, 200000, "all is forgotten");
}

/* Both phones are ours, however the request found us. */
static void test_to_a_phone(void)
{
	static const struct {
		const char *uri, *route;
	} cases[] = {
	    {"sip:bob@192.168.1.1", US},
	    {"sip:192.168.1.1;lr", "<sip:bob@192.168.1.1>"},
	    {"sip:bob@203.0.113.1;maddr=192.168.1.1", ""},
	};
	struct core c;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE_2, "bob");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct core_sent *m;
		char extra[256];

		snprintf(extra, sizeof(extra), *cases[i].route ? "Route: %s\n" : "%s",
		    cases[i].route);
		from(&c, LAN, CORE_PHONE, "MESSAGE", cases[i].uri, extra);
		m = core_expect(&c, LAN, "MESSAGE sip:bob@192.168.1.11:5060 ", cases[i].uri);
		is_int(core_count(m, "Route"), 0, "without a Route");
	}
	core_finish(&c, 200000, "all is forgotten");
}

/* The WAN has no say in the way behind us. */
static void test_foreign_route(void)
{
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	from(&c, WAN, CORE_STRANGER, "MESSAGE", "sip:bob@203.0.113.1",
	    "Route: <sip:192.168.1.99;lr>, " FAR "\n");
	m = core_expect(&c, LAN, "MESSAGE sip:bob@192.168.1.10", "to the phone");
	is_int(core_count(m, "Route"), 0, "and nobody else");
	from(&c, WAN, CORE_STRANGER, "MESSAGE", "sip:203.0.113.1;lr",
	    "Route: <sip:bob@198.51.100.9>\n");
	core_expect(&c, WAN, "SIP/2.0 404", "no strict router on the WAN makes us its relay");
	core_finish(&c, 200000, "all is forgotten");
}

/* Neither a Route nor a proxy: numbers go to the provider of the phone's account. */
static void test_home(void)
{
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	core_receive(&c, LAN, CORE_PHONE,
	    "REGISTER sip:198.51.100.40 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKh1\n"
	    "From: <sip:pbx@198.51.100.40>;tag=r\nTo: <sip:pbx@198.51.100.40>\nCall-ID: home\n"
	    "CSeq: 1 REGISTER\nContact: <sip:pbx@192.168.1.10>\n\n");
	m = core_expect(&c, WAN, "REGISTER", "a PBX registers");
	core_answer(&c, m, "200 OK", "t", "Contact: <sip:pbx@203.0.113.1>;expires=3600\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	core_receive(&c, LAN, CORE_PHONE,
	    "INVITE tel:112 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKh2\n"
	    "From: <sip:pbx@192.168.1.10>;tag=r\nTo: <tel:112>\nCall-ID: home2\nCSeq: 1 INVITE\n"
	    "Contact: <sip:pbx@192.168.1.10>\n\n");
	core_expect(&c, LAN, "SIP/2.0 100", "it calls a number, in its own name");
	m = core_expect(&c, WAN, "INVITE tel:112 ", "the number leaves as it is");
	ok(went_to(m, "198.51.100.40:5060"), "to its registrar");
	core_receive(&c, LAN, CORE_PHONE_2,
	    "INVITE tel:112 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.11;branch=z9hG4bKh3\n"
	    "From: <sip:x@192.168.1.11>;tag=r\nTo: <tel:112>\nCall-ID: home3\nCSeq: 1 INVITE\n"
	    "Contact: <sip:x@192.168.1.11>\n\n");
	core_expect(&c, LAN, "SIP/2.0 416", "a phone without any provider");
	core_finish(&c, 200000, "all is forgotten");
}

static void test_schemes(void)
{
	static const char *const uris[] = {"sips:b@198.51.100.7", "http://198.51.100.7/",
	    "nobodyKnowsThisScheme:totallyopaquecontent", "SIPS:b@192.168.1.1"};
	struct core c;

	core_init(&c);
	core_start(&c, false);
	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		from(&c, LAN, CORE_PHONE, "MESSAGE", uris[i], "Max-Forwards: 0\nRoute: " FAR "\n");
		core_forget(&c);
		from(&c, LAN, CORE_PHONE, "MESSAGE", uris[i], "Route: " FAR "\n");
		core_expect(&c, LAN, "SIP/2.0 416", uris[i]);
		from(&c, WAN, "192.0.2.1:5060", "MESSAGE", uris[i], "");
		core_expect(&c, WAN, "SIP/2.0 416", "from the WAN too");
	}
	core_finish(&c, 200000, "all is forgotten");
}

int main(void)
{
	test_ways();
	test_to_a_phone();
	test_foreign_route();
	test_home();
	test_schemes();
	return tap_done();
}
