/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bindings that nobody else may touch, subscriptions, and tables that nobody fills for all. */
#include "core.c"

#define SDP "Content-Type: application/sdp\n"
#define NEAR                                                                              \
	"v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\nt=0 0\r\n" \
	"m=audio 40000 RTP/AVP 0\r\n"
#define FAR                                                                                 \
	"v=0\r\no=- 7 7 IN IP4 198.51.100.20\r\ns=-\r\nc=IN IP4 198.51.100.20\r\nt=0 0\r\n" \
	"m=audio 50000 RTP/AVP 0\r\n"

static unsigned next_branch;

static void request(struct core *c, enum side side, const char *peer, const char *method,
    const char *uri, const char *from, const char *to, const char *call_id, unsigned cseq,
    const char *extra, const char *body)
{
	core_receive(c, side, peer,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr%u\nMax-Forwards: 68\n"
	    "From: <sip:alice@198.51.100.7>;tag=%s\nTo: <sip:alice@198.51.100.7>%s%s\n"
	    "Call-ID: %s\nCSeq: %u %s\nContact: <sip:x@%s>\n%s\n%s",
	    method, uri, peer, next_branch++, from, *to ? ";tag=" : "", to, call_id, cseq, method,
	    side == WAN ? "198.51.100.20" : peer, extra, body);
}

static void start(struct core *c)
{
	core_init(c);
	if (core_start(c, false) != 0)
		abort();
}

/* --- bindings ----------------------------------------------------------------------------- */

static void send_register(struct core *c, const char *peer, const char *registrar, const char *to,
    const char *call_id, const char *contact)
{
	core_receive(c, LAN, peer,
	    "REGISTER %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKg%u\n"
	    "From: <%s>;tag=r\nTo: <%s>\nCall-ID: %s\nCSeq: %u REGISTER\nContact: %s\n"
	    "Expires: 600\n\n",
	    registrar, peer, next_branch, to, to, call_id, next_branch + 1, contact);
	next_branch++;
}

/* What the registrar sees of a REGISTER that it grants. */
static struct core_sent granted(struct core *c, const char *contact, const char *what)
{
	const struct core_sent *m = core_expect(c, WAN, "REGISTER", what);
	struct core_sent copy = core_keep(m);
	char extra[256];

	snprintf(extra, sizeof(extra), "Contact: %s\n", contact);
	core_answer(c, m, "200 OK", "reg", *contact ? extra : "", NULL);
	core_expect(c, LAN, "SIP/2.0 200", "granted");
	return copy;
}

static size_t targets(struct core *c, const char *user)
{
	struct binding *found[8];
	bool lately;

	return location_find(c->sd.location, str_of(user), core_unix_time, found, 8, &lately);
}

#define ALICE    "sip:alice@198.51.100.7"
#define PROVIDER "sip:198.51.100.7"

