/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugins that change messages on their way. */
#include "plugins.h"

#define SDP      "Content-Type: application/sdp\n"
#define SDP_HEAD "v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\nt=0 0\r\n"

/* alice's INVITE with that, as it goes out. Good until the next message. */
static const struct core_sent *goes_out(struct core *c, const char *extra)
{
	core_wait(c, 200000);
	core_forget(c);
	alice_sends(c, "INVITE", "sip:carol@198.51.100.7", extra);
	core_expect(c, LAN, "SIP/2.0 100", "an INVITE");
	return core_expect(c, WAN, "INVITE", "... goes out");
}

static bool length_is_right(const struct core_sent *m)
{
	return strlen(core_body(m)) == strtoul(core_header(m, "Content-Length", 0), NULL, 10);
}

static void test_stripheader(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_stripheader.la\n"
	    "plugin_stripheader_remove = Allow\nplugin_stripheader_remove = User-Agent\n"
	    "plugin_stripheader_remove = Supported:100rel\n"
	    "plugin_stripheader_remove = X-Odd:Two, Three\nplugin_stripheader_remove = "
	    "Session-Expires\n"
	    "plugin_stripheader_remove = Record-Route\n");
	const struct core_sent *m;

	core_register(c, CORE_PHONE, "alice");
	m = goes_out(c,
	    "Allow: INVITE, ACK\nallow: BYE\nUser-Agent: p, q\nk: replaces\n"
	    "Supported: timer,100REL , path\nSupported: 100rel\nX-Odd: One, Two, Three\n"
	    "Allow-Events: talk\n\n");
	is_int(core_count(m, "Allow"), 0, "all lines of a header");
	is_int(core_count(m, "User-Agent"), 0, "... and another");
	is_str(core_header(m, "k", 0), "replaces", "what is not named stays");
	is_str(core_header(m, "Supported", 0), "timer,path", "one value of a line goes");
	is_int(core_count(m, "Supported"), 1, "... with its line where it was the only one");
	is_str(core_header(m, "X-Odd", 0), "One, Two, Three", "values are compared one by one");
	ok(core_has(m, "Allow-Events: talk"), "a longer name is another header");
	core_answer(c, m, "200 OK", "b",
	    "Contact: <sip:carol@198.51.100.7>\r\nAllow: INVITE\r\nServer: s\r\nRecord-Route: "
	    "<sip:198.51.100.8;lr>\r\n",
	    NULL);
	m = core_expect(c, LAN, "SIP/2.0 200", "the answer");
	is_int(core_count(m, "Allow"), 0, "... is stripped too");
	ok(core_has(m, "Server: s"), "... of these headers alone");
	is_int(core_count(m, "Record-Route"), 1, "a Record-Route of the provider goes");
	is_str(core_header(m, "Record-Route", 0), "<sip:192.168.1.1;lr>", "... and ours is there");
	core_forget(c);
	provider_sends(c, "INVITE", "sip:alice@203.0.113.1", "Allow: X\nMax-Forwards: 70\n\n");
	core_expect(c, WAN, "SIP/2.0 100", "a call comes");
	m = core_expect(c, LAN, "INVITE", "... to the phone");
	is_int(core_count(m, "Allow"), 0, "... stripped");
	ok(core_has(m, "Max-Forwards: 69"), "... but for what it needs");
	world_stop(&w);
}

static void test_stripheader_options(void)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *c = read_config("load_plugin = stripheader\n"
				       "plugin_stripheader_remove = Allow\n"
				       "plugin_stripheader_remove = v\n",
	    &msgs);

	ok(c && !c->plugin_faults && msgs.count == 1 && msgs.item[0].line == 3,
	    "what no message can miss is told, and the rest is done");
	config_free(c);
	config_messages_done(&msgs);
	complains("load_plugin = stripheader\nplugin_stripheader_remove = : x\n", 2, "no header",
	    "a value of nothing");
}

