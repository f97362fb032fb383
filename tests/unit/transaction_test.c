/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The four state machines of RFC 3261 17, with a given clock and send function. */
#include "proxy/transaction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

struct world {
	struct timers timers;
	struct transactions *ts;
	char sent[64][2048];
	struct addr to[64];
	unsigned n_sent;
	int send_err;
	uint64_t last_connection, dead; /* made; and one that is gone */
	bool stream;                    /* start_client() and start_server() use TCP */
	unsigned responses, timeouts, server_gone, client_gone;
	int last_status;
};

static int on_send(void *arg, const void *data, size_t len, struct hop *hop)
{
	struct world *w = arg;

	if (w->send_err)
		return w->send_err;
	if (hop->connection && hop->connection == w->dead)
		return ENOTCONN;
	if (hop->transport == SIP_TCP && !hop->connection)
		hop->connection = ++w->last_connection;
	if (w->n_sent < 64) {
		snprintf(w->sent[w->n_sent], sizeof(w->sent[0]), "%.*s", (int)len,
		    (const char *)data);
		w->to[w->n_sent++] = hop->peer;
	}
	return 0;
}

static void on_response(void *arg, struct client_txn *ct, struct sip_msg *msg)
{
	struct world *w = arg;

	(void)ct;
	w->responses++;
	w->last_status = msg->status;
}

static void on_timeout(void *arg, struct client_txn *ct)
{
	struct world *w = arg;

	(void)ct;
	w->timeouts++;
}

static void on_server_gone(void *arg, struct server_txn *st)
{
	struct world *w = arg;

	(void)st;
	w->server_gone++;
}

static void on_client_gone(void *arg, struct client_txn *ct)
{
	struct world *w = arg;

	(void)ct;
	w->client_gone++;
}

static void open_world(struct world *w, size_t max)
{
	struct txn_ops ops = {w, on_send, on_response, on_timeout, on_server_gone, on_client_gone};

	memset(w, 0, sizeof(*w));
	timers_init(&w->timers, 1000);
	if (sip_msg_init() != 0 ||
	    transactions_new(&w->ts, &w->timers, &ops, (const uint8_t *)"0123456789abcdef", max) !=
		0)
		abort();
}

static void close_world(struct world *w)
{
	transactions_free(w->ts);
	timers_done(&w->timers);
}

static void pass(struct world *w, uint64_t ms)
{
	uint64_t end = timers_now(&w->timers) + ms;

	for (int64_t next; (next = timers_next_ms(&w->timers, timers_now(&w->timers))) >= 0 &&
	     timers_now(&w->timers) + (uint64_t)next <= end;)
		timers_run(&w->timers, timers_now(&w->timers) + (uint64_t)next);
	timers_run(&w->timers, end);
}

static struct sip_msg *parse(const char *text)
{
	struct sip_msg *msg;
	const char *why;

	if (sip_msg_parse(&msg, text, strlen(text), &why) != SIP_PARSE_OK) {
		printf("Bail out! %s: %s\n", why, text);
		abort();
	}
	return msg;
}

static struct sip_msg *request(const char *method, const char *branch, const char *sent_by)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "%s sip:b@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s\r\n"
	    "Max-Forwards: 70\r\nRoute: <sip:192.0.2.7;lr>\r\nFrom: <sip:a@b>;tag=f\r\n"
	    "To: <sip:b@b>\r\nCall-ID: x\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
	    method, sent_by, branch, method);
	return parse(text);
}

static struct sip_msg *response(const char *status, const char *method, const char *branch)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "SIP/2.0 %s\r\nVia: SIP/2.0/UDP 203.0.113.1;branch=%s\r\nFrom: <sip:a@b>;tag=f\r\n"
	    "To: <sip:b@b>;tag=t\r\nCall-ID: x\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
	    status, branch, method);
	return parse(text);
}

static void make_hop(struct hop *hop)
{
	memset(hop, 0, sizeof(*hop));
	addr_parse(&hop->peer, "192.0.2.7", 5061);
}

/* A response from the other end arrives; false: no transaction takes it. */
static bool feed(struct world *w, const char *status, const char *method, const char *branch)
{
	struct sip_msg *msg = response(status, method, branch);
	struct client_txn *ct = client_txn_find(w->ts, msg);

	if (ct)
		client_txn_received(ct, msg);
	sip_msg_free(msg);
	return ct != NULL;
}

