/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call-IDs in disguise: each side's name leads back to the other's, and to nothing else; and whole
 * exchanges in which the WAN never sees the LAN's. */
#include "core.c"

#include "proxy/call_id.h"

static const uint8_t KEY[SIPHASH_KEY_LEN] = "0123456789abcde", OTHER[SIPHASH_KEY_LEN] = "other";

static void is_back(enum side side, const char *id)
{
	char *seen = call_id_seen_by(side, KEY, str_of(id)), *same, *back, *other;

	same = call_id_seen_by(side, KEY, str_of(id));
	back = call_id_seen_by(!side, KEY, str_of(seen));
	is_str(back, id, "there and back");
	is_str(same, seen, "always the same");
	ok(strcmp(seen, id) != 0, "in other words");
	other = call_id_seen_by(!side, OTHER, str_of(seen));
	ok(strcmp(other, id) != 0, "which another key cannot read");
	free(other);
	seen[strlen(seen) / 2] ^= 1;
	other = call_id_seen_by(!side, KEY, str_of(seen));
	ok(strcmp(other, id) != 0, "nor may they be changed");
	free(other);
	free(seen);
	free(same);
	free(back);
}

static void test_function(void)
{
	static char longest[CALL_ID_MAX + 2];
	char *seen;

	for (int side = LAN; side <= WAN; side++) {
		is_back(side, "x");
		is_back(side, "3c26700857a87f84@192.168.1.10");
		is_back(side, "s1-");
		is_back(side, "s1-AAAA");
		is_back(side, "w1-w1-s1-()<>:\\\"/[]?{}");
		memset(longest, 'x', CALL_ID_MAX);
		longest[CALL_ID_MAX] = '\0';
		is_back(side, longest);
		longest[CALL_ID_MAX] = 'x';
		seen = call_id_seen_by(side, KEY, str_of(longest));
		is_str(seen, longest, "too long: as it is");
		free(seen);
	}
	seen = call_id_escaped_seen_by(WAN, KEY, str_of("a%40192.168.1.10"));
	ok(seen && !strstr(seen, "192"), "escaped");
	free(seen);
}

#define LAN_ID "call@192.168.1.10"

static void phone(struct core *c, const char *method, const char *to_tag, unsigned cseq,
    const char *call_id, const char *extra)
{
	core_receive(c, LAN, CORE_PHONE,
	    "%s sip:b@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKid%u%s\n"
	    "From: <sip:a@198.51.100.7>;tag=at\nTo: <sip:b@198.51.100.7>%s%s\nCall-ID: %s\n"
	    "CSeq: %u %s\nContact: <sip:a@192.168.1.10>\n%s\n",
	    method, cseq, method, *to_tag ? ";tag=" : "", to_tag, call_id, cseq, method, extra);
}

static void far(struct core *c, const char *method, const char *from_tag, const char *to_tag,
    unsigned cseq, const char *call_id, const char *extra)
{
	core_receive(c, WAN, CORE_PROVIDER,
	    "%s sip:a@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKfar%u%s\n"
	    "From: <sip:b@198.51.100.7>;tag=%s\nTo: <sip:a@198.51.100.7>%s%s\nCall-ID: %s\n"
	    "CSeq: %u %s\nContact: <sip:b@198.51.100.20>\n%s\n",
	    method, cseq, method, from_tag, *to_tag ? ";tag=" : "", to_tag, call_id, cseq, method,
	    extra);
}

static void start(struct core *c)
{
	core_init(c);
	c->config.obscure_loops = true;
	core_start(c, false);
	core_register(c, CORE_PHONE, "a");
}

static void hang_up(struct call *call, void *arg)
{
	session_hang_up(arg, call, "the test says so");
}

static void finish_all(struct core *c)
{
	bool shown = false;

	for (size_t i = 0; i < c->n_sent; i++)
		shown |= c->sent[i].side == WAN && strstr(c->sent[i].text, "192.168.");
	ok(!shown, "the WAN has seen no address of the LAN, not even in a Call-ID");
	core_finish(c, 200000, "all is forgotten");
}

/* A call to the WAN; what its Call-ID is there. */
static void call_out(struct core *c, char wan_id[128])
{
	const struct core_sent *m;

	phone(c, "INVITE", "", 1, LAN_ID, "");
	m = core_expect(c, LAN, "SIP/2.0 100", "100");
	is_str(core_header(m, "Call-ID", 0), LAN_ID, "the phone's Call-ID");
	m = core_expect(c, WAN, "INVITE", "a call");
	snprintf(wan_id, 128, "%s", core_header(m, "Call-ID", 0));
	core_answer(c, m, "200 OK", "bt", "Contact: <sip:b@198.51.100.20>\n", NULL);
	m = core_expect(c, LAN, "SIP/2.0 200", "is answered");
	is_str(core_header(m, "Call-ID", 0), LAN_ID, "the phone's own");
	phone(c, "ACK", "bt", 1, LAN_ID, "");
	m = core_expect(c, WAN, "ACK", "ACK");
	is_str(core_header(m, "Call-ID", 0), wan_id, "the WAN's");
}