static void test_foreign_registrars(void)
{
	struct core c;
	struct core_sent m;
	const struct binding *b;
	char peer[ADDR_TEXT_MAX];

	start(&c);
	send_register(&c, CORE_PHONE, PROVIDER, ALICE, "mine", "<sip:alice@192.168.1.10>");
	m = granted(&c, "<sip:alice@203.0.113.1>;expires=600", "alice registers");
	free(m.text);
	send_register(&c, CORE_PHONE_2, "sip:192.168.1.1", ALICE, "theirs",
	    "<sip:bob@192.168.1.11>");
	core_expect(&c, LAN, "SIP/2.0 403", "our own registrar has nothing to say of that domain");
	send_register(&c, CORE_PHONE_2, "sip:192.168.1.1", ALICE, "theirs", "*");
	core_expect(&c, LAN, "SIP/2.0 403", "nor to take away");
	is_int((long long)targets(&c, "alice"), 1, "alice alone rings");

	/* a registrar of the attacker's own */
	send_register(&c, CORE_PHONE_2, "sip:192.0.2.66", ALICE, "theirs",
	    "<sip:bob@192.168.1.11>");
	m = granted(&c, "<sip:bob@203.0.113.1>;expires=600", "another registrar says yes to all");
	free(m.text);
	is_int((long long)targets(&c, "alice"), 1, "it speaks for its own account");
	send_register(&c, CORE_PHONE_2, "sip:192.0.2.66", ALICE, "mine",
	    "<sip:alice@192.168.1.10>");
	m = granted(&c, "<sip:alice@203.0.113.1>;expires=600", "with alice's contact and Call-ID");
	free(m.text);
	b = location_by_name(c.sd.location, str_of("alice"));
	is_str(b ? addr_format_ip(&b->peer, peer) : "", "192.168.1.10", "alice's phone stays hers");
	send_register(&c, CORE_PHONE_2, "sip:192.0.2.66", ALICE, "theirs", "*;expires=0");
	core_forget(&c);
	core_receive(&c, LAN, CORE_PHONE_2,
	    "REGISTER sip:192.0.2.66 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.11;branch=z9hG4bKstar\n"
	    "From: <" ALICE ">;tag=r\nTo: <" ALICE ">\nCall-ID: theirs\nCSeq: 99 REGISTER\n"
	    "Contact: *\nExpires: 0\n\n");
	m = granted(&c, "", "and Contact: *");
	free(m.text);
	is_int((long long)targets(&c, "alice"), 1, "does not take hers away");
	core_finish(&c, 700000, "all is forgotten");
}

static void test_two_contacts(void)
{
	static const char *const contacts[] = {
	    "<sip:alice@192.168.1.10:5062>;expires=0, <sip:alice@192.168.1.10:5060>;expires=600",
	    "<sip:alice@192.168.1.10:5062>, <sip:alice@192.168.1.10:5060>;expires=0",
	};

	for (int i = 0; i < 2; i++) {
		struct core c;
		struct core_sent m;
		char reply[256];

		start(&c);
		send_register(&c, CORE_PHONE, PROVIDER, ALICE, "1",
		    i ? "<sip:alice@192.168.1.10:5060>" : "<sip:alice@192.168.1.10:5062>");
		m = granted(&c, "<sip:alice@203.0.113.1>;expires=600", "a phone");
		free(m.text);
		send_register(&c, CORE_PHONE, PROVIDER, ALICE, "1", contacts[i]);
		m = core_keep(core_expect(&c, WAN, "REGISTER", "moves to another port"));
		snprintf(reply, sizeof(reply), "%s", core_header(&m, "Contact", 0));
		printf("# %s\n", reply);
		ok(strchr(reply, ',') && strncmp(reply, strchr(reply, ',') + 2, 24) != 0,
		    "the registrar sees two contacts");
		/* it lists the one that stays */
		snprintf(reply, sizeof(reply), "Contact: %.*s;expires=600\n",
		    i ? (int)strcspn(core_header(&m, "Contact", 0), ">") + 1 : 200,
		    i ? core_header(&m, "Contact", 0)
		      : strchr(core_header(&m, "Contact", 0), ',') + 2);
		if (!i)
			strcpy(strchr(reply, '>'), ">;expires=600\n");
		core_answer(&c, &m, "200 OK", "reg", reply, NULL);
		core_expect(&c, LAN, "SIP/2.0 200", "granted");
		is_int((long long)targets(&c, "alice"), 1, "the new one is reached");
		free(m.text);
		core_wait(&c, 700000);
		core_stop(&c);
	}
}

/* --- subscriptions ------------------------------------------------------------------------ */

static void notify(struct core *c, const char *from, unsigned cseq)
{
	request(c, WAN, CORE_PROVIDER, "NOTIFY", "sip:alice@203.0.113.1", from, "st", "sub", cseq,
	    "Event: dialog\nSubscription-State: active\n", "");
}

static struct core_sent subscribe(struct core *c, const char *expires)
{
	request(c, LAN, CORE_PHONE, "SUBSCRIBE", "sip:alice@198.51.100.7", "st", "", "sub", 1,
	    expires, "");
	return core_keep(core_expect(c, WAN, "SUBSCRIBE", "a subscription"));
}