static void test_compact_names(void)
{
	struct world w;
	struct core *c =
	    world_start(&w, "load_plugin = stripheader\nplugin_stripheader_remove = Referred-By\n");
	const struct core_sent *m =
	    goes_out(c, "b: <sip:x@example.com>\nReferred-By: <sip:y@example.com>\n\n");

	ok(!core_has(m, "x@example.com") && !core_has(m, "y@example.com"), "a compact name too");
	world_stop(&w);
}

/* --- codecs ------------------------------------------------------------------------------- */

/* Which port it is, is not our matter here. */
static void blank_ports(char *sdp)
{
	for (char *p = sdp; (p = strstr(p, "m=")); p++)
		memcpy(strchr(p, ' ') + 1, "7070", 4);
}

/* What becomes of the media lines of a description. */
static void filtered(struct core *c, const char *media, const char *becomes, const char *what)
{
	char text[4000];
	const struct core_sent *m;

	snprintf(text, sizeof(text), SDP "\n" SDP_HEAD "%s", media);
	m = goes_out(c, text);
	blank_ports(strstr(m->text, "m="));
	is_str(strstr(core_body(m), "m="), becomes, what);
	ok(length_is_right(m), "... and its length");
}

static void test_codecfilter(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_codecfilter.la\nplugin_codecfilter_blacklist = G722\n"
	    "plugin_codecfilter_blacklist = g729\nplugin_codecfilter_blacklist = GSM\n"
	    "plugin_codecfilter_blacklist = vp8\n");

	filtered(c, "m=audio 4000 RTP/AVP 0 8\r\n", "m=audio 7070 RTP/AVP 0 8\r\n",
	    "none of these");
	filtered(c, "m=audio 4000 RTP/AVP 9 18 0 3\r\na=sendrecv\r\n",
	    "m=audio 7070 RTP/AVP 0\r\na=sendrecv\r\n", "static payload types without a name");
	filtered(c,
	    "m=audio 4000 RTP/AVP 96 0 97\r\na=rtpmap:96 G722.1/16000\r\n"
	    "a=fmtp:96 bitrate=32000\r\na=rtpmap:0 PCMU/8000\r\n"
	    "a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\na=ptime:20\r\n",
	    "m=audio 7070 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\n"
	    "a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\na=ptime:20\r\n",
	    "one with its attributes");
	filtered(c, "m=audio 4000 RTP/AVP 18 3\r\na=rtpmap:18 G729/8000\r\n",
	    "m=audio 7070 RTP/AVP 18 3\r\na=rtpmap:18 G729/8000\r\n",
	    "where nothing would be left all stays");
	filtered(c, "m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n",
	    "m=audio 7070 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n",
	    "... also where only tones would be");
	filtered(c,
	    "m=audio 4000 RTP/AVP 0\r\n"
	    "m=video 4002 RTP/AVP 96 97 98 99\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n"
	    "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:98 H264/90000\r\n"
	    "a=rtcp-fb:* nack\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n",
	    "m=audio 7070 RTP/AVP 0\r\n"
	    "m=video 7070 RTP/AVP 98 99\r\na=rtpmap:98 H264/90000\r\n"
	    "a=rtcp-fb:* nack\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n",
	    "video with its repetitions");
	filtered(c, "m=image 4000 udptl t38\r\na=T38FaxVersion:9\r\n",
	    "m=image 7070 udptl t38\r\na=T38FaxVersion:9\r\n", "what is no RTP stays");
	filtered(c, "m=audio 4000 RTP/AVP 999 0 x 18", "m=audio 7070 RTP/AVP 999 0 x",
	    "odd ones stay, and no line end is needed");
	world_stop(&w);
	complains("load_plugin = codecfilter\nplugin_codecfilter_blacklist = \"\"\n", 2,
	    "would fit all", "an empty entry");
}

