/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of answers: the best one of a fork, its challenges, 100 Trying, and RFC 4320. */
#include "core.c"

#include "base/buf.h"

static unsigned n;

static void from(struct core *c, enum side side, const char *peer, const char *method,
    const char *uri, const char *extra)
{
	n++;
	core_receive(c, side, peer,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKans%u\n"
	    "From: <sip:x@198.51.100.7>;tag=x%u\nTo: <sip:y@198.51.100.7>\n"
	    "Call-ID: ans-%u\nCSeq: 1 %s\nContact: <sip:x@%s>\n%s\n",
	    method, uri, peer, n, n, n, method, peer, extra);
}

/* Three phones of one user get a request; each one's copy. */
static void fork_to_three(struct core *c, struct core_sent got[3])
{
	static const char *const phones[] = {"192.168.1.10:5060", "192.168.1.11:5060",
	    "192.168.1.12:5060"};

	core_init(c);
	core_start(c, false);
	for (int i = 0; i < 3; i++)
		core_register(c, phones[i], "bob");
	from(c, WAN, CORE_PROVIDER, "INVITE", "sip:bob@203.0.113.1", "");
	core_expect(c, WAN, "SIP/2.0 100", "100");
	for (int i = 0; i < 3; i++)
		got[i] = core_keep(core_expect(c, LAN, "INVITE", "a phone rings"));
}

static void test_best(void)
{
	static const struct {
		const char *answer[3], *best;
	} cases[] = {
	    {{"486 Busy", "404 Not Found", "500 Error"}, "SIP/2.0 404"},
	    {{"500 Error", "486 Busy", "302 Moved"}, "SIP/2.0 302"},
	    {{"486 Busy", "407 Who", "404 Not Found"}, "SIP/2.0 407"},
	    {{"404 Not Found", "484 More", "480 Away"}, "SIP/2.0 484"},
	    {{"408 Nobody", "486 Busy", "487 Ended"}, "SIP/2.0 486"},
	    {{"503 Full", "503 Full", "503 Full"}, "SIP/2.0 480"},
	    {{"302 Moved", "603 No", "401 Who"}, "SIP/2.0 603"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct core_sent got[3];
		const struct core_sent *m;
		unsigned answers = 0;
		struct core c;

		fork_to_three(&c, got);
		for (int p = 0; p < 3; p++) {
			core_answer(&c, &got[p], cases[i].answer[p], "t", "", NULL);
			while ((m = core_next(&c)))
				if (m->side == WAN && ++answers == 1)
					ok(p == 2 && strncmp(m->text, cases[i].best, 11) == 0,
					    cases[i].best);
			free(got[p].text);
		}
		is_int(answers, 1, "... and no other answer");
		core_finish(&c, 400000, "all is forgotten");
	}
}

/* 16.7 step 7 */
static void test_challenges(void)
{
	const char *one = "WWW-Authenticate: Digest realm=\"one\", nonce=\"1\"\n";
	const char *two = "Proxy-Authenticate: Digest realm=\"two\", nonce=\"2\"\n"
			  "WWW-Authenticate: Digest realm=\"three\"\n";
	struct core_sent got[3];
	const struct core_sent *m = NULL;
	struct core c;

	fork_to_three(&c, got);
	core_answer(&c, &got[2], "486 Busy", "t", "", NULL);
	core_answer(&c, &got[0], "401 Who", "t", one, NULL);
	core_answer(&c, &got[1], "407 Who", "t", two, NULL);
	while ((m = core_next(&c)) && m->side != WAN)
		;
	ok(m && strncmp(m->text, "SIP/2.0 401 Who", 15) == 0, "the first challenge goes up");
	is_int(core_count(m, "WWW-Authenticate"), 2, "with what the others ask for");
	is_int(core_count(m, "Proxy-Authenticate"), 1, "of both kinds");
	ok(core_has(m, "realm=\"one\", nonce=\"1\"\r\n") && core_has(m, "realm=\"three\"\r\n"),
	    "as it was asked");
	for (int p = 0; p < 3; p++)
		free(got[p].text);
	core_finish(&c, 400000, "all is forgotten");
}

static void test_trying(void)
{
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	from(&c, LAN, CORE_PHONE, "INVITE", "sip:b@198.51.100.7", "timestamp: 54.1\n");
	m = core_expect(&c, LAN, "SIP/2.0 100", "100 Trying");
	is_str(core_header(m, "Timestamp", 0), "54.1", "has the Timestamp (8.2.6.1)");
	core_wait(&c, 300000);
	core_forget(&c);
	from(&c, LAN, CORE_PHONE, "MESSAGE", "sip:b@198.51.100.7", "Timestamp: 7\n");
	core_wait(&c, 3499);
	while ((m = core_next(&c)) && m->side == WAN)
		;
	ok(!m, "no 100 to others");
	core_wait(&c, 1);
	while ((m = core_next(&c)) && m->side == WAN)
		;
	ok(m && strncmp(m->text, "SIP/2.0 100 ", 12) == 0, "before 3.5 seconds (RFC 4320 4.1)");
	is_str(core_header(m, "Timestamp", 0), "7 3.5", "and then with the delay");
	core_wait(&c, 100000);
	while ((m = core_next(&c)))
		ok(m->side == WAN, "nobody is told of a timeout (4.2)");
	core_finish(&c, 400000, "all is forgotten");

	core_init(&c);
	core_start(&c, false);
	from(&c, LAN, CORE_PHONE, "MESSAGE", "sip:b@198.51.100.7", "");
	m = core_expect(&c, WAN, "MESSAGE", "a request");
	core_answer(&c, m, "200 OK", "t", "", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "is answered in time");
	core_wait(&c, 60000);
	core_expect_silence(&c, "and there is no 100 after that");
	core_finish(&c, 400000, "all is forgotten");
}

/* RFC 4320: neither 1xx nor 408 for what is no INVITE. */
static void test_not_forwarded(void)
{
	struct core_sent m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	from(&c, LAN, CORE_PHONE, "MESSAGE", "sip:b@198.51.100.7", "");
	m = core_keep(core_expect(&c, WAN, "MESSAGE", "a request"));
	core_answer(&c, &m, "183 Odd", "t", "", NULL);
	core_expect_silence(&c, "a provisional answer stays here");
	core_answer(&c, &m, "408 Request Timeout", "t", "", NULL);
	core_expect_silence(&c, "so does a 408");
	n--;
	from(&c, LAN, CORE_PHONE, "MESSAGE", "sip:b@198.51.100.7", "");
	core_expect_silence(&c, "and a retransmission does not ask again");
	free(m.text);
	core_finish(&c, 400000, "all is forgotten");
}

int main(void)
{
	test_best();
	test_challenges();
	test_trying();
	test_not_forwarded();
	return tap_done();
}