static struct client_txn *start_client(struct world *w, const char *method, int *err)
{
	struct sip_msg *msg = request(method, "z9hG4bKout", "203.0.113.1");
	struct client_txn *ct = NULL;
	struct hop hop;

	make_hop(&hop);
	hop.transport = w->stream ? SIP_TCP : SIP_UDP;
	*err = client_txn_new(w->ts, "z9hG4bKout", msg->method, &hop, msg->data, msg->len, &ct);
	sip_msg_free(msg);
	return ct;
}

static struct server_txn *start_server(struct world *w, const char *method)
{
	struct sip_msg *msg = request(method, "z9hG4bKin", "192.0.2.7:5070");
	struct server_txn *st = NULL;
	struct hop hop;

	make_hop(&hop);
	hop.transport = w->stream ? SIP_TCP : SIP_UDP;
	hop.connection = w->stream ? 77 : 0;
	is_int(server_txn_new(w->ts, msg, &hop, &st), 0, "a server transaction");
	sip_msg_free(msg);
	return st;
}

/* The request comes again, or its ACK. */
static struct server_txn *again(struct world *w, const char *method)
{
	struct sip_msg *msg = request(method, "z9hG4bKin", "192.0.2.7:5070");
	struct server_txn *st = server_txn_find(w->ts, msg, LAN);

	if (st)
		server_txn_retransmitted(st, msg);
	sip_msg_free(msg);
	return st;
}

#define REPLY(w, st, status, text) server_txn_respond((st), (status), (text), strlen(text))

/* --- server ------------------------------------------------------------------------------- */

static void test_server_invite(void)
{
	struct world w;
	struct server_txn *st;

	open_world(&w, 10);
	st = start_server(&w, "INVITE");
	REPLY(&w, st, 100, "100");
	is_str(w.sent[0], "100", "100 is sent");
	is_int(addr_port(&w.to[0]), 5070, "to the port of the Via");
	again(&w, "INVITE");
	is_int(w.n_sent, 2, "and again for a retransmission");
	again(&w, "ACK");
	is_int(w.n_sent, 2, "an ACK now means nothing");
	REPLY(&w, st, 486, "486");
	pass(&w, 600);
	is_int(w.n_sent, 4, "timer G repeats the failure after 500 ms");
	pass(&w, 1000);
	is_int(w.n_sent, 5, "then after a second");
	pass(&w, 6000);
	is_int(w.n_sent, 7, "after 2 and 4");
	again(&w, "INVITE");
	is_int(w.n_sent, 8, "and for each retransmission");
	REPLY(&w, st, 404, "404");
	is_int(w.n_sent, 8, "there is one final answer");
	ok(again(&w, "ACK") == st, "the ACK finds it");
	pass(&w, 4000);
	is_int(w.n_sent, 8, "and ends that");
	again(&w, "INVITE");
	is_int(w.n_sent, 8, "in Confirmed nothing is repeated");
	is_int(w.server_gone, 0, "it absorbs for five seconds");
	pass(&w, 1100);
	is_int(w.server_gone, 1, "timer I ends it");
	ok(again(&w, "INVITE") == NULL, "it is gone");
	close_world(&w);

	open_world(&w, 10);
	st = start_server(&w, "INVITE");
	REPLY(&w, st, 486, "486");
	pass(&w, 32100);
	is_int(w.server_gone, 1, "without an ACK timer H ends it");
	close_world(&w);
}

static void test_server_accepted(void)
{
	struct world w;
	struct server_txn *st;

	open_world(&w, 10);
	st = start_server(&w, "INVITE");
	REPLY(&w, st, 200, "200 a");
	again(&w, "INVITE");
	is_int(w.n_sent, 1, "RFC 6026: a retransmission is absorbed");
	REPLY(&w, st, 200, "200 b");
	is_str(w.sent[1], "200 b", "a further 2xx is sent");
	REPLY(&w, st, 486, "486");
	is_int(w.n_sent, 2, "a failure is not");
	pass(&w, 31000);
	is_int(w.n_sent, 2, "we repeat no 2xx: the far end does");
	pass(&w, 1100);
	is_int(w.server_gone, 1, "timer L ends it");
	close_world(&w);
}

