/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What need not change does not change: messages full of oddities come out as they went in, byte
 * for byte, but for what we had to edit. */
#include "core.c"

/* Headers that nobody would write so, and everybody may. */
#define ODD_HEADERS                                                                                \
	"sUBJECT :\t  caf\xc3\xa9 \xe2\x98\x95 \r\n\t folded ,  twice\r\n  over  \r\n"             \
	"X-Unheard-Of:;;,,\"\\\";\";<>\r\n"                                                        \
	"x-unheard-of:\r\n"                                                                        \
	"k: 100rel ,  , replaces,a;b=c\r\n"                                                        \
	"Supported:path\r\n"                                                                       \
	"aLLOW: iNVITE,ACK\r\n"                                                                    \
	"Require: \r\n"                                                                            \
	"Date: no date at all\r\n"                                                                 \
	"e:  gzip\r\n"                                                                             \
	"P-Asserted-Identity: \"Q, \\\"x\" <SIP:a%00b;x=%2f@EXAMPLE.org;Y>;z=%00,<tel:+49-30>\r\n" \
	"r: <sip:c%41@example.net;method=INVITE?Replaces=1%4010.9.9.9%3Bto-tag%3Dx>\r\n"           \
	"Authorization: Digest username=\"b\" ,\r\n realm=\"r\\\"\",NONCE=\"\"\r\n"                \
	"C: multipart/mixed ; boundary=\"b b\"\r\n"                                                \
	"l :   @LENGTH@\t\r\n"                                                                     \
	"Unknown-At-End: \x7f\x01\t!\r\n"

#define ODD_BODY                                                                           \
	"a preamble that nobody reads\r\n--b b\r\n\r\nplain\n\rtext\r\n--b b \r\nX: y\r\n" \
	"Content-Type: image/x\r\n\r\n\xff\xfe\xc0\r\n--b b--\r\nan epilogue without an end"

#define MIDDLE(from, to)                                                                     \
	"f:\"A \\\" B\"<sip:" from ";p=%00>;x ; TAG=T1;y=\"z\"\r\nt : sip:" to ";nobody\r\n" \
	"i:  verb@tim.<>:\\/\"[]?{}\r\ncsEQ:  007  oDD-Method.1\r\n"

static void receive_text(struct core *c, enum side side, const char *peer, const char *text)
{
	struct addr a;

	parse_peer(peer, &a);
	deliver(c, side, &a, 0, text, strlen(text));
}

/* `in` comes from that side; `out` leaves to the other, with our Via where it says @VIA@. */
static const struct core_sent *passes(struct core *c, enum side from, const char *in,
    const char *out, const char *what)
{
	static char text[8192], want[8192];
	const struct core_sent *m;
	char length[16], via[256];

	snprintf(length, sizeof(length), "%zu", strlen(ODD_BODY));
	snprintf(text, sizeof(text), "%s", in);
	snprintf(want, sizeof(want), "%s", out);
	core_put(text, sizeof(text), "@LENGTH@", length);
	core_put(want, sizeof(want), "@LENGTH@", length);
	receive_text(c, from, from == LAN ? CORE_PHONE : CORE_PROVIDER, text);
	m = core_expect(c, !from, "", what);
	snprintf(via, sizeof(via), "Via: %s\r\n", core_header(m, "Via", 0));
	core_put(want, sizeof(want), "@VIA@", via);
	is_str(m->text, want, "... byte for byte");
	return m;
}

