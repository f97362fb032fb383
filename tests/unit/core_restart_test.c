/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs goes on after a restart: calls, ringing ones too, and subscriptions. */
#include "core.c"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/writer.h"
#include "proxy/servers.h"
#include "proxy/snapshot.h"

#define OFFER                                                                             \
	"v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\nt=0 0\r\n" \
	"m=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n"
#define ANSWER                                                                              \
	"v=0\r\no=- 7 7 IN IP4 198.51.100.20\r\ns=-\r\nc=IN IP4 198.51.100.20\r\nt=0 0\r\n" \
	"m=audio 50000 RTP/AVP 0\r\n"
#define SDP         "Content-Type: application/sdp\n"
#define BOB_CONTACT "Contact: <sip:bob@198.51.100.20>\n"

static const char *const zone[] = {
    "_sip._udp.example.net SRV 10 0 5060 a.example.net",
    "_sip._udp.example.net SRV 20 0 5060 b.example.net",
    "a.example.net A 198.51.100.1",
    "b.example.net A 198.51.100.2",
    NULL,
};

static char dir[] = "/tmp/core_restart_test.XXXXXX";
static char table[64], path[80];

static struct snapshot *open_it(void)
{
	struct snapshot *s;

	if (snapshot_open(&s, table, (uid_t)-1, (gid_t)-1) != 0)
		abort();
	return s;
}

/* Writes the file as a clean end does. */
static void save(struct core *c)
{
	struct snapshot *s = open_it();
	struct snapshot_count n;

	snapshot_load(s, &c->sd, TABLE_IS_NEW, core_unix_time, &n);
	is_int(snapshot_save(s, &c->sd, core_unix_time, true), 0, "what runs is written");
	snapshot_close(s);
}

static struct snapshot_count load(struct core *c, int err)
{
	struct snapshot *s = open_it();
	struct snapshot_count n;

	is_int(snapshot_load(s, &c->sd, TABLE_HOLDS_PHONES, core_unix_time, &n), err,
	    "and read again");
	snapshot_close(s);
	return n;
}

/* Another core; the machine has been up for so long, and its clock says that. */
static void boot(struct core *c, uint64_t up_ms, int64_t unix_time_s)
{
	core_stop(c);
	core_init(c);
	timers_init(&c->timers, up_ms);
	core_unix_time = unix_time_s;
	core_start(c, false);
}

/* After a while. */
static void begin_anew(struct core *c, int64_t away_s)
{
	boot(c, timers_now(&c->timers) + 1000 * (uint64_t)away_s, core_unix_time + away_s);
}

static struct snapshot_count restart(struct core *c, int64_t away_s)
{
	save(c);
	begin_anew(c, away_s);
	return load(c, 0);
}

/* A message that outlives the core that sent it. */
static struct core_sent kept(const struct core_sent *m)
{
	struct core_sent copy = *m;

	copy.text = malloc(m->len + 1);
	if (!copy.text)
		abort();
	memcpy(copy.text, m->text, m->len + 1);
	return copy;
}

static void alice(struct core *c, const char *method, const char *uri, unsigned cseq,
    const char *branch, const char *to_tag, const char *extra, const char *body)
{
	core_receive(c, LAN, CORE_PHONE,
	    "%s %s SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bK%s;rport\n"
	    "Max-Forwards: 70\n"
	    "From: \"Alice A.\" <sip:alice@198.51.100.7>;tag=af\n"
	    "To: <sip:bob@198.51.100.7>%s%s\n"
	    "Call-ID: c1@192.168.1.10\n"
	    "CSeq: %u %s\n"
	    "Contact: \"Alice A.\" <sip:alice@192.168.1.10:5060;ob>\n"
	    "%s\n%s",
	    method, uri, branch, *to_tag ? ";tag=" : "", to_tag, cseq, method, extra, body);
}

static void alice_invites(struct core *c)
{
	alice(c, "INVITE", "sip:bob@198.51.100.7", 1, "a1", "", SDP, OFFER);
}

static void bob(struct core *c, const char *method, unsigned cseq, const char *branch,
    const char *extra, const char *body)
{
	core_receive(c, WAN, CORE_PROVIDER,
	    "%s sip:alice@203.0.113.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK%s\n"
	    "Max-Forwards: 68\n"
	    "From: <sip:bob@198.51.100.7>;tag=bt\n"
	    "To: \"Alice A.\" <sip:alice@198.51.100.7>;tag=af\n"
	    "Call-ID: c1@192.168.1.10\n"
	    "CSeq: %u %s\n"
	    "Contact: <sip:bob@198.51.100.20>\n"
	    "%s\n%s",
	    method, branch, cseq, method, extra, body);
}