/* The answer passes it too, in a part of a multipart body. */
static void test_codecfilter_answer(void)
{
	struct world w;
	struct core *c =
	    world_start(&w, "load_plugin = codecfilter\nplugin_codecfilter_blacklist = G729\n");
	const struct core_sent *m = goes_out(c, SDP "\n" SDP_HEAD "m=audio 4000 RTP/AVP 0 18\r\n");

	core_answer(c, m, "200 OK", "b",
	    "Contact: <sip:carol@198.51.100.7>\r\nContent-Type: multipart/mixed;boundary=x\r\n",
	    "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 198.51.100.7\r\n"
	    "s=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0 18\r\n\r\n--x--\r\n");
	m = core_expect(c, LAN, "SIP/2.0 200", "the answer");
	ok(core_has(m, "RTP/AVP 0\r\n"), "... is filtered");
	ok(length_is_right(m), "... and has the right length");
	world_stop(&w);
}

/* --- bodies ------------------------------------------------------------------------------- */

static void test_regex_body(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_regex_body\n"
	    "plugin_regex_body_desc = a\nplugin_regex_body_pattern = ^a=x-(old)$\n"
	    "plugin_regex_body_replace = a=x-new-and-longer-\\1\n"
	    "plugin_regex_body_desc = b\nplugin_regex_body_pattern = ^a=x-gone.*\n"
	    "plugin_regex_body_replace = \"\"\n"
	    "plugin_regex_body_desc = c\nplugin_regex_body_pattern = z\n"
	    "plugin_regex_body_replace = yy\n"
	    "plugin_regex_body_desc = d\nplugin_regex_body_pattern = (n)ew\n"
	    "plugin_regex_body_replace = \\1EW\n");
	const struct core_sent *m = goes_out(c,
	    SDP "\n" SDP_HEAD "m=audio 4000 RTP/AVP 0\r\na=x-old\r\na=x-gone 1\r\na=x-Zzz\n"
		"a=x-older\r\na=q:zzzzzzzzzzzz");

	is_str(strstr(core_body(m), "a=x"),
	    "a=x-nEW-and-longer-old\r\na=x-yyyyyy\na=x-older\r\na=q:yyyyyyyyyyyyyyyyyyyyzz",
	    "line by line, all rules, ten times each");
	ok(length_is_right(m), "... and the length follows");
	core_answer(c, m, "488 Not", "b", "Content-Type: text/plain\r\n", "no old zoo\r\n");
	core_expect(c, WAN, "ACK", "an answer");
	m = core_expect(c, LAN, "SIP/2.0 488", "... with another body");
	is_str(core_body(m), "no old yyoo\r\n", "... is changed too");
	ok(length_is_right(m), "... and the length follows");
	world_stop(&w);
	complains("load_plugin = regex_body\nplugin_regex_body_pattern = a\n"
		  "plugin_regex_body_desc = a\nplugin_regex_body_replace = \\3\n",
	    4, "parentheses", "a part that does not exist");
}

/* Where all of the body goes the message stays whole. */
static void test_regex_body_empty(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = regex_body\nplugin_regex_body_desc = a\n"
	    "plugin_regex_body_pattern = .*\nplugin_regex_body_replace = \"\"\n");
	const struct core_sent *m;

	alice_sends(c, "MESSAGE", "sip:carol@198.51.100.7",
	    "Content-Type: text/plain\n\nhello\r\n");
	m = core_expect(c, WAN, "MESSAGE", "a message");
	is_str(core_body(m), "", "... of which nothing is left");
	is_str(core_header(m, "Content-Length", 0), "0", "... and that is said");
	world_stop(&w);
}

/* --- Via ---------------------------------------------------------------------------------- */