/* RFC 6665 4.1.2.4 */
static void test_notify_first(void)
{
	struct core c;
	struct core_sent sub;
	const struct core_sent *m;

	start(&c);
	notify(&c, "far", 1);
	core_expect(&c, WAN, "SIP/2.0 481", "a NOTIFY of nothing");
	sub = subscribe(&c, "Expires: 600\n");
	notify(&c, "far", 1);
	m = core_expect(&c, LAN, "NOTIFY sip:x@192.168.1.10",
	    "one before the 2xx reaches the phone");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, WAN, "SIP/2.0 200", "and is answered");
	core_answer(&c, &sub, "200 OK", "far", "Contact: <sip:x@198.51.100.20>\nExpires: 600\n",
	    NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "then the 2xx");
	is_int((long long)dialogs_count(c.sd.dialogs), 1, "one dialog");
	notify(&c, "far", 2);
	m = core_expect(&c, LAN, "NOTIFY", "it goes on");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_wait(&c, 300000);
	core_forget(&c);
	notify(&c, "far", 3);
	m = core_expect(&c, LAN, "NOTIFY", "for as long as was granted");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	free(sub.text);
	core_finish(&c, 400000, "and no longer");

	start(&c);
	sub = subscribe(&c, "Expires: 600\n");
	for (unsigned i = 0; i < 100; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "f%u", i);
		notify(&c, tag, 1);
	}
	is_int((long long)dialogs_count(c.sd.dialogs), 16,
	    "forks without end do not fill the table");
	free(sub.text);
	core_finish(&c, 700000, "all is forgotten");

	/* not for anybody's subscription: this one came from the WAN */
	start(&c);
	core_register(&c, CORE_PHONE, "alice");
	request(&c, WAN, CORE_PROVIDER, "SUBSCRIBE", "sip:alice@203.0.113.1", "st", "", "sub", 1,
	    "", "");
	core_expect(&c, LAN, "SUBSCRIBE", "a subscription of the WAN");
	notify(&c, "far", 1);
	core_expect(&c, WAN, "SIP/2.0 481", "lets no NOTIFY in");
	core_finish(&c, 200000, "all is forgotten");
}

/* How long a dialog stays: seconds, with 64 of grace. */
static void test_how_long(void)
{
	static const struct {
		const char *asked, *granted;
		unsigned s;
	} cases[] = {
	    {"Expires: 7200\n", "Expires: 7200\n", 7200},
	    {"Expires: 7200\n", "Expires: 60\n", 60},
	    {"Expires: 7200\n", "", 7200},
	    {"Expires: 0\n", "Expires: 0\n", 0},
	    {"Expires: 0\n", "", 0},
	    {"", "", 3600},
	    {"Expires: 4294967295\n", "Expires: 4294967295\n", 7 * 86400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct core c;
		struct core_sent sub;
		char extra[128];
		const struct core_sent *m;

		start(&c);
		sub = subscribe(&c, cases[i].asked);
		snprintf(extra, sizeof(extra), "Contact: <sip:x@198.51.100.20>\n%s",
		    cases[i].granted);
		core_answer(&c, &sub, "200 OK", "far", extra, NULL);
		core_expect(&c, LAN, "SIP/2.0 200", "granted");
		notify(&c, "far", 1);
		m = core_expect(&c, LAN, "NOTIFY", "NOTIFY");
		core_answer(&c, m, "200 OK", NULL, "", NULL); /* no Expires: changes nothing */
		core_wait(&c, 1000ULL * (cases[i].s + 63));
		is_int((long long)dialogs_count(c.sd.dialogs), 1, "as long as that");
		core_wait(&c, 2000);
		is_int((long long)dialogs_count(c.sd.dialogs), 0, "and not longer");
		free(sub.text);
		core_finish(&c, 100000, "all is forgotten");
	}
}

/* --- tables ------------------------------------------------------------------------------- */

/* A table full of subscriptions is no reason to refuse a call. */
static void test_full_of_subscriptions(void)
{
	struct core c;
	struct core_sent sub;
	const struct core_sent *m;

	start(&c);
	dialogs_set_max(c.sd.dialogs, 1);
	sub = subscribe(&c, "Expires: 60\n");
	core_answer(&c, &sub, "200 OK", "far", "Contact: <sip:x@198.51.100.20>\nExpires: 60\n",
	    NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "the table is full");
	free(sub.text);
	request(&c, LAN, CORE_PHONE, "INVITE", "sip:bob@198.51.100.7", "at", "", "call", 1, SDP,
	    NEAR);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "a call");
	core_answer(&c, m, "200 OK", "bt", "Contact: <sip:bob@198.51.100.20>\n" SDP, FAR);
	core_expect(&c, LAN, "SIP/2.0 200", "is answered");
	core_stop(&c);
}