/* Alice calls and it rings; what the provider got. */
static struct core_sent ring(struct core *c)
{
	struct core_sent invite;

	core_init(c);
	core_start(c, false);
	alice_invites(c);
	core_expect(c, LAN, "SIP/2.0 100", "100 comes from us");
	invite = kept(core_expect(c, WAN, "INVITE sip:bob@198.51.100.7 SIP/2.0\r\n", "INVITE"));
	core_answer(c, &invite, "180 Ringing", "bt", BOB_CONTACT, NULL);
	core_expect(c, LAN, "SIP/2.0 180", "it rings");
	return invite;
}

static void answer(struct core *c, struct core_sent *invite)
{
	core_answer(c, invite, "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	core_expect(c, LAN, "SIP/2.0 200", "Bob answers");
	free(invite->text);
	alice(c, "ACK", "sip:bob@198.51.100.20", 1, "a2", "bt", "", "");
	core_expect(c, WAN, "ACK sip:bob@198.51.100.20 SIP/2.0\r\n", "the ACK goes to his contact");
}

static void talk(struct core *c)
{
	struct core_sent invite = ring(c);

	answer(c, &invite);
}

static void bob_hangs_up(struct core *c, unsigned cseq)
{
	const struct core_sent *m;

	bob(c, "BYE", cseq, "bbye", "", "");
	m = core_expect(c, LAN, "BYE sip:alice@192.168.1.10:5060;ob SIP/2.0\r\n",
	    "Bob's BYE finds the phone");
	core_answer(c, m, "200 OK", NULL, "", NULL);
	core_expect(c, WAN, "SIP/2.0 200", "and is answered");
}

static void alice_hangs_up(struct core *c, unsigned cseq)
{
	const struct core_sent *m;

	alice(c, "BYE", "sip:bob@198.51.100.20", cseq, "bye", "bt", "", "");
	m = core_expect(c, WAN, "BYE sip:bob@198.51.100.20 SIP/2.0\r\n", "Alice's BYE goes out");
	core_answer(c, m, "200 OK", NULL, "", NULL);
	core_expect(c, LAN, "SIP/2.0 200", "and is answered");
}

static void finish_all(struct core *c)
{
	core_finish(c, 200000, "nothing is left");
	unlink(path);
}

/* --- calls -------------------------------------------------------------------------------- */

static bool goes_to(const struct core *c, unsigned leg, const char *ip, uint16_t port)
{
	const struct flow_peer *peer;
	struct addr a;

	addr_parse(&a, ip, port);
	return core_flow_peers(c, 0, leg, &peer) == 1 && addr_equal(&peer->rtp.signalled, &a) &&
	    peer->rtp.sendable;
}

static void test_call(void)
{
	struct core c;
	struct snapshot_count n;
	const struct core_sent *m;

	talk(&c);
	n = restart(&c, 3);
	is_int((long long)n.calls, 1, "the call goes on");
	is_int(n.lost, 0, "nothing is lost");
	core_expect_silence(&c, "nobody is told anything");
	is_int((long long)ports_free_count(c.sd.ports), 9, "it has its pair of ports");
	ok(goes_to(&c, CALLER, "192.168.1.10", 40000), "Alice's voice goes where it went");
	ok(goes_to(&c, CALLEE, "198.51.100.20", 50000), "and Bob's");

	alice(&c, "INVITE", "sip:bob@198.51.100.20", 2, "a3", "bt", SDP,
	    "v=0\r\no=- 1 2 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\nt=0 0\r\n"
	    "m=audio 40000 RTP/AVP 0\r\na=sendonly\r\n");
	core_expect(&c, LAN, "SIP/2.0 100", "a re-INVITE");
	m = core_expect(&c, WAN, "INVITE sip:bob@198.51.100.20 ", "finds Bob");
	ok(core_has(m, "m=audio 7070 RTP/AVP 0\r\n"), "with the same port");
	core_answer(&c, m, "200 OK", NULL, BOB_CONTACT SDP, ANSWER);
	m = core_expect(&c, LAN, "SIP/2.0 200", "he agrees");
	ok(core_has(m, "m=audio 7070 RTP/AVP 0\r\n"), "with the same port");
	is_int((long long)calls_count(c.sd.calls), 1, "it is no second call");
	alice(&c, "ACK", "sip:bob@198.51.100.20", 2, "a4", "bt", "", "");
	core_expect(&c, WAN, "ACK", "ACK");

	restart(&c, 3);
	bob_hangs_up(&c, 1);
	is_int((long long)calls_count(c.sd.calls), 0, "the call is over");
	finish_all(&c);
}

static void test_other_end(void)
{
	struct core c;

	talk(&c);
	restart(&c, 0);
	alice_hangs_up(&c, 2);
	finish_all(&c);
}

/* The port that the next call gets is another one, and the ends of both have theirs. */
static void test_next_call(void)
{
	struct core c;
	struct call_stream s[CALL_STREAMS_MAX];
	const struct core_sent *m;

	talk(&c);
	restart(&c, 0);
	ok(call_find(c.sd.calls, 1) != NULL, "it keeps its number");
	is_int(call_streams(call_find(c.sd.calls, 1), s), 1, "and its stream");
	is_int(addr_port(&s[0].local[CALLER]), 7070, "with the port");
	core_receive(&c, LAN, CORE_PHONE_2,
	    "INVITE sip:eve@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP "
	    "192.168.1.11;branch=z9hG4bKe\nFrom: <sip:x@198.51.100.7>;tag=x\nTo: "
	    "<sip:eve@198.51.100.7>\nCall-ID: e\nCSeq: 1 INVITE\nContact: "
	    "<sip:x@192.168.1.11>\n" SDP "\n" OFFER);
	core_expect(&c, LAN, "SIP/2.0 100", "another call");
	m = core_expect(&c, WAN, "INVITE", "goes out");
	ok(core_has(m, "m=audio 7072 RTP/AVP 0\r\n"), "with another port");
	ok(call_find(c.sd.calls, 2) != NULL, "and the next number");
	core_answer(&c, m, "486 Busy Here", "et", "", NULL);
	core_forget(&c);
	alice_hangs_up(&c, 2);
	finish_all(&c);
}

static void test_silence(void)
{
	struct core c;

	talk(&c);
	restart(&c, 5);
	core_wait(&c, 20000);
	core_flow_heard(&c, 0, 1);
	core_wait(&c, 290000);
	core_expect_silence(&c, "the clock of silence begins anew when one end is heard");
	core_wait(&c, 20000);
	core_expect(&c, LAN, "BYE", "but it runs");
	core_expect(&c, WAN, "BYE", "for both");
	finish_all(&c);

	talk(&c);
	restart(&c, 5);
	core_wait(&c, 29000);
	core_expect_silence(&c, "who goes on has half a minute to be heard");
	core_wait(&c, 3000);
	core_expect(&c, LAN, "BYE", "a call that had ended before we came back");
	core_expect(&c, WAN, "BYE", "... does not hold its ports for long");
	finish_all(&c);
}

static void test_too_late(void)
{
	struct core c;
	struct snapshot_count n;

	talk(&c);
	n = restart(&c, 301);
	is_int((long long)n.calls, 0, "nobody waits so long");
	core_expect(&c, LAN, "BYE sip:alice@192.168.1.10:5060;ob ", "Alice is told");
	core_expect(&c, WAN, "BYE sip:bob@198.51.100.20 ", "and Bob");
	finish_all(&c);
}

static void test_reboot(void)
{
	struct core c;
	struct snapshot_count n;

	talk(&c);
	core_wait(&c, 5000);
	save(&c);
	boot(&c, 1000, 1600000000);
	n = load(&c, 0);
	is_int((long long)n.calls, 1,
	    "a router without a battery: a clock that is wrong ends no call");
	save(&c);
	boot(&c, 500, core_unix_time + 301);
	n = load(&c, 0);
	is_int((long long)n.calls, 0, "one that is right does");
	core_expect(&c, LAN, "BYE", "Alice is told");
	core_expect(&c, WAN, "BYE", "and Bob");
	finish_all(&c);
}

/* The clock on the wall has been set meanwhile. */
static void test_clock(void)
{
	struct core c;
	struct snapshot_count n;

	talk(&c);
	save(&c);
	boot(&c, timers_now(&c.timers) + 2000, core_unix_time + 1000000);
	n = load(&c, 0);
	is_int((long long)n.calls, 1, "the machine's uptime knows better");
	bob_hangs_up(&c, 1);
	finish_all(&c);
}

static void test_ports_taken(void)
{
	struct core c;

	talk(&c);
	save(&c);
	begin_anew(&c, 1);
	core_relay_err = EADDRINUSE;
	load(&c, 0);
	core_expect(&c, LAN, "BYE", "without its ports it is ended properly");
	core_expect(&c, WAN, "BYE", "at both ends");
	core_relay_err = 0;
	is_int((long long)ports_free_count(c.sd.ports), 10, "and no port is held");
	finish_all(&c);
}

static void test_new_address(void)
{
	struct core c;
	struct netif_set set;

	talk(&c);
	save(&c);
	begin_anew(&c, 1);
	core_interfaces(&set, false);
	for (size_t i = 0; i < set.count; i++)
		if (strcmp(set.entry[i].name, "eth0") == 0 &&
		    addr_family(&set.entry[i].addr) == AF_INET)
			addr_parse(&set.entry[i].addr, "203.0.113.77", 0);
	side_refresh(c.sd.sides, &set, NULL);
	netif_set_done(&set);
	load(&c, 0);
	core_expect(&c, LAN, "BYE", "our address is another: it is ended");
	ok(core_has(core_expect(&c, WAN, "BYE", "at both ends"), "203.0.113.77"),
	    "from where we are now");
	finish_all(&c);
}

/* --- INVITEs ------------------------------------------------------------------------------ */

static void test_ringing(void)
{
	struct core c;
	struct core_sent invite = ring(&c);
	struct snapshot_count n = restart(&c, 2);

	is_int((long long)n.invites, 1, "it still rings");
	core_expect_silence(&c, "and nobody is told anything");
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 180", "a retransmission gets the last answer");
	core_expect_silence(&c, "and goes nowhere");
	answer(&c, &invite);
	ok(goes_to(&c, CALLEE, "198.51.100.20", 50000), "the late 200 has found its call");
	bob_hangs_up(&c, 1);
	finish_all(&c);
}

/* Between the INVITE and the first answer. */
static void test_unanswered(void)
{
	struct core c;
	const struct core_sent *m;
	char via[128];

	core_init(&c);
	core_start(&c, false);
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "INVITE");
	snprintf(via, sizeof(via), "%s", core_header(m, "Via", 0));
	restart(&c, 1);
	core_wait(&c, 600);
	m = core_expect(&c, WAN, "INVITE", "it is sent again");
	is_str(core_header(m, "Via", 0), via, "with the branch that it had");
	core_answer(&c, m, "486 Busy Here", "bt", "", NULL);
	core_expect(&c, WAN, "ACK", "a refusal is acknowledged");
	core_expect(&c, LAN, "SIP/2.0 486", "and passed on");
	is_int((long long)calls_count(c.sd.calls), 0, "the call has ended");
	finish_all(&c);
}