static const struct core_sent *calls_with_via(struct core *c, const char *via)
{
	static unsigned n;

	core_wait(c, 200000);
	core_forget(c);
	core_receive(c, WAN, "198.51.100.7:5099",
	    "OPTIONS sip:alice@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKv%u\n"
	    "From: <sip:carol@example.net>;tag=v%u\nTo: <sip:alice@203.0.113.1>\nCall-ID: v%u\n"
	    "CSeq: 1 OPTIONS\nContact: <sip:carol@198.51.100.7>\n\n",
	    via, n, n, n);
	n++;
	core_answer(c, core_expect(c, LAN, "OPTIONS", via), "200 OK", "a", NULL, NULL);
	return core_expect(c, WAN, "SIP/2.0 200", "... is answered");
}

static void is_sent_to(const struct core_sent *m, const char *addr, const char *what)
{
	char to[ADDR_TEXT_MAX];

	is_str(addr_format(&m->to, to), addr, what);
}

static void test_fix_bogus_via(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_fix_bogus_via.so\n"
	    "plugin_fix_bogus_via_networks = 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16\n");
	const struct core_sent *m;

	core_register(c, CORE_PHONE, "alice");
	m = calls_with_via(c, "10.1.2.3:5060");
	is_sent_to(m, "198.51.100.7:5099", "... to where the request came from");
	ok(core_has(m, "Via: SIP/2.0/UDP 10.1.2.3:5060;branch="), "... with its own Via");
	m = calls_with_via(c, "10.1.2.3:5060;rport");
	is_sent_to(m, "198.51.100.7:5099", "one that asks for it itself");
	is_sent_to(calls_with_via(c, "198.51.100.7:5070"), "198.51.100.7:5070",
	    "a Via that is not on the list counts");
	world_stop(&w);
	complains("load_plugin = fix_bogus_via\n", 1, "is not set", "no networks");
}

/* An OPTIONS of alice's is answered with these Vias; OURS stands for ours. */
static void answers_with(struct core *c, const char *peer, const char *via)
{
	const struct core_sent *m;
	char vias[1000], *ours;

	core_wait(c, 200000);
	core_forget(c);
	alice_sends(c, "OPTIONS", "sip:carol@198.51.100.7", NULL);
	m = core_expect(c, WAN, "OPTIONS", via);
	snprintf(vias, sizeof(vias), "%s", via);
	ours = strstr(vias, "OURS");
	if (ours)
		snprintf(ours, sizeof(vias) - (size_t)(ours - vias), "%s",
		    core_header(m, "Via", 0));
	core_receive(c, WAN, peer,
	    "SIP/2.0 200 OK\nVia: %s\nFrom: %s\nTo: %s;tag=b\nCall-ID: %s\nCSeq: 1 OPTIONS\n\n",
	    vias, core_header(m, "From", 0), core_header(m, "To", 0), core_header(m, "Call-ID", 0));
}

static void test_fix_DTAG(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_fix_DTAG.la\n"
	    "plugin_fix_DTAG_networks = 198.51.100.7/32, 217.0.23.100\n");

	answers_with(c, CORE_PROVIDER, "SIP/2.0/UDP 217.0.23.100:5060;branch=z9hG4bKother");
	core_expect(c, LAN, "SIP/2.0 200", "a foreign Via becomes ours");
	answers_with(c, CORE_PROVIDER,
	    "SIP/2.0/UDP 217.0.23.100:5060;branch=z9hG4bKother\nVia: OURS");
	core_expect(c, LAN, "SIP/2.0 200", "one on top of ours goes");
	answers_with(c, CORE_PROVIDER, "OURS");
	core_expect(c, LAN, "SIP/2.0 200", "ours alone stays");
	answers_with(c, CORE_PROVIDER, "SIP/2.0/UDP 217.0.23.101:5060;branch=z9hG4bKother");
	core_expect_silence(c, "a Via that is not on the list");
	answers_with(c, CORE_STRANGER, "SIP/2.0/UDP 217.0.23.100:5060;branch=z9hG4bKother");
	core_expect_silence(c, "a sender that is not on it");
	core_receive(c, WAN, CORE_PROVIDER,
	    "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 217.0.23.100;branch=z9hG4bKx\n"
	    "From: <sip:a@b>;tag=1\nTo: <sip:a@b>;tag=2\nCall-ID: none\nCSeq: 1 OPTIONS\n\n");
	core_expect_silence(c, "an answer to nothing");
	world_stop(&w);
}