static void test_server_other(void)
{
	struct world w;
	struct server_txn *st;

	open_world(&w, 10);
	st = start_server(&w, "OPTIONS");
	again(&w, "OPTIONS");
	is_int(w.n_sent, 0, "before an answer a retransmission is absorbed");
	REPLY(&w, st, 200, "200");
	again(&w, "OPTIONS");
	is_int(w.n_sent, 2, "afterwards it is answered again");
	pass(&w, 31000);
	is_int(w.server_gone, 0, "for 32 seconds");
	is_int(w.n_sent, 2, "but never by itself");
	pass(&w, 1100);
	is_int(w.server_gone, 1, "timer J");
	st = start_server(&w, "OPTIONS");
	server_txn_linger(st);
	ok(again(&w, "OPTIONS") == st, "one that is not answered goes on absorbing");
	pass(&w, 32100);
	is_int(w.server_gone, 2, "and ends");
	st = start_server(&w, "OPTIONS");
	server_txn_abandon(st);
	is_int(w.server_gone, 3, "or is forgotten at once");
	start_server(&w, "INVITE");
	pass(&w, 25ull * 3600 * 1000);
	is_int(w.server_gone, 4, "even one whose owner forgot it ends some day");
	close_world(&w);
}

static void test_server_matching(void)
{
	static const struct {
		const char *method, *branch, *sent_by;
		bool same;
	} cases[] = {
	    {"INVITE", "z9hG4bKin", "192.0.2.7:5070", true},
	    {"ACK", "z9hG4bKin", "192.0.2.7:5070", true},
	    {"INVITE", "z9hG4bKi", "192.0.2.7:5070", false},
	    {"INVITE", "z9hG4bKin", "192.0.2.7", false},
	    {"INVITE", "z9hG4bKin", "192.0.2.8:5070", false},
	    {"OPTIONS", "z9hG4bKin", "192.0.2.7:5070", false},
	    {"CANCEL", "z9hG4bKin", "192.0.2.7:5070", false},
	};
	struct world w;
	struct sip_msg *msg;
	struct server_txn *st;
	struct hop hop;

	open_world(&w, 10);
	st = start_server(&w, "INVITE");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		msg = request(cases[i].method, cases[i].branch, cases[i].sent_by);
		is_int(server_txn_find(w.ts, msg, LAN) == st, cases[i].same, "17.2.3");
		sip_msg_free(msg);
	}
	msg = request("CANCEL", "z9hG4bKin", "192.0.2.7:5070");
	ok(server_txn_find_cancelled(w.ts, msg, LAN) == st, "a CANCEL finds the INVITE");
	sip_msg_free(msg);
	msg = request("INVITE", "old", "192.0.2.7");
	make_hop(&hop);
	is_int(server_txn_new(w.ts, msg, &hop, &st), 0, "an RFC 2543 client's branch");
	ok(server_txn_find(w.ts, msg, LAN) == st, "is found by Call-ID, tag and CSeq");
	sip_msg_free(msg);
	msg = request("ACK", "old", "192.0.2.7");
	ok(server_txn_find(w.ts, msg, LAN) == st, "and so is its ACK");
	sip_msg_free(msg);
	close_world(&w);
	is_int(w.server_gone, 2, "the end tells of each");
}

/* --- client ------------------------------------------------------------------------------- */