/* Alice has given up: Bob's phone shall not ring for nobody. */
static void test_ghost(void)
{
	struct core c;
	struct snapshot_count n;

	core_init(&c);
	core_start(&c, false);
	alice_invites(&c);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	core_expect(&c, WAN, "INVITE", "INVITE");
	n = restart(&c, 40);
	is_int((long long)n.invites, 0, "nothing waits any more");
	core_expect(&c, LAN, "SIP/2.0 500", "Alice is told, if she still listens");
	core_expect_silence(&c, "and nothing is sent to Bob");
	is_int((long long)calls_count(c.sd.calls), 0, "the call has ended");
	finish_all(&c);

	core_init(&c);
	core_start(&c, false);
	alice(&c, "INVITE", "sip:bob@sip.test", 1, "a1", "", SDP, OFFER);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	save(&c);
	core_resolve(NULL);
	core_forget(&c);
	begin_anew(&c, 40);
	load(&c, 0);
	core_expect_silence(&c, "nor is a name looked up for her");
	finish_all(&c);
}

/* The first server was given up, and wakes up too late; the other had not answered. */
static void test_given_up(void)
{
	struct core_sent first;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "INVITE", "sip:bob@example.net", 1, "a1", "", SDP, OFFER);
	core_resolve_zone(zone);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	first = kept(core_expect(&c, WAN, "INVITE", "to the first server"));
	core_wait(&c, 4100);
	core_answer(&c, &first, "180 Ringing", "x", BOB_CONTACT, NULL);
	free(first.text);
	core_forget(&c);
	restart(&c, 40);
	core_expect(&c, WAN, "CANCEL", "its phone shall not ring on");
	core_expect(&c, LAN, "SIP/2.0 500", "Alice is told, as nobody else will answer");
	is_int((long long)calls_count(c.sd.calls), 0, "the call has ended");
	finish_all(&c);
}