/* One callee, thousands of tags; and the one too many says yes. */
static void test_many_tags(void)
{
	struct core c;
	struct core_sent invite;
	const struct core_sent *m;

	start(&c);
	request(&c, LAN, CORE_PHONE, "INVITE", "sip:bob@198.51.100.7", "at", "", "call", 1, SDP,
	    NEAR);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	invite = core_keep(core_expect(&c, WAN, "INVITE", "a call"));
	for (unsigned i = 0; i < 200; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "t%u", i);
		core_answer(&c, &invite, "183 Progress", tag, "Contact: <sip:bob@198.51.100.20>\n",
		    NULL);
	}
	is_int((long long)dialogs_count(c.sd.dialogs), CALL_DIALOGS_MAX,
	    "a call has its share of dialogs");
	core_forget(&c);
	core_answer(&c, &invite, "200 OK", "late", "Contact: <sip:late@198.51.100.21>\n" SDP, FAR);
	m = core_expect(&c, WAN, "ACK sip:late@198.51.100.21 ",
	    "who cannot be put through is told: ACK");
	is_str(core_header(m, "CSeq", 0), "1 ACK", "to the INVITE");
	ok(strstr(core_header(m, "To", 0), ";tag=late") != NULL, "in its dialog");
	m = core_expect(&c, WAN, "BYE sip:late@198.51.100.21 ", "then BYE");
	is_str(core_header(m, "CSeq", 0), "2 BYE", "with the next number");
	ok(strstr(core_header(m, "From", 0), ";tag=at") != NULL, "in the caller's name");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, LAN, "SIP/2.0 500", "and the caller");
	free(invite.text);
	core_finish(&c, 100000, "all is forgotten");
}

/* Early media that was PRACKed is not a confirmed dialog. */
static void test_pracked_loser(void)
{
	struct core c;
	struct core_sent invite[2];
	const struct core_sent *m;

	start(&c);
	core_register(&c, CORE_PHONE, "alice");
	core_register(&c, CORE_PHONE_2, "alice");
	request(&c, WAN, CORE_PROVIDER, "INVITE", "sip:alice@203.0.113.1", "bf", "", "x1", 1, SDP,
	    FAR);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	for (int i = 0; i < 2; i++)
		invite[i] = core_keep(core_expect(&c, LAN, "INVITE", "a phone rings"));
	for (int i = 0; i < 2; i++) {
		core_answer(&c, &invite[i], "183 P", i ? "p1" : "p0",
		    "Contact: <sip:alice@192.168.1.10>\nRequire: 100rel\nRSeq: 1\n", NULL);
		core_expect(&c, WAN, "SIP/2.0 183", "183");
		request(&c, WAN, CORE_PROVIDER, "PRACK", "sip:alice@203.0.113.1", "bf",
		    i ? "p1" : "p0", "x1", 2, "RAck: 1 1 INVITE\n", "");
		m = core_expect(&c, LAN, "PRACK", "PRACK");
		core_answer(&c, m, "200 OK", NULL, "", NULL);
		core_expect(&c, WAN, "SIP/2.0 200", "200");
	}
	core_answer(&c, &invite[0], "200 OK", "p0", "Contact: <sip:alice@192.168.1.10>\n" SDP,
	    NEAR);
	core_expect(&c, WAN, "SIP/2.0 200", "one answers");
	m = core_expect(&c, LAN, "CANCEL", "the other stops");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_answer(&c, &invite[1], "487 T", "p1", "", NULL);
	core_expect(&c, LAN, "ACK", "ACK");
	request(&c, WAN, CORE_PROVIDER, "BYE", "sip:alice@203.0.113.1", "bf", "p0", "x1", 5, "",
	    "");
	m = core_expect(&c, LAN, "BYE", "BYE");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	is_int((long long)calls_count(c.sd.calls), 0, "ends the call");
	free(invite[0].text);
	free(invite[1].text);
	core_finish(&c, 100000, "all is forgotten");
}