static void test_client_invite(void)
{
	struct world w;
	int err;

	open_world(&w, 10);
	start_client(&w, "INVITE", &err);
	is_int(err, 0, "a client transaction");
	is_int(w.n_sent, 1, "sends at once");
	start_client(&w, "INVITE", &err);
	is_int(err, EEXIST, "its branch is taken");
	pass(&w, 31600);
	is_int(w.n_sent, 7, "timer A: 0, .5, 1.5, 3.5, 7.5, 15.5, 31.5");
	is_int(w.timeouts, 0, "not yet");
	pass(&w, 500);
	is_int(w.timeouts, 1, "timer B");
	is_int(w.client_gone, 1, "and it is gone");

	start_client(&w, "INVITE", &err);
	w.n_sent = 0;
	ok(feed(&w, "180 Ringing", "INVITE", "z9hG4bKout"), "it rings");
	is_int(w.responses, 1, "which the core hears");
	pass(&w, 600000);
	is_int(w.n_sent, 0, "no more retransmissions");
	is_int(w.timeouts, 1, "and no timer B");
	feed(&w, "486 Busy", "INVITE", "z9hG4bKout");
	is_int(w.last_status, 486, "busy");
	ok(strncmp(w.sent[0],
	       "ACK sip:b@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1;branch="
	       "z9hG4bKout\r\n",
	       75) == 0,
	    "the ACK has the INVITE's Via");
	ok(strstr(w.sent[0], "\r\nTo: <sip:b@b>;tag=t\r\n") &&
		strstr(w.sent[0], "\r\nCSeq: 1 ACK\r\n") &&
		strstr(w.sent[0], "\r\nRoute: <sip:192.0.2.7;lr>\r\n"),
	    "the response's To, its own CSeq, the Route");
	feed(&w, "486 Busy", "INVITE", "z9hG4bKout");
	is_int(w.n_sent, 2, "a repeated failure gets a repeated ACK");
	is_int(w.responses, 2, "and nobody else hears of it");
	feed(&w, "200 OK", "INVITE", "z9hG4bKout");
	is_int(w.responses, 2, "a 2xx behind a failure neither");
	pass(&w, 32100);
	is_int(w.client_gone, 2, "timer D");
	ok(!feed(&w, "486 Busy", "INVITE", "z9hG4bKout"), "then it is a stray");

	start_client(&w, "INVITE", &err);
	feed(&w, "200 OK", "INVITE", "z9hG4bKout");
	feed(&w, "200 OK", "INVITE", "z9hG4bKout");
	is_int(w.responses, 4, "each 2xx is handed up");
	feed(&w, "180 Ringing", "INVITE", "z9hG4bKout");
	is_int(w.responses, 4, "a late 180 is not");
	pass(&w, 32100);
	is_int(w.client_gone, 3, "timer M");
	close_world(&w);
}

static void test_client_other(void)
{
	struct world w;
	int err;

	open_world(&w, 10);
	start_client(&w, "OPTIONS", &err);
	pass(&w, 12000);
	is_int(w.n_sent, 6, "timer E: 0, .5, 1.5, 3.5, 7.5, 11.5");
	feed(&w, "100 Trying", "OPTIONS", "z9hG4bKout");
	pass(&w, 8000);
	is_int(w.n_sent, 8, "goes on every four seconds while it is tried");
	ok(!feed(&w, "200 OK", "INVITE", "z9hG4bKout"), "another method is no answer to it");
	feed(&w, "200 OK", "OPTIONS", "z9hG4bKout");
	is_int(w.last_status, 200, "the answer");
	feed(&w, "200 OK", "OPTIONS", "z9hG4bKout");
	is_int(w.responses, 2, "counts once");
	pass(&w, 5100);
	is_int(w.client_gone, 1, "timer K");
	start_client(&w, "OPTIONS", &err);
	pass(&w, 32100);
	is_int(w.timeouts, 1, "timer F");
	w.send_err = 101;
	start_client(&w, "OPTIONS", &err);
	is_int(err, 0, "a failed send is no error at once");
	is_int(w.timeouts, 1, "but");
	pass(&w, 1);
	is_int(w.timeouts, 2, "a timeout from the loop");
	is_int((long long)transactions_count(w.ts), 0, "nothing stays");
	close_world(&w);
}

/* Answers `n` OPTIONS as server, each of its own branch. */
static void answer_options(struct world *w, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		struct server_txn *st;
		struct sip_msg *req;
		struct hop hop;
		char branch[32];

		snprintf(branch, sizeof(branch), "z9hG4bKn%u", i);
		req = request("OPTIONS", branch, "192.0.2.5");
		make_hop(&hop);
		if (server_txn_new(w->ts, req, &hop, &st) == 0)
			server_txn_respond(st, 200, "ok", 2);
		sip_msg_free(req);
		pass(w, 1);
	}
}

static bool is_known(struct world *w, unsigned i)
{
	char branch[32];
	struct sip_msg *req;
	bool known;

	snprintf(branch, sizeof(branch), "z9hG4bKn%u", i);
	req = request("OPTIONS", branch, "192.0.2.5");
	known = server_txn_find(w->ts, req, LAN) != NULL;
	sip_msg_free(req);
	return known;
}