static void test_call_out(void)
{
	const struct core_sent *m;
	char wan_id[128];
	struct core c;

	start(&c);
	call_out(&c, wan_id);
	far(&c, "BYE", "bt", "at", 1, wan_id, "");
	m = core_expect(&c, LAN, "BYE sip:a@192.168.1.10 ", "the far end hangs up");
	is_str(core_header(m, "Call-ID", 0), LAN_ID, "the phone knows it");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	m = core_expect(&c, WAN, "SIP/2.0 200", "and agrees");
	is_str(core_header(m, "Call-ID", 0), wan_id, "in the WAN's words");
	finish_all(&c);
}

static void test_call_in(void)
{
	const struct core_sent *m;
	char lan_id[128];
	struct core c;

	start(&c);
	far(&c, "INVITE", "bt", "", 1, "in@10.1.1.1", "");
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	m = core_expect(&c, LAN, "INVITE", "a call comes in");
	snprintf(lan_id, sizeof(lan_id), "%s", core_header(m, "Call-ID", 0));
	core_answer(&c, m, "200 OK", "at", "Contact: <sip:a@192.168.1.10>\n", NULL);
	m = core_expect(&c, WAN, "SIP/2.0 200", "is answered");
	is_str(core_header(m, "Call-ID", 0), "in@10.1.1.1", "under the name that it came with");
	far(&c, "ACK", "bt", "at", 1, "in@10.1.1.1", "");
	m = core_expect(&c, LAN, "ACK", "ACK");
	is_str(core_header(m, "Call-ID", 0), lan_id, "and the one that the phone knows");
	phone(&c, "BYE", "bt", 7, lan_id, "");
	m = core_expect(&c, WAN, "BYE", "the phone hangs up");
	is_str(core_header(m, "Call-ID", 0), "in@10.1.1.1", "the same on the WAN");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "and that is the end");
	finish_all(&c);
}

/* Headers that name another call. */
static void test_references(void)
{
	const struct core_sent *m;
	char wan_id[128], want[600];
	struct core c;

	start(&c);
	call_out(&c, wan_id);
	phone(&c, "INVITE", "", 3, "second@192.168.1.10",
	    "Replaces: " LAN_ID " ;to-tag=bt;from-tag=at\nTarget-Dialog: " LAN_ID
	    ";local-tag=x\nJoin: " LAN_ID ";to-tag=1\nIn-Reply-To: " LAN_ID ", " LAN_ID "\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "another call, that names the first");
	snprintf(want, sizeof(want), "%s ;to-tag=bt;from-tag=at", wan_id);
	is_str(core_header(m, "Replaces", 0), want, "Replaces");
	snprintf(want, sizeof(want), "%s;to-tag=1", wan_id);
	is_str(core_header(m, "Join", 0), want, "Join");
	snprintf(want, sizeof(want), "%s;local-tag=x", wan_id);
	is_str(core_header(m, "Target-Dialog", 0), want, "Target-Dialog");
	snprintf(want, sizeof(want), "%s, %s", wan_id, wan_id);
	is_str(core_header(m, "In-Reply-To", 0), want, "In-Reply-To");

	phone(&c, "REFER", "", 4, "third@192.168.1.10",
	    "Refer-To: "
	    "<sip:b@198.51.100.7?Subject=x&replaces=call%40192.168.1.10%3Bto-tag%3Dbt&y=z>\n");
	m = core_expect(&c, WAN, "REFER", "a transfer");
	snprintf(want, sizeof(want),
	    "<sip:b@198.51.100.7?Subject=x&replaces=%s%%3Bto-tag%%3Dbt&y=z>", wan_id);
	is_str(core_header(m, "Refer-To", 0), want, "Refer-To");

	snprintf(want, sizeof(want),
	    "Refer-To: <sip:b@198.51.100.7?Replaces=%s%%3Bto-tag%%3Dat>\n"
	    "Replaces: %s;to-tag=at\n",
	    wan_id, wan_id);
	far(&c, "REFER", "zt", "", 5, "far-refer", want);
	m = core_expect(&c, LAN, "REFER", "and one from the WAN");
	is_str(core_header(m, "Refer-To", 0),
	    "<sip:b@198.51.100.7?Replaces=call%40192.168.1.10%3Bto-tag%3Dat>", "back again");
	is_str(core_header(m, "Replaces", 0), LAN_ID ";to-tag=at", "in Replaces, too");
	calls_each(c.sd.calls, hang_up, &c.sd);
	finish_all(&c);
}

/* We hang up, in everybody's own words. */
static void test_hang_up(void)
{
	const struct core_sent *m;
	char wan_id[128];
	struct core c;

	start(&c);
	call_out(&c, wan_id);
	calls_each(c.sd.calls, hang_up, &c.sd);
	m = core_expect(&c, LAN, "BYE", "to the phone");
	is_str(core_header(m, "Call-ID", 0), LAN_ID, "under its Call-ID");
	m = core_expect(&c, WAN, "BYE", "to the far end");
	is_str(core_header(m, "Call-ID", 0), wan_id, "under the WAN's");
	finish_all(&c);
}

int main(void)
{
	test_function();
	test_call_out();
	test_call_in();
	test_references();
	test_hang_up();
	return tap_done();
}