static void test_cancel(void)
{
	struct core c;
	struct core_sent invite = ring(&c);

	restart(&c, 2);
	alice(&c, "CANCEL", "sip:bob@198.51.100.7", 1, "a1", "", "", "");
	core_expect(&c, LAN, "SIP/2.0 200", "CANCEL is answered");
	core_expect(&c, WAN, "CANCEL sip:bob@198.51.100.7 ", "and goes on");
	restart(&c, 2);
	core_expect(&c, WAN, "CANCEL sip:bob@198.51.100.7 ", "after another restart once more");
	core_answer(&c, &invite, "487 Request Terminated", "bt", "", NULL);
	core_expect(&c, WAN, "ACK", "it has ended");
	core_expect(&c, LAN, "SIP/2.0 487", "and Alice is told");
	free(invite.text);
	finish_all(&c);
}

/* The 200 has passed, and its ACK was lost with us. */
static void test_accepted(void)
{
	struct core c;
	struct core_sent invite = ring(&c);

	core_answer(&c, &invite, "200 OK", "bt", BOB_CONTACT SDP, ANSWER);
	core_expect(&c, LAN, "SIP/2.0 200", "Bob answers");
	restart(&c, 2);
	answer(&c, &invite);
	bob_hangs_up(&c, 1);
	finish_all(&c);
}