/* --- the Fritzbox ------------------------------------------------------------------------- */

static void box_registers(struct core *c, const char *user)
{
	static unsigned n;

	n++;
	core_receive(c, LAN, "192.168.1.30:5060",
	    "REGISTER sip:192.168.1.1 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.30;branch=z9hG4bKb%u\n"
	    "From: <sip:%s@192.168.1.1>;tag=b%u\nTo: <sip:%s@192.168.1.1>\nCall-ID: box-%u\n"
	    "CSeq: 1 REGISTER\nContact: <sip:%s@192.168.1.30;uniq=ABC%u>;expires=3600\n\n",
	    n, user, n, user, n, user, n);
	core_expect(c, LAN, "SIP/2.0 200", "the box registers");
}

/* What Contact leaves for the one that the box wrote. */
static void leaves_as(struct core *c, const char *peer, const char *contact, const char *becomes)
{
	static unsigned n;

	n++;
	core_wait(c, 40000);
	core_forget(c);
	core_receive(c, LAN, peer,
	    "SUBSCRIBE sip:carol@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKf%u\n"
	    "From: <sip:anonymous@anonymous.invalid>;tag=f%u\nTo: <sip:carol@198.51.100.7>\n"
	    "Call-ID: f%u\nCSeq: 1 SUBSCRIBE\nContact: %s\n\n",
	    peer, n, n, n, contact);
	is_str(core_header(core_expect(c, WAN, "SUBSCRIBE", contact), "Contact", 0), becomes,
	    "... leaves as");
}

static void test_fix_fbox_anoncall(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_fix_fbox_anoncall.la\n"
	    "plugin_fix_fbox_anoncall_networks = 192.168.1.30\n");
	const struct core_sent *m;

	box_registers(c, "100");
	box_registers(c, "200");
	leaves_as(c, "192.168.1.30:5060", "<sip:anonymous@192.168.1.30;uniq=ABC2>",
	    "<sip:200@203.0.113.1>");
	leaves_as(c, "192.168.1.30:5060", "<sip:192.168.1.30;uniq=ABC1>", "<sip:100@203.0.113.1>");
	leaves_as(c, "192.168.1.30:5060", "<sip:100@192.168.1.30;uniq=ABC2>",
	    "<sip:100@203.0.113.1>");
	leaves_as(c, "192.168.1.30:5060", "<sip:anonymous@192.168.1.30>",
	    "<sip:anonymous@203.0.113.1>");
	leaves_as(c, "192.168.1.31:5060", "<sip:anonymous@192.168.1.30;uniq=ABC2>",
	    "<sip:anonymous@203.0.113.1>");
	core_forget(c);
	provider_sends(c, "INVITE", "sip:200@203.0.113.1", NULL);
	core_expect(c, WAN, "SIP/2.0 100", "a call for the box");
	core_answer(c, core_expect(c, LAN, "INVITE", "... rings"), "180 Ringing", "b",
	    "Contact: <sip:anonymous@192.168.1.30>\r\n", NULL);
	m = core_expect(c, WAN, "SIP/2.0 180", "... and is answered");
	is_str(core_header(m, "Contact", 0), "<sip:200@203.0.113.1>", "... by the user of its To");
	world_stop(&w);
}

int main(void)
{
	test_stripheader();
	test_stripheader_options();
	test_compact_names();
	test_codecfilter();
	test_codecfilter_answer();
	test_regex_body();
	test_regex_body_empty();
	test_fix_bogus_via();
	test_fix_DTAG();
	test_fix_fbox_anoncall();
	return tap_done();
}