/* Strangers fill the table; what runs can end, and the provider always gets an answer. */
static void test_full_of_transactions(void)
{
	struct core c;
	const struct core_sent *m;
	unsigned refused = 0;

	core_init(&c);
	c.config.max_transactions = 100;
	core_start(&c, false);
	core_register(&c, CORE_PHONE, "alice");
	request(&c, LAN, CORE_PHONE, "INVITE", "sip:bob@198.51.100.7", "at", "", "call", 1, SDP,
	    NEAR);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "a call");
	core_answer(&c, m, "200 OK", "bt", "Contact: <sip:bob@198.51.100.20>\n" SDP, FAR);
	core_expect(&c, LAN, "SIP/2.0 200", "runs");
	core_wait(&c, 40000);
	for (unsigned i = 0; i < 200; i++) {
		char id[16];

		snprintf(id, sizeof(id), "s%u", i);
		request(&c, WAN, CORE_STRANGER, "OPTIONS", "sip:alice@203.0.113.1", "s", "", id, 1,
		    "", "");
	}
	ok(transactions_count(c.sd.transactions) <= 52, "a stranger gets half of the table");
	core_forget(&c);
	request(&c, WAN, CORE_PROVIDER, "MESSAGE", "sip:alice@203.0.113.1", "s", "", "still", 1, "",
	    "");
	core_expect(&c, LAN, "MESSAGE", "whom we talk with is not hindered");
	for (unsigned i = 0; i < 100; i++) {
		char id[16];

		snprintf(id, sizeof(id), "l%u", i);
		request(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@198.51.100.7", "at", "", id, 1, "",
		    "");
	}
	core_forget(&c);
	for (unsigned i = 0; i < 20; i++) {
		char id[16];

		snprintf(id, sizeof(id), "i%u", i);
		request(&c, WAN, CORE_PROVIDER, "INVITE", "sip:alice@203.0.113.1", "s", "", id, 1,
		    SDP, FAR);
		m = core_next(&c);
		refused += m && strncmp(m->text, "SIP/2.0 486", 11) == 0;
	}
	is_int(refused, 20, "the provider is told each time that we are busy");
	request(&c, WAN, CORE_PROVIDER, "MESSAGE", "sip:alice@203.0.113.1", "s", "", "m", 1, "",
	    "");
	core_expect(&c, WAN, "SIP/2.0 480", "or unavailable");
	request(&c, LAN, CORE_PHONE, "BYE", "sip:bob@198.51.100.20", "at", "bt", "call", 2, "", "");
	m = core_expect(&c, WAN, "BYE", "the running call can end");
	core_answer(&c, m, "200 OK", NULL, "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "200");
	is_int((long long)calls_count(c.sd.calls), 0, "and does");
	request(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@198.51.100.7", "at", "", "o", 1, "", "");
	m = core_expect(&c, LAN, "SIP/2.0 503", "the LAN is told so");
	is_str(core_header(m, "Retry-After", 0), "10", "and when to try again");
	core_finish(&c, 100000, "all is forgotten");
}

static void stranger_calls(struct core *c, unsigned n, const char *id, const char *body)
{
	for (unsigned i = 0; i < n; i++) {
		char call_id[16];

		snprintf(call_id, sizeof(call_id), "%s%u", id, i);
		request(c, WAN, CORE_STRANGER, "INVITE", "sip:alice@203.0.113.1", "s", "", call_id,
		    1, *body ? SDP : "", body);
	}
}

/* A call to alice; true: her phone rings. */
static bool provider_gets_through(struct core *c, const char *id)
{
	bool rings = false;
	const struct core_sent *m;

	core_forget(c);
	request(c, WAN, CORE_PROVIDER, "INVITE", "sip:alice@203.0.113.1", "p", "", id, 1, SDP, FAR);
	while ((m = core_next(c)))
		rings |= m->side == LAN && strncmp(m->text, "INVITE", 6) == 0;
	return rings;
}

/* Calls of strangers that ring leave lines for others. */
static void test_ringing_strangers(void)
{
	struct core c;
	const struct core_sent *m;
	struct core_sent reg, ringing = {.text = NULL};
	size_t total;

	core_init(&c);
	c.config.max_calls = 40;
	core_start(&c, false);
	send_register(&c, CORE_PHONE, PROVIDER, ALICE, "mine", "<sip:alice@192.168.1.10>");
	reg = granted(&c, "<sip:alice@203.0.113.1>;expires=6000", "alice registers");
	free(reg.text);
	total = ports_total(c.sd.ports);
	stranger_calls(&c, (unsigned)total, "s", FAR);
	is_int((long long)ports_free_count(c.sd.ports), (long long)(total - total / 2),
	    "strangers ring on half of the ports");
	core_forget(&c);
	stranger_calls(&c, 1, "more", FAR);
	core_expect(&c, WAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "SIP/2.0 486", "and are told that we are busy");
	ok(provider_gets_through(&c, "p1"), "the provider's call rings");

	core_wait(&c, 300000);
	core_forget(&c);
	core_expect_rest(&c, "nobody answered");
	stranger_calls(&c, 1, "many",
	    FAR
	    "m=audio 50002 RTP/AVP 0\r\nm=audio 50004 RTP/AVP 0\r\n"
	    "m=audio 50006 RTP/AVP 0\r\nm=audio 50008 RTP/AVP 0\r\nm=audio 50010 RTP/AVP 0\r\n"
	    "m=audio 50012 RTP/AVP 0\r\nm=audio 50014 RTP/AVP 0\r\nm=audio 50016 RTP/AVP 0\r\n"
	    "m=audio 50018 RTP/AVP 0\r\nm=audio 50020 RTP/AVP 0\r\nm=audio 50022 RTP/AVP 0\r\n");
	is_int((long long)ports_free_count(c.sd.ports), (long long)(total - total / 2),
	    "nor does one call with many streams take all");

	core_wait(&c, 300000);
	core_forget(&c);
	core_expect_rest(&c, "nobody answered");
	stranger_calls(&c, 40, "without", "");
	is_int((long long)calls_count(c.sd.calls), 20,
	    "half of the calls, where they offer nothing");
	ok(provider_gets_through(&c, "p2"), "the provider's call rings");

	core_wait(&c, 300000);
	core_forget(&c);
	stranger_calls(&c, 1, "a", FAR);
	while ((m = core_next(&c)))
		if (m->side == LAN && strncmp(m->text, "INVITE", 6) == 0)
			ringing = core_keep(m);
	core_answer(&c, &ringing, "200 OK", "at", "Contact: <sip:alice@192.168.1.10>\n" SDP, NEAR);
	free(ringing.text);
	core_forget(&c);
	stranger_calls(&c, (unsigned)total, "then", FAR);
	is_int((long long)ports_free_count(c.sd.ports), 0,
	    "whom somebody talks with is no stranger");
	request(&c, WAN, CORE_STRANGER, "BYE", "sip:alice@203.0.113.1", "s", "at", "a0", 2, "", "");
	core_wait(&c, 300000);
	core_forget(&c);
	core_expect_rest(&c, "all is given back");
	core_stop(&c);
}

/* One source on the WAN begins only so much. */
static void test_callers(void)
{
	struct core c;
	size_t rang = 0;

	start(&c);
	limit_free(c.sd.callers);
	limit_new(&c.sd.callers, 60, 5, 64);
	core_register(&c, CORE_PHONE, "alice");
	core_forget(&c);
	for (unsigned i = 0; i < 20; i++) {
		char id[16];

		snprintf(id, sizeof(id), "s%u", i);
		request(&c, WAN, CORE_STRANGER, "OPTIONS", "sip:alice@203.0.113.1", "s", "", id, 1,
		    "", "");
	}
	for (size_t i = 0; i < c.n_sent; i++)
		rang += c.sent[i].side == LAN;
	is_int((long long)rang, 5, "a few pass");
	core_forget(&c);
	request(&c, WAN, CORE_PROVIDER, "OPTIONS", "sip:alice@203.0.113.1", "s", "", "p", 1, "",
	    "");
	core_expect(&c, LAN, "OPTIONS", "others are not hindered");
	core_finish(&c, 100000, "all is forgotten");
}

/* Sends that fail are counted, whoever sends. */
static void test_failed_sends(void)
{
	struct core c;

	start(&c);
	c.send_err = EHOSTUNREACH;
	request(&c, LAN, CORE_PHONE, "ACK", "sip:bob@198.51.100.20", "at", "bt", "x", 1, "", "");
	is_int((long long)c.sd.counters.sends_failed, 1, "an ACK");
	request(&c, WAN, CORE_PROVIDER, "OPTIONS", "sip:nobody@203.0.113.1", "s", "", "p", 1, "",
	    "");
	is_int((long long)c.sd.counters.sends_failed, 2, "an answer of ours");
	c.send_err = EAGAIN;
	request(&c, WAN, CORE_PROVIDER, "OPTIONS", "sip:nobody@203.0.113.1", "s", "", "q", 1, "",
	    "");
	is_int((long long)c.sd.counters.sends_failed, 2, "a full socket is no failure");
	c.send_err = 0;
	core_finish(&c, 100000, "all is forgotten");
}

/* sips: is refused however it would have been routed. */
static void test_sips(void)
{
	struct core c;

	core_init(&c);
	c.config.outbound_proxy_host = (char *)"198.51.100.9";
	core_start(&c, false);
	request(&c, LAN, CORE_PHONE, "OPTIONS", "sips:bob@198.51.100.7", "a", "", "1", 1, "", "");
	core_expect(&c, LAN, "SIP/2.0 416", "with an outbound proxy");
	request(&c, LAN, CORE_PHONE, "OPTIONS", "sips:bob@198.51.100.7", "a", "", "2", 1,
	    "Route: <sip:198.51.100.9;lr>\n", "");
	core_expect(&c, LAN, "SIP/2.0 416", "with a Route");
	core_register(&c, CORE_PHONE, "alice");
	request(&c, WAN, CORE_PROVIDER, "OPTIONS", "sips:alice@203.0.113.1", "a", "", "3", 1, "",
	    "");
	core_expect(&c, WAN, "SIP/2.0 416", "towards a binding");
	core_finish(&c, 100000, "all is forgotten");
}

/* A name that cannot be looked up: the phone may try again. */
static void test_no_resolver(void)
{
	struct core c;
	const struct core_sent *m;

	start(&c);
	locator_free(c.sd.locator);
	c.sd.locator = NULL;
	request(&c, LAN, CORE_PHONE, "OPTIONS", "sip:bob@example.net", "a", "", "1", 1, "", "");
	m = core_expect(&c, LAN, "SIP/2.0 503", "no look-up");
	is_str(core_header(m, "Retry-After", 0), "10", "says when to try again");
	core_finish(&c, 100000, "all is forgotten");
}

int main(void)
{
	test_foreign_registrars();
	test_two_contacts();
	test_notify_first();
	test_how_long();
	test_full_of_subscriptions();
	test_many_tags();
	test_pracked_loser();
	test_full_of_transactions();
	test_ringing_strangers();
	test_callers();
	test_failed_sends();
	test_sips();
	test_no_resolver();
	return tap_done();
}