/* What is answered takes no room from what is not; of it there is a bounded number, too. */
static void test_lingering(void)
{
	const unsigned max = 10, lingering = max * TXN_LINGER_FACTOR;
	struct world w;
	int err;

	open_world(&w, max);
	answer_options(&w, 0, lingering);
	is_int((long long)transactions_count(w.ts), lingering, "all that is answered lingers");
	is_int(w.server_gone, 0, "none goes early");
	ok(!transactions_half_full(w.ts) && !transactions_nearly_full(w.ts),
	    "and there is room for others");
	ok(is_known(&w, 0), "the first one still absorbs its repetitions");
	answer_options(&w, lingering, 3);
	is_int((long long)transactions_count(w.ts), lingering, "with more of them the oldest go");
	ok(!is_known(&w, 2) && is_known(&w, 3), "these, and no others");
	start_client(&w, "INVITE", &err);
	feed(&w, "200 OK", "INVITE", "z9hG4bKout");
	pass(&w, 1);
	ok(!is_known(&w, 3) && is_known(&w, 4), "also for a client's");
	pass(&w, 5000);
	start_client(&w, "OPTIONS", &err);
	is_int(err, 0, "a new one is taken");
	pass(&w, 27000);
	is_int(w.timeouts, 0, "and waits in peace");
	is_int((long long)transactions_count(w.ts), 1, "while the others come to their end");
	close_world(&w);

	open_world(&w, 1);
	start_client(&w, "INVITE", &err);
	start_client(&w, "OPTIONS", &err);
	is_int(err, ENOSPC, "one that waits counts");
	feed(&w, "486 Busy Here", "INVITE", "z9hG4bKout");
	start_client(&w, "OPTIONS", &err);
	is_int(err, 0, "no more when it has its answer");
	close_world(&w);
}

static void test_cancel(void)
{
	struct world w;
	struct client_txn *ct;
	int err;

	open_world(&w, 2);
	ct = start_client(&w, "INVITE", &err);
	client_txn_cancel(ct);
	is_int(w.n_sent, 1, "a CANCEL waits for a provisional response (9.1)");
	feed(&w, "100 Trying", "INVITE", "z9hG4bKout");
	ok(strncmp(w.sent[1],
	       "CANCEL sip:b@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1;branch="
	       "z9hG4bKout\r\n",
	       78) == 0,
	    "then it goes, with the INVITE's Via");
	ok(strstr(w.sent[1], "\r\nTo: <sip:b@b>\r\n") != NULL, "and To");
	client_txn_cancel(ct);
	is_int((long long)transactions_count(w.ts), 2, "once");
	feed(&w, "200 OK", "CANCEL", "z9hG4bKout");
	is_int(w.last_status, 200, "its answer is told from the INVITE's");
	pass(&w, 32100);
	is_int(w.timeouts, 1, "a cancelled INVITE ends 32 seconds later all the same");
	is_int((long long)transactions_count(w.ts), 0, "and is gone");
	close_world(&w);

	open_world(&w, 1);
	ct = start_client(&w, "INVITE", &err);
	feed(&w, "180 Ringing", "INVITE", "z9hG4bKout");
	client_txn_cancel(ct);
	ok(strncmp(w.sent[1], "CANCEL ", 7) == 0, "with no room for a transaction it is sent once");
	ct = start_client(&w, "OPTIONS", &err);
	is_int(err, ENOSPC, "which a new request is not");
	close_world(&w);
}

static void test_branch(void)
{
	struct world w;
	struct sip_msg *invite, *cancel, *other;
	char a[64], b[64];

	open_world(&w, 10);
	invite = request("INVITE", "z9hG4bKin", "192.0.2.7:5070");
	cancel = request("CANCEL", "z9hG4bKin", "192.0.2.7:5070");
	other = request("INVITE", "z9hG4bKin2", "192.0.2.7:5070");
	txn_branch(w.ts, invite, "target", a);
	is_int((long long)strlen(a), 7 + 32, "a branch of 128 bits");
	txn_branch(w.ts, invite, "target", b);
	is_str(b, a, "is the same for a retransmission");
	txn_branch(w.ts, cancel, "target", b);
	is_str(b, a, "and the CANCEL");
	txn_branch(w.ts, invite, "another", b);
	ok(strcmp(a, b) != 0, "another for another target");
	txn_branch(w.ts, other, "target", b);
	ok(strcmp(a, b) != 0, "and for another request");
	sip_msg_free(invite);
	sip_msg_free(cancel);
	sip_msg_free(other);
	close_world(&w);
}

/* --- streams ------------------------------------------------------------------------------ */

static void open_stream_world(struct world *w)
{
	open_world(w, 10);
	w->stream = true;
}