static void test_out(void)
{
	const struct core_sent *m;
	struct core c;
	char response[8192];

	core_init(&c);
	core_start(&c, false);
	m = passes(&c, LAN,
	    "oDD-Method.1 sip:b%00b;u=%C3%A4&=+$,?/@EXAMPLE.com:5061;X;y=%00;method=x sip/2.0\r\n"
	    "mAX-fORWARDS :  0070 \r\n"
	    "v:  SIP  /\r\n 2.0/UDP 192.168.1.10:5060  ;branch=z9hG4bKOdd;X=\"y\"\r\n"
	    "ROUTE:\t<sip:198.51.100.7;LR;a=%00> ,\r\n <sip:other.example;lr>\r\n" MIDDLE(
		"a@Example.ORG", "b@x.example:5099") ODD_HEADERS "\r\n" ODD_BODY,
	    "oDD-Method.1 sip:b%00b;u=%C3%A4&=+$,?/@EXAMPLE.com:5061;X;y=%00;method=x sip/2.0\r\n"
	    "mAX-fORWARDS :  69 \r\n"
	    "@VIA@"
	    "ROUTE:\t<sip:198.51.100.7;LR;a=%00> ,\r\n <sip:other.example;lr>\r\n" MIDDLE(
		"a@Example.ORG", "b@x.example:5099") ODD_HEADERS "\r\n" ODD_BODY,
	    "a request leaves");
	snprintf(response, sizeof(response),
	    "sip/2.0 299 \xc3\xa4 = 2**3 %%00\r\nWarning : 399 x \"y\"\r\nv:%s\r\n"
	    "i:  verb@tim.<>:\\/\"[]?{}\r\n"
	    "f:\"A \\\" B\"<sip:a@Example.ORG;p=%%00>;x ; TAG=T1;y=\"z\"\r\n"
	    "t : sip:b@x.example:5099;nobody;tag=Q\r\ncsEQ:  007  oDD-Method.1\r\n"
	    "m : \"x\"<sip:%%00@198.51.100.20>\r\nl:3\r\n\r\n\n\r\x01",
	    core_header(m, "Via", 0));
	receive_text(&c, WAN, CORE_PROVIDER, response);
	m = core_expect(&c, LAN, "", "its answer comes back");
	is_str(m->text,
	    "sip/2.0 299 \xc3\xa4 = 2**3 %00\r\nWarning : 399 x \"y\"\r\n"
	    "Via: SIP  /\r\n 2.0/UDP 192.168.1.10:5060  ;branch=z9hG4bKOdd;X=\"y\"\r\n"
	    "i:  verb@tim.<>:\\/\"[]?{}\r\n"
	    "f:\"A \\\" B\"<sip:a@Example.ORG;p=%00>;x ; TAG=T1;y=\"z\"\r\n"
	    "t : sip:b@x.example:5099;nobody;tag=Q\r\ncsEQ:  007  oDD-Method.1\r\n"
	    "m : \"x\"<sip:%00@198.51.100.20>\r\nl:3\r\n\r\n\n\r\x01",
	    "... byte for byte, with the phone's own Via");
	core_finish(&c, 200000, "all is forgotten");
}

static void test_in(void)
{
	struct core c;

	core_init(&c);
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "bob");
	passes(&c, WAN,
	    "oDD-Method.1 sip:bob@203.0.113.1;strange=%00 SIP/2.0\r\n"
	    "mAX-fORWARDS :  0070 \r\n"
	    "v:  SIP/2.0/UDP 198.51.100.7 ;branch=z9hG4bKOdd2, SIP / 2.0/ TLS h\r\n ;b\r\n" MIDDLE(
		"a@Example.ORG", "bob@x.example") ODD_HEADERS
	    "m:<http://x/?y>, <sip:%00@h>;q=.3\r\n"
	    "\r\n" ODD_BODY,
	    "oDD-Method.1 sip:bob@192.168.1.10:5060 SIP/2.0\r\n"
	    "mAX-fORWARDS :  69 \r\n"
	    "@VIA@"
	    "v:  SIP/2.0/UDP 198.51.100.7 ;branch=z9hG4bKOdd2, SIP / 2.0/ TLS h\r\n ;b\r\n" MIDDLE(
		"a@Example.ORG", "bob@x.example") ODD_HEADERS
	    "m:<http://x/?y>, <sip:%00@h>;q=.3\r\n"
	    "\r\n" ODD_BODY,
	    "a request comes in");
	core_finish(&c, 200000, "all is forgotten");
}

/* A description: only the addresses and the port, and no line end that was not there. */
static void test_description(void)
{
	static const char before[] =
	    "v=0\r\no=\xc3\xa4 1 1 IN IP4 192.168.1.10\r\ns= \xe2\x98\x95 \r\n"
	    "c=IN IP4 192.168.1.10\r\nt=0 0\r\na=X-odd: ;;  \r\nm=audio 40000 RTP/AVP 0 8 101\r\n"
	    "a=rtpmap:0  PCMU/8000\r\ny=unknown\r\na=fmtp:101 0-15";
	static const char after[] =
	    "v=0\r\no=\xc3\xa4 1 1 IN IP4 203.0.113.1\r\ns= \xe2\x98\x95 \r\n"
	    "c=IN IP4 203.0.113.1\r\nt=0 0\r\na=X-odd: ;;  \r\nm=audio 7070 RTP/AVP 0 8 101\r\n"
	    "a=rtpmap:0  PCMU/8000\r\ny=unknown\r\na=fmtp:101 0-15";
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	core_receive(&c, LAN, CORE_PHONE,
	    "INVITE sip:bob@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKd\n"
	    "From: <sip:a@198.51.100.7>;tag=a\nTo: <sip:bob@198.51.100.7>\nCall-ID: d\n"
	    "CSeq: 1 INVITE\nContact: <sip:a@192.168.1.10>\nContent-Type: application/sdp\n\n%s",
	    before);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "a description leaves");
	is_str(core_body(m), after, "... with our address and port, and nothing else");
	is_int(atoi(core_header(m, "Content-Length", 0)), (long long)strlen(after),
	    "... and its length");
	core_finish(&c, 200000, "all is forgotten");
}

int main(void)
{
	test_out();
	test_in();
	test_description();
	return tap_done();
}