static size_t file_size(void)
{
	FILE *f = fopen(path, "r");
	long n = f && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : 0;

	if (f)
		fclose(f);
	return (size_t)n;
}

/* --- more than there is room for ---------------------------------------------------------- */

/* One more call of Alice's rings. */
static void ring_once_more(struct core *c, unsigned number, const char *body)
{
	core_receive(c, LAN, CORE_PHONE,
	    "INVITE sip:bob@198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKm%u\n"
	    "From: <sip:alice@198.51.100.7>;tag=m%u\nTo: <sip:bob@198.51.100.7>\n"
	    "Call-ID: many%u.\nCSeq: 1 INVITE\n"
	    "Contact: <sip:alice@192.168.1.10:5060>\n\n%s",
	    number, number, number, body);
}

static void answer_once_more(struct core *c, unsigned number)
{
	const struct core_sent *m;

	ring_once_more(c, number, "");
	while ((m = core_next(c)) && m->side != WAN)
		;
	if (!m)
		abort();
	core_answer(c, m, "200 OK", "bt", BOB_CONTACT, NULL);
	core_forget(c);
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void start_for_many(struct core *c)
{
	core_init(c);
	c->config.max_calls = c->config.max_transactions = 10 * SNAPSHOT_ANSWERED_MAX;
	core_start(c, false);
}

/* INVITEs that have their answer have a limit of their own, and the newest are needed most. */
static void test_many_answered(void)
{
	struct buf text = BUF_INIT;
	struct core c;
	char call_id[32];
	size_t old = 0;

	start_for_many(&c);
	for (unsigned i = 0; i < 10; i++)
		answer_once_more(&c, i);
	core_wait(&c, 5000);
	for (unsigned i = 10; i < 10 + SNAPSHOT_ANSWERED_MAX - 3; i++)
		answer_once_more(&c, i);
	for (unsigned i = 0; i < 10; i++)
		ring_once_more(&c, 100000 + i, "");
	ok(snapshot_write(&c.sd, 0, SNAPSHOT_MAX, &text), "all that must be there is");
	is_int((long long)count_of(text.data, "\ninvite\t"), SNAPSHOT_ANSWERED_MAX + 10,
	    "so many INVITEs are written");
	is_int((long long)count_of(text.data, "\tcall_id=many10000"), 10,
	    "all those that ring among them");
	for (unsigned i = 0; i < 10; i++) {
		snprintf(call_id, sizeof(call_id), "\tcall_id=many%u.", i);
		old += count_of(text.data, call_id);
	}
	is_int((long long)old, 10 + 3, "of most that were answered first the dialog alone");
	buf_free(&text);
	core_stop(&c);
}

/* What is written can be read. */
static void test_too_much(void)
{
	struct snapshot *s = open_it();
	struct snapshot_count n;
	struct core c;
	char *body = malloc(60001);

	if (!body)
		abort();
	memset(body, 1, 60000); /* "%01" there */
	body[60000] = '\0';
	start_for_many(&c);
	c.muted = true;
	for (unsigned i = 0; i < 400; i++)
		ring_once_more(&c, i, body);
	snapshot_load(s, &c.sd, TABLE_IS_NEW, core_unix_time, &n);
	is_int(snapshot_save(s, &c.sd, core_unix_time, true), EFBIG, "it is said");
	ok(file_size() <= SNAPSHOT_MAX, "but the file is none too long");
	snapshot_close(s);
	core_stop(&c);
	start_for_many(&c);
	c.muted = true;
	n = load(&c, 0);
	ok(n.invites > 300 && n.invites < 400, "and most of it is there again");
	is_int((long long)n.lost, 0, "each as a whole");
	free(body);
	finish_all(&c);
}

/* A name was being looked up. */
static void test_parked(void)
{
	struct core c;
	const struct core_sent *m;

	core_init(&c);
	core_start(&c, false);
	alice(&c, "INVITE", "sip:bob@sip.test", 1, "a1", "", SDP, OFFER);
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	save(&c);
	core_resolve(NULL);
	core_forget(&c);
	begin_anew(&c, 1);
	load(&c, 0);
	core_expect(&c, LAN, "SIP/2.0 100", "100 again");
	core_resolve("198.51.100.7");
	m = core_expect(&c, WAN, "INVITE sip:bob@sip.test ", "it goes on");
	core_answer(&c, m, "486 Busy Here", "bt", "", NULL);
	finish_all(&c);
}

/* --- subscriptions ------------------------------------------------------------------------ */

static void notify(struct core *c, unsigned cseq, bool found)
{
	const struct core_sent *m;

	core_receive(c, WAN, CORE_PROVIDER,
	    "NOTIFY sip:x@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKn%u\n"
	    "From: <sip:y@198.51.100.7>;tag=yt\nTo: <sip:x@198.51.100.7>;tag=xt\nCall-ID: sub\n"
	    "CSeq: %u NOTIFY\nContact: <sip:y@198.51.100.20>\nEvent: dialog\n"
	    "Subscription-State: active;expires=1000\n\n",
	    cseq, cseq);
	if (!found) {
		core_expect(c, WAN, "SIP/2.0 481", "a NOTIFY finds nobody");
		return;
	}
	m = core_expect(c, LAN, "NOTIFY sip:x@192.168.1.10 ", "a NOTIFY finds the phone");
	core_answer(c, m, "200 OK", NULL, "", NULL);
	core_expect(c, WAN, "SIP/2.0 200", "and is answered");
}

static void test_subscription(void)
{
	struct core c;
	const struct core_sent *m;
	struct snapshot_count n;

	core_init(&c);
	core_start(&c, false);
	core_receive(&c, LAN, CORE_PHONE,
	    "SUBSCRIBE sip:y@198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP "
	    "192.168.1.10;branch=z9hG4bKs\nFrom: <sip:x@198.51.100.7>;tag=xt\nTo: "
	    "<sip:y@198.51.100.7>\nCall-ID: sub\nCSeq: 1 SUBSCRIBE\nContact: "
	    "<sip:x@192.168.1.10>\nEvent: dialog\nExpires: 3600\n\n");
	m = core_expect(&c, WAN, "SUBSCRIBE", "SUBSCRIBE");
	core_answer(&c, m, "200 OK", "yt", "Contact: <sip:y@198.51.100.20>\nExpires: 3600\n", NULL);
	core_expect(&c, LAN, "SIP/2.0 200", "is granted");
	n = restart(&c, 600);
	is_int((long long)n.dialogs, 1, "the subscription is still there");
	notify(&c, 1, true);
	core_wait(&c, 40000);
	core_register(&c, CORE_PHONE, "x");
	restart(&c, 900);
	core_register(&c, CORE_PHONE, "x");
	notify(&c, 2, true);
	core_wait(&c, 40000);
	n = restart(&c, 1100);
	is_int((long long)n.dialogs, 0, "it has expired while we were away");
	core_register(&c, CORE_PHONE, "x");
	core_receive(&c, WAN, CORE_PROVIDER, "\r\n\r\n");
	core_forget(&c);
	notify(&c, 3, false);
	finish_all(&c);
}

/* --- the file ----------------------------------------------------------------------------- */

static void test_damaged(void)
{
	struct core c;
	size_t len, bad = 0;
	char *text;
	FILE *f;

	talk(&c);
	save(&c);
	len = file_size();
	text = malloc(len);
	f = fopen(path, "r");
	if (!text || !f || fread(text, 1, len, f) != len || fclose(f) != 0)
		abort();
	begin_anew(&c, 1);
	for (size_t i = 0; i < 2 * len; i++) {
		struct snapshot *s = open_it();
		struct snapshot_count n;
		int err;

		if (i >= len)
			text[i - len] ^= 1;
		f = fopen(path, "w");
		if (!f || fwrite(text, 1, i < len ? i : len, f) != (i < len ? i : len) ||
		    fclose(f) != 0)
			abort();
		if (i >= len)
			text[i - len] ^= 1;
		err = snapshot_load(s, &c.sd, TABLE_HOLDS_PHONES, core_unix_time, &n);
		bad += (i ? err != EBADMSG : err != 0) || n.calls || n.dialogs || n.invites;
		snapshot_close(s);
	}
	is_int((long long)bad, 0, "cut short anywhere, or one bit wrong, it counts as nothing");
	free(text);
	finish_all(&c);
}

static void test_deleted_table(void)
{
	struct core c;
	struct snapshot *s;
	struct snapshot_count n;

	talk(&c);
	core_register(&c, CORE_PHONE_2, "x");
	core_forget(&c);
	save(&c);
	begin_anew(&c, 1);
	s = open_it();
	is_int(snapshot_load(s, &c.sd, TABLE_IS_NEW, core_unix_time, &n), 0,
	    "the table was deleted");
	is_int((long long)n.calls, 0, "so the calls count as nothing");
	is_int(snapshot_load(s, &c.sd, TABLE_IS_EMPTY, core_unix_time, &n), 0, "or emptied");
	is_int((long long)n.calls, 0, "so they count as nothing too");
	is_int(snapshot_load(s, &c.sd, TABLE_HOLDS_PHONES, core_unix_time, &n), 0,
	    "as it should be");
	is_int((long long)n.calls, 1, "they are there");
	snapshot_close(s);
	alice_hangs_up(&c, 2);
	finish_all(&c);
}

static void test_no_room(void)
{
	struct core c;
	struct snapshot_count n;

	talk(&c);
	save(&c);
	core_stop(&c);
	core_init(&c);
	c.config.max_calls = 0;
	core_start(&c, false);
	n = load(&c, 0);
	is_int((long long)n.calls, 0, "limits hold");
	ok(n.lost > 0, "and what is lost is told");
	finish_all(&c);
}

static size_t saves(struct core *c, struct snapshot *s, unsigned seconds)
{
	struct stat before, after;
	size_t n = 0;

	for (; seconds > 0; seconds--) {
		core_wait(c, 1000);
		stat(path, &before);
		snapshot_save(s, &c->sd, core_unix_time, false);
		stat(path, &after);
		n += before.st_ino != after.st_ino;
	}
	return n;
}

static void test_policy(void)
{
	struct core c;
	struct snapshot_count n;
	struct snapshot *s = open_it();

	core_init(&c);
	core_start(&c, false);
	snapshot_save(s, &c.sd, core_unix_time, true);
	is_int((long long)file_size(), 0, "nothing is written before it was read");
	snapshot_load(s, &c.sd, TABLE_IS_NEW, core_unix_time, &n);
	core_wait(&c, 1000);
	snapshot_save(s, &c.sd, core_unix_time, false);
	ok(file_size() > 0, "once it was read it is written");
	is_int((long long)saves(&c, s, 100), 0, "where nothing happens nothing is written");
	alice_invites(&c);
	is_int((long long)saves(&c, s, 1), 1, "a call is written at once");
	core_forget(&c);
	core_wait(&c, 200000);
	core_forget(&c);
	is_int((long long)saves(&c, s, 1), 1, "and that it is over");
	snapshot_close(s);
	finish_all(&c);
}

/* A disk that hangs while somebody else has the gate. */
struct slow_disk {
	pthread_mutex_t gate;
	int err;
};

static int write_slowly(void *arg, struct file *f, const void *data, size_t len)
{
	struct slow_disk *d = arg;
	int err;

	pthread_mutex_lock(&d->gate);
	err = d->err ? d->err : file_write(f, data, len, NULL);
	pthread_mutex_unlock(&d->gate);
	return err;
}

/* The disk hangs, and a call that is made meanwhile is written as soon as it does not. */
static void test_writer(void)
{
	struct slow_disk disk = {PTHREAD_MUTEX_INITIALIZER, 0};
	struct snapshot *s = open_it();
	struct snapshot_count n;
	struct writer *w;
	struct core c;
	size_t len;

	core_init(&c);
	core_start(&c, false);
	if (writer_new(&w, write_slowly, &disk) != 0)
		abort();
	snapshot_load(s, &c.sd, TABLE_IS_NEW, core_unix_time, &n);
	snapshot_set_writer(s, w);
	pthread_mutex_lock(&disk.gate);
	is_int(snapshot_save(s, &c.sd, core_unix_time, false), 0, "handed over");
	alice_invites(&c);
	core_forget(&c);
	is_int((long long)saves(&c, s, 3), 0, "the disk hangs, and we do not");
	pthread_mutex_unlock(&disk.gate);
	for (int i = 0; i < 10000 && (len = file_size()) == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	ok(len > 0, "it goes on");
	for (int i = 0; i < 30 && file_size() == len; i++) {
		saves(&c, s, 1);
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	}
	ok(file_size() > len, "the call is written, too");
	writer_free(w);
	snapshot_set_writer(s, NULL);
	snapshot_close(s);
	begin_anew(&c, 0);
	n = load(&c, 0);
	is_int((long long)n.calls, 1, "as it can be read");
	core_wait(&c, 200000);
	core_stop(&c);
	unlink(path);
}

static void test_heartbeat(void)
{
	struct core c;
	struct snapshot_count n;
	struct snapshot *s;
	size_t written;

	talk(&c);
	s = open_it();
	snapshot_load(s, &c.sd, TABLE_IS_NEW, core_unix_time, &n);
	core_wait(&c, 40000);
	saves(&c, s, 2);
	written = saves(&c, s, 180);
	ok(written == 2 || written == 3, "while there is a call the time is told once a minute");
	snapshot_close(s);
	alice_hangs_up(&c, 2);
	finish_all(&c);
}

/* To the provider, by a name that has two servers; where it went. */
static const char *asks_by_name(struct core *c, unsigned cseq, char to[static ADDR_TEXT_MAX])
{
	char branch[16];

	snprintf(branch, sizeof(branch), "n%u", cseq);
	alice(c, "OPTIONS", "sip:bob@example.net", cseq, branch, "", "", "");
	core_resolve_zone(zone);
	return addr_format(&core_expect(c, WAN, "OPTIONS", "a request")->to, to);
}

static void test_server(void)
{
	char to[ADDR_TEXT_MAX];
	struct core_sent m;
	struct snapshot *s;
	struct core c;
	struct stat before, after;

	core_init(&c);
	core_start(&c, false);
	is_str(asks_by_name(&c, 1, to), "198.51.100.1:5060", "goes to the first server");
	m = kept(&c.sent[c.n_read - 1]);
	core_answer(&c, &m, "503 Overload", "x", "", NULL);
	free(m.text);
	m = kept(core_expect(&c, WAN, "OPTIONS", "which is busy"));
	is_str(addr_format(&m.to, to), "198.51.100.2:5060", "then to the second");
	core_answer(&c, &m, "200 OK", "x", "", NULL);
	free(m.text);
	core_expect(&c, LAN, "SIP/2.0 200", "which answers");
	restart(&c, 5);
	is_str(asks_by_name(&c, 2, to), "198.51.100.2:5060",
	    "the account's server is known after a restart");
	m = kept(&c.sent[c.n_read - 1]);
	core_wait(&c, 40000);
	s = open_it();
	snapshot_load(s, &c.sd, TABLE_IS_NEW, core_unix_time, &(struct snapshot_count){0});
	snapshot_save(s, &c.sd, core_unix_time, true);
	stat(path, &before);
	servers_answered(c.sd.servers, 7, &(struct located){.addr = m.to});
	c.n_read = c.n_sent;
	is_int(snapshot_save(s, &c.sd, core_unix_time, true), 0, "another account");
	stat(path, &after);
	ok(after.st_size > before.st_size, "... is written, too");
	core_wait(&c, 60000);
	servers_answered(c.sd.servers, 7, &(struct located){.addr = m.to});
	is_int(truncate(path, 0), 0, "emptied");
	is_int(snapshot_save(s, &c.sd, core_unix_time, true), 0, "a further answer of the same");
	stat(path, &after);
	is_int(after.st_size, 0, "... is no reason to write");
	snapshot_close(s);
	free(m.text);
	core_stop(&c);
	unlink(path);
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	snprintf(table, sizeof(table), "%s/table", dir);
	snprintf(path, sizeof(path), "%s.calls", table);
	test_call();
	test_other_end();
	test_next_call();
	test_silence();
	test_too_late();
	test_reboot();
	test_clock();
	test_ports_taken();
	test_new_address();
	test_ringing();
	test_unanswered();
	test_ghost();
	test_given_up();
	test_cancel();
	test_accepted();
	test_many_answered();
	test_too_much();
	test_parked();
	test_subscription();
	test_server();
	test_damaged();
	test_deleted_table();
	test_no_room();
	test_policy();
	test_writer();
	test_heartbeat();
	rmdir(dir);
	return tap_done();
}