/* Nothing is sent twice over TCP, and nothing is waited for that cannot come (17.1, 17.2). */
static void test_stream_client(void)
{
	struct world w;
	int err;

	open_stream_world(&w);
	start_client(&w, "INVITE", &err);
	pass(&w, 31000);
	is_int(w.n_sent, 1, "an INVITE over TCP is sent once");
	pass(&w, 1100);
	is_int(w.timeouts, 1, "timer B runs all the same");
	start_client(&w, "INVITE", &err);
	feed(&w, "486 Busy", "INVITE", "z9hG4bKout");
	is_int(w.n_sent, 3, "a failure is acknowledged");
	pass(&w, 1);
	is_int((long long)transactions_count(w.ts), 0, "... and that was it: timer D is zero");
	start_client(&w, "OPTIONS", &err);
	pass(&w, 20000);
	is_int(w.n_sent, 4, "an OPTIONS is sent once");
	feed(&w, "200 OK", "OPTIONS", "z9hG4bKout");
	pass(&w, 1);
	is_int((long long)transactions_count(w.ts), 0, "... timer K is zero");
	start_client(&w, "INVITE", &err);
	feed(&w, "200 OK", "INVITE", "z9hG4bKout");
	pass(&w, 20000);
	ok(feed(&w, "200 OK", "INVITE", "z9hG4bKout"), "a 2xx may come again (RFC 6026)");
	is_int(w.last_status, 200, "... and passes");
	close_world(&w);
}

static void test_stream_server(void)
{
	struct world w;
	struct server_txn *st;

	open_stream_world(&w);
	st = start_server(&w, "INVITE");
	REPLY(&w, st, 486, "486");
	pass(&w, 10000);
	is_int(w.n_sent, 1, "a failure over TCP is sent once");
	is_int(addr_port(&w.to[0]), 5061, "... to where the request came from, not to its Via");
	ok(again(&w, "ACK") == st, "its ACK is awaited");
	pass(&w, 1);
	is_int((long long)transactions_count(w.ts), 0, "... and that was it: timer I is zero");
	st = start_server(&w, "OPTIONS");
	REPLY(&w, st, 200, "200");
	pass(&w, 1);
	is_int((long long)transactions_count(w.ts), 0, "timer J is zero");
	close_world(&w);
}

/* The connection that a request came by is gone: RFC 3261 18.2.2. */
static void test_stream_reply(void)
{
	struct world w;
	struct server_txn *st;

	open_stream_world(&w);
	st = start_server(&w, "INVITE");
	ok(transactions_use(w.ts, 77), "a transaction relies on its connection");
	REPLY(&w, st, 180, "180");
	is_int(addr_port(&w.to[0]), 5061, "18x goes by the connection");
	w.dead = 77;
	REPLY(&w, st, 200, "200");
	is_str(w.sent[1], "200", "the 200 finds another way");
	is_int(addr_port(&w.to[1]), 5070, "... to the port of the Via");
	ok(!transactions_use(w.ts, 77) && transactions_use(w.ts, w.last_connection),
	    "... and that connection is its own now");
	REPLY(&w, st, 200, "200 again");
	is_int((long long)w.last_connection, 1, "... for what follows, too");
	close_world(&w);
}

/* And the one that a request went by: 18.4. */
static void test_stream_lost(void)
{
	struct world w;
	struct client_txn *ct;
	int err;

	open_stream_world(&w);
	ct = start_client(&w, "INVITE", &err);
	is_int((long long)ct->hop.connection, 1, "it knows by which connection it went");
	ok(transactions_use(w.ts, 1), "... and relies on it");
	transactions_lost(w.ts, 2);
	pass(&w, 1);
	is_int(w.timeouts, 0, "another one may end");
	transactions_lost(w.ts, 1);
	ok(ct->unsent, "when this one ends, nobody has got the request");
	pass(&w, 1);
	is_int(w.timeouts, 1, "... which is told");
	is_int((long long)transactions_count(w.ts), 0, "... and over");

	ct = start_client(&w, "INVITE", &err);
	feed(&w, "180 Ringing", "INVITE", "z9hG4bKout");
	transactions_lost(w.ts, ct->hop.connection);
	pass(&w, 1000);
	is_int(w.timeouts, 1, "one that rings may answer by another connection");
	ok(feed(&w, "200 OK", "INVITE", "z9hG4bKout"), "... and does");
	close_world(&w);
}

int main(void)
{
	test_server_invite();
	test_server_accepted();
	test_server_other();
	test_server_matching();
	test_client_invite();
	test_client_other();
	test_lingering();
	test_cancel();
	test_branch();
	test_stream_client();
	test_stream_server();
	test_stream_reply();
	test_stream_lost();
	return tap_done();
}
