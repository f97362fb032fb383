/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/resolver.h"

#include <ares.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/udp.h"
#include "tap.h"

/* A name server on loopback, driven by the same loop: what it says depends on the name. */
static struct loop *loop;
static struct resolver *resolver;
static int server_fd, asked;
static struct addr held_peer; /* who asked for "held.test", which is answered on demand */
static unsigned char held_reply[512];
static size_t held_len;

#define TYPE_A    1
#define TYPE_AAAA 28

static size_t put16(unsigned char *p, unsigned value)
{
	p[0] = (unsigned char)(value >> 8);
	p[1] = (unsigned char)value;
	return 2;
}

/* An SRV or NAPTR record that is told by its answer's number. */
static size_t put_rdata(unsigned char *p, unsigned type, unsigned i)
{
	static const char srv_target[] = "\1s\4test",
			  naptr_end[] = "\1S\7SIP+D2U\0\4_sip\4_udp\4test";
	size_t n = 2;

	n += put16(p + n, 10 * (i + 1)); /* priority, order */
	n += put16(p + n, 50 + i);       /* weight, preference */
	if (type == DNS_SRV) {
		n += put16(p + n, 5060 + i);
		memcpy(p + n, srv_target, sizeof(srv_target));
		n += sizeof(srv_target);
	} else {
		memcpy(p + n, naptr_end, sizeof(naptr_end));
		n += sizeof(naptr_end);
	}
	put16(p, (unsigned)n - 2);
	return n;
}

static size_t put_record(unsigned char *p, unsigned type, unsigned ttl, unsigned last)
{
	static const unsigned char v6[15] = {0x20, 0x01, 0x0d, 0xb8};
	size_t n = put16(p, 0xc00c); /* the question's name */

	n += put16(p + n, type);
	n += put16(p + n, 1);
	n += put16(p + n, ttl >> 16);
	n += put16(p + n, ttl & 0xffff);
	if (type == DNS_SRV || type == DNS_NAPTR)
		return n + put_rdata(p + n, type, last - 1);
	n += put16(p + n, type == TYPE_A ? 4 : 16);
	if (type == TYPE_A) {
		memcpy(p + n, "\xc0\x00\x02", 3); /* 192.0.2.x */
		n += 3;
	} else {
		memcpy(p + n, v6, sizeof(v6));
		n += sizeof(v6);
	}
	p[n++] = (unsigned char)last;
	return n;
}

/* The question's name with dots; returns where its type stands. */
static size_t read_name(const unsigned char *q, size_t len, char *name)
{
	size_t pos = 12, n = 0;

	while (pos < len && q[pos] != 0 && pos + q[pos] < len && n + q[pos] < 255) {
		if (n > 0)
			name[n++] = '.';
		memcpy(name + n, q + pos + 1, q[pos]);
		n += q[pos];
		pos += q[pos] + 1u;
	}
	name[n] = '\0';
	return pos + 1;
}

static void on_question(void *arg, unsigned events)
{
	unsigned char p[2048];
	char name[256];
	struct udp_from from;
	size_t len, end;
	unsigned type, answers = 0, code = 0, cut = 0, ttl = 60;

	(void)arg;
	(void)events;
	if (udp_recv(server_fd, p, 512, &len, &from) != 0 || len < 17)
		return;
	asked++;
	end = read_name(p, len, name);
	type = p[end] << 8 | p[end + 1];
	end += 4;
	if (strcmp(name, "silent.test") == 0)
		return;
	if (strcmp(name, "garbage.test") == 0)
		end = 13;
	else if (strcmp(name, "both.test") == 0 ||
	    (strcmp(name, "v4.test") == 0 && type == TYPE_A) || strncmp(name, "n", 1) == 0 ||
	    strcmp(name, "held.test") == 0 || strcmp(name, "twice.test") == 0)
		answers = 2;
	else if (strcmp(name, "many.test") == 0)
		answers = 25;
	else if (strcmp(name, "_sip._udp.test") == 0 || strcmp(name, "naptr.test") == 0)
		answers = 2;
	else if (strncmp(name, "cut", 3) == 0) {
		answers = 2;
		cut = (unsigned)atoi(name + 3);
	} else if (strcmp(name, "failing.test") == 0)
		code = 2;
	else if (strcmp(name, "v4.test") != 0)
		code = 3;
	if (strcmp(name, "n-short.test") == 0)
		ttl = 0;
	for (unsigned i = 0; i < answers; i++)
		end += put_record(p + end, type, ttl, strcmp(name, "twice.test") == 0 ? 1 : i + 1);
	p[2] = 0x81;
	p[3] = (unsigned char)(0x80 | code);
	put16(p + 6, answers);
	put16(p + 8, 0);
	put16(p + 10, 0);
	end -= cut;
	if (strcmp(name, "held.test") == 0) {
		held_peer = from.peer;
		memcpy(held_reply, p, end);
		held_len = end;
		return;
	}
	udp_send(server_fd, p, end, NULL, &from.peer);
}

struct answer {
	int calls, err;
	struct addr addr[40];
	size_t count;
	struct resolver_query *query, *other;
};

static void on_answer(void *arg, int err, const struct addr *addr, size_t count)
{
	struct answer *a = arg;

	a->calls++;
	a->err = err;
	a->count = count < 40 ? count : 40;
	if (a->count > 0)
		memcpy(a->addr, addr, a->count * sizeof(*addr));
}

static void run_until(const int *calls, int want)
{
	for (int i = 0; i < 2000 && *calls < want; i++)
		loop_once(loop, 100);
}

static int look_up(const char *host, int family, struct answer *a)
{
	int err;

	memset(a, 0, sizeof(*a));
	err = resolver_lookup(resolver, host, family, 5060, on_answer, a, &a->query);
	if (err == 0)
		run_until(&a->calls, 1);
	return err;
}

static const char *text_of(const struct answer *a)
{
	static char text[200];
	char one[ADDR_TEXT_MAX];

	text[0] = '\0';
	for (size_t i = 0; i < a->count && i < 4; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 0 ? " " : "",
		    addr_format(&a->addr[i], one));
	return text;
}

static void open_resolver(int timeout_ms)
{
	struct resolver_options options = {.timeout_ms = timeout_ms, .tries = 1};
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	char servers[64];

	while (recv(server_fd, servers, sizeof(servers), 0) >= 0)
		continue; /* what an earlier test asked */
	getsockname(server_fd, (struct sockaddr *)&in, &len);
	snprintf(servers, sizeof(servers), "127.0.0.1:%u", ntohs(in.sin_port));
	options.servers = servers;
	if (resolver_new_options(&resolver, loop, &options) != 0)
		exit(99);
	asked = 0;
}

/* For answers that must come, however slow this machine is. */
static void open_patient_resolver(void)
{
	open_resolver(20000);
}

static void test_answers(void)
{
	struct answer a;

	open_patient_resolver();
	is_int(look_up("both.test", AF_INET, &a), 0, "IPv4");
	is_int(a.err, 0, "... found");
	is_str(text_of(&a), "192.0.2.1:5060 192.0.2.2:5060",
	    "... with the port, in the server's order");
	look_up("both.test", AF_INET6, &a);
	is_str(text_of(&a), "[2001:db8::1]:5060 [2001:db8::2]:5060", "IPv6");
	look_up("both.test", AF_UNSPEC, &a);
	is_str(text_of(&a), "192.0.2.1:5060 192.0.2.2:5060 [2001:db8::1]:5060 [2001:db8::2]:5060",
	    "both, IPv4 first");
	look_up("v4.test", AF_UNSPEC, &a);
	is_str(text_of(&a), "192.0.2.1:5060 192.0.2.2:5060", "IPv4 alone");
	look_up("v4.test", AF_INET6, &a);
	ok(a.calls == 1 && a.err == ENOENT && a.count == 0, "no address of that family");
	look_up("unknown.test", AF_INET, &a);
	ok(a.calls == 1 && a.err == ENOENT && a.count == 0, "no such name");
	look_up("unknown.test", AF_UNSPEC, &a);
	is_int(a.err, ENOENT, "... in both families");
	look_up("many.test", AF_INET, &a);
	is_int((long long)a.count, 16, "not more than 16 of a family");
	look_up("twice.test", AF_INET, &a);
	is_int((long long)a.count, 1, "an address that comes twice counts once");
	look_up("failing.test", AF_INET, &a);
	ok(a.calls == 1 && a.err == ETIMEDOUT, "a server that fails");
	resolver_free(resolver);
}

struct records {
	int calls, err;
	struct dns_record record[DNS_RECORDS_MAX];
	size_t count;
};

static void on_records(void *arg, int err, const struct dns_record *record, size_t count)
{
	struct records *a = arg;

	a->calls++;
	a->err = err;
	a->count = count;
	if (count > 0)
		memcpy(a->record, record, count * sizeof(*record));
}

static int look_up_records(const char *host, int type, struct records *a)
{
	int err;

	memset(a, 0, sizeof(*a));
	err = resolver_lookup_records(resolver, host, type, on_records, a, NULL);
	if (err == 0)
		run_until(&a->calls, 1);
	return err;
}

static void test_records(void)
{
	struct resolver_query *query;
	struct records a, b;
	int before;

	open_patient_resolver();
	is_int(look_up_records("_SIP._udp.test.", DNS_SRV, &a), 0, "SRV");
	is_int((long long)a.count, 2, "... two records");
	ok(a.record[0].rank == 10 && a.record[0].weight == 50 && a.record[0].port == 5060,
	    "... priority, weight, port");
	ok(a.record[1].rank == 20 && a.record[1].port == 5061, "... of each");
	is_str(a.record[1].target, "s.test", "... and target");
	is_int(look_up_records("naptr.test", DNS_NAPTR, &a), 0, "NAPTR");
	is_int((long long)a.count, 2, "... two records");
	ok(a.record[1].rank == 20 && a.record[1].weight == 51 && a.record[1].flag == 's',
	    "... order, preference, flag");
	is_str(a.record[0].service, "sip+d2u", "... service");
	is_str(a.record[0].target, "_sip._udp.test", "... replacement");
	before = asked;
	look_up_records("naptr.test", DNS_NAPTR, &a);
	ok(a.count == 2 && asked == before, "remembered");
	look_up_records("naptr.test", DNS_SRV, &a);
	ok(a.count == 2 && asked > before, "per type");
	look_up_records("unknown.test", DNS_SRV, &a);
	is_int(a.err, ENOENT, "no such name");
	before = asked;
	look_up_records("unknown.test", DNS_SRV, &a);
	ok(a.err == ENOENT && asked == before, "that is remembered too");
	look_up_records("v4.test", DNS_NAPTR, &a);
	is_int(a.err, ENOENT, "a name without such records");
	look_up_records("failing.test", DNS_SRV, &a);
	is_int(a.err, ETIMEDOUT, "a server that fails");
	is_int(look_up_records("a b", DNS_SRV, &a), EINVAL, "no name");
	is_int(look_up_records("a.test", AF_INET, &a), EINVAL, "no type of records");

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	resolver_lookup_records(resolver, "n1.test", DNS_SRV, on_records, &a, &query);
	resolver_lookup_records(resolver, "n1.test", DNS_SRV, on_records, &b, NULL);
	resolver_cancel(query);
	run_until(&b.calls, 1);
	ok(a.calls == 0 && b.calls == 1 && b.count == 2, "cancelled");
	resolver_free(resolver);
}

/* Over TCP there may be more than we take. */
static void test_many_records(void)
{
	static const unsigned char question[] = "\1x\4test\0\0\041\0";
	unsigned char p[4096] = {0, 0, 0x81, 0x80, 0, 1, 0, 40};
	size_t len = 12 + sizeof(question);
	struct dns_answer a;

	memcpy(p + 12, question, sizeof(question));
	p[len - 1] = 1;
	for (unsigned i = 0; i < 40; i++)
		len += put_record(p + len, DNS_SRV, 99999, i + 1);
	dns_answer_records(&a, DNS_SRV, ARES_SUCCESS, p, len);
	is_int((long long)a.count, DNS_RECORDS_MAX, "not more than we take");
	is_int(a.ttl_s, 3600, "nor for longer than an hour");
	dns_answer_done(&a);
	dns_answer_records(&a, DNS_NAPTR, ARES_SUCCESS, p, len);
	is_int(a.err, ENOENT, "records of another type are none");
	is_int(a.ttl_s, 60, "for a while");
	dns_answer_done(&a);
	dns_answer_records(&a, DNS_SRV, ARES_ESERVFAIL, NULL, 0);
	is_int(a.ttl_s, 10, "a failure is not believed for so long");
	dns_answer_records(&a, DNS_SRV, ARES_SUCCESS, p, 5);
	ok(a.err != 0 && a.count == 0, "less than a header");
	dns_answer_done(&a);
}

/* What a hostile server may send: more than fits, and what ends anywhere. */
static void test_hostile_records(void)
{
	static const int types[] = {DNS_SRV, DNS_NAPTR};
	struct records a;
	char name[32];
	int before;

	open_patient_resolver();
	test_many_records();
	look_up_records("n-short.test", DNS_SRV, &a);
	before = asked;
	look_up_records("n-short.test", DNS_SRV, &a);
	is_int(asked, before, "a time to live of 0 s is a few");
	resolver_free(resolver);

	open_resolver(200); /* some of these c-ares takes for none, and waits on */
	for (int cut = 1; cut < 60; cut++) {
		snprintf(name, sizeof(name), "cut%d.test", cut);
		look_up_records(name, types[cut % 2], &a);
		if (a.calls != 1 || a.err == 0 || a.count != 0)
			break;
	}
	ok(a.calls == 1 && a.err != 0 && a.count == 0, "an answer that is cut short is none");
	resolver_free(resolver);
}

static void test_silence(void)
{
	struct answer a;

	open_resolver(20);
	look_up("silent.test", AF_INET, &a);
	ok(a.calls == 1 && a.err == ETIMEDOUT, "silence");
	look_up("garbage.test", AF_INET, &a);
	ok(a.calls == 1 && a.err == ETIMEDOUT, "garbage");
	look_up("silent.test", AF_UNSPEC, &a);
	ok(a.calls == 1 && a.err == ETIMEDOUT, "silence for both families");
	resolver_free(resolver);
}

static void test_names(void)
{
	static const char *const bad[] = {"", ".", "..", "a..b", ".a", "a b", "a/b", "a:5060",
	    "999.1.1.1", "1.2.3", "12", "sip:a", "a\nb", "\xc3\xa4.test", "a,b", "[::1", "a.5",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test"};
	char long_name[300];
	struct answer a;
	int before;

	open_patient_resolver();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(look_up(bad[i], AF_INET, &a), EINVAL, "no host name");
	ok(a.query == NULL, "... gives no query");
	for (size_t i = 0; i < sizeof(long_name) - 1; i++)
		long_name[i] = i % 10 == 9 ? '.' : 'n';
	long_name[254] = '\0';
	is_int(look_up(long_name, AF_INET, &a), EINVAL, "too long a name");
	long_name[253] = '\0';
	is_int(look_up(long_name, AF_INET, &a), 0, "the longest name");

	is_int(look_up("192.0.2.9", AF_INET, &a), 0, "a literal");
	is_str(text_of(&a), "192.0.2.9:5060", "... is its own answer");
	look_up("[2001:db8::9]", AF_UNSPEC, &a);
	is_str(text_of(&a), "[2001:db8::9]:5060", "... in brackets too");
	look_up("192.0.2.9", AF_INET6, &a);
	is_int(a.err, ENOENT, "... but not of another family");
	memset(&a, 0, sizeof(a));
	resolver_lookup(resolver, "192.0.2.9", AF_INET, 1, on_answer, &a, NULL);
	is_int(a.calls, 0, "... and not before the loop runs");
	loop_once(loop, 0);
	is_int(a.calls, 1, "... then once");

	look_up("Both.TEST.", AF_INET, &a);
	is_int((long long)a.count, 2, "capitals and the root's dot");
	before = asked;
	look_up("both.test", AF_INET, &a);
	ok(a.count == 2 && asked == before, "... are the same name");
	resolver_free(resolver);
}

static void test_cache(void)
{
	struct addr addr[8];
	struct answer a, b;
	char text[ADDR_TEXT_MAX], name[32];
	size_t n;
	int before;

	open_patient_resolver();
	is_int(resolver_cached(resolver, "both.test", AF_INET, 7, addr, 8, &n), ENOENT,
	    "not yet known");
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	resolver_lookup(resolver, "both.test", AF_INET, 1, on_answer, &a, NULL);
	resolver_lookup(resolver, "both.test", AF_INET, 2, on_answer, &b, NULL);
	is_int(resolver_cached(resolver, "both.test", AF_INET, 7, addr, 8, &n), ENOENT,
	    "under way");
	run_until(&a.calls, 1);
	run_until(&b.calls, 1);
	is_int(asked, 1, "two equal queries ask once");
	is_str(text_of(&b), "192.0.2.1:2 192.0.2.2:2", "... each gets its port");
	is_int(resolver_cached(resolver, "both.test", AF_INET, 7, addr, 1, &n), 0, "known");
	is_int((long long)n, 1, "... as many as wanted");
	is_str(addr_format(&addr[0], text), "192.0.2.1:7", "... with the port");
	look_up("both.test", AF_INET, &a);
	is_int(asked, 1, "a second query asks nobody");
	timers_set_now(loop_timers(loop), timers_now(loop_timers(loop)) + 59 * 1000);
	is_int(resolver_cached(resolver, "both.test", AF_INET, 7, addr, 8, &n), 0, "59 s later");
	timers_set_now(loop_timers(loop), timers_now(loop_timers(loop)) + 2 * 1000);
	is_int(resolver_cached(resolver, "both.test", AF_INET, 7, addr, 8, &n), ENOENT,
	    "61 s later");

	look_up("unknown.test", AF_INET, &a);
	before = asked;
	look_up("unknown.test", AF_INET, &a);
	ok(a.err == ENOENT && asked == before, "a failure is remembered too");
	is_int(resolver_cached(resolver, "unknown.test", AF_INET, 7, addr, 8, &n), ENOENT,
	    "... and is no answer");
	timers_set_now(loop_timers(loop), timers_now(loop_timers(loop)) + 11 * 1000);
	look_up("unknown.test", AF_INET, &a);
	ok(asked > before, "... for 10 s");
	is_int(resolver_cached(resolver, "192.0.2.3", AF_INET, 7, addr, 8, &n), 0, "a literal");
	is_int(resolver_cached(resolver, "192.0.2.3", AF_INET6, 7, addr, 8, &n), ENOENT,
	    "of one family");
	is_int(resolver_cached(resolver, "a b", AF_INET6, 7, addr, 8, &n), ENOENT, "no name");

	for (int i = 0; i <= 1024; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		look_up(name, AF_INET, &a);
		if (a.count != 2)
			break;
	}
	is_int((long long)a.count, 2, "more names than the cache holds");
	is_int(resolver_cached(resolver, "n0.test", AF_INET, 7, addr, 8, &n), ENOENT,
	    "the oldest is gone");
	is_int(resolver_cached(resolver, "n1.test", AF_INET, 7, addr, 8, &n), 0, "the next is not");
	resolver_free(resolver);
}

static void cancel_both(void *arg, int err, const struct addr *addr, size_t count)
{
	struct answer *a = arg;

	on_answer(a, err, addr, count);
	resolver_cancel(a->query);
	resolver_cancel(a->other);
}

static void free_all(void *arg, int err, const struct addr *addr, size_t count)
{
	on_answer(arg, err, addr, count);
	resolver_free(resolver);
	resolver = NULL;
	((struct answer *)arg)->addr[0] = addr[0]; /* still there until the callback returns */
}

static void ask_again(void *arg, int err, const struct addr *addr, size_t count)
{
	struct answer *a = arg;

	on_answer(a, err, addr, count);
	resolver_lookup(resolver, "192.0.2.1", AF_INET, 1, ask_again, a, &a->query);
}

static void test_cancel(void)
{
	struct answer a = {0}, b = {0}, c = {0};

	open_patient_resolver();
	resolver_lookup(resolver, "both.test", AF_UNSPEC, 1, on_answer, &a, &a.query);
	resolver_cancel(a.query);
	resolver_lookup(resolver, "both.test", AF_UNSPEC, 1, on_answer, &b, &b.query);
	run_until(&b.calls, 1);
	ok(a.calls == 0 && b.calls == 1, "cancelled while under way");
	resolver_lookup(resolver, "192.0.2.1", AF_INET, 1, on_answer, &a, &a.query);
	resolver_cancel(a.query);
	loop_once(loop, 0);
	is_int(a.calls, 0, "cancelled when ready");
	resolver_cancel(NULL);

	memset(&b, 0, sizeof(b));
	resolver_lookup(resolver, "192.0.2.1", AF_INET, 1, cancel_both, &a, &a.query);
	resolver_lookup(resolver, "192.0.2.2", AF_INET, 1, on_answer, &b, &b.query);
	resolver_lookup(resolver, "192.0.2.3", AF_INET, 1, on_answer, &c, &c.query);
	a.other = b.query;
	run_until(&c.calls, 1);
	ok(a.calls == 1 && b.calls == 0 && c.calls == 1, "a callback cancels itself and another");

	memset(&a, 0, sizeof(a));
	resolver_lookup(resolver, "192.0.2.1", AF_INET, 1, ask_again, &a, &a.query);
	loop_once(loop, 0);
	is_int(a.calls, 1, "a callback that asks again does not hold the loop");
	loop_once(loop, 0);
	is_int(a.calls, 2, "... and is answered");
	resolver_cancel(a.query);
	resolver_free(resolver);
}

static void test_free(void)
{
	struct answer a = {0}, b = {0};

	open_patient_resolver();
	resolver_lookup(resolver, "silent.test", AF_INET, 1, on_answer, &a, NULL);
	resolver_lookup(resolver, "silent.test", AF_UNSPEC, 1, on_answer, &a, NULL);
	resolver_lookup(resolver, "192.0.2.1", AF_INET, 1, on_answer, &a, NULL);
	resolver_free(resolver);
	loop_once(loop, 0);
	is_int(a.calls, 0, "freed with queries under way");

	open_patient_resolver();
	resolver_lookup(resolver, "192.0.2.1", AF_INET, 1, free_all, &a, NULL);
	resolver_lookup(resolver, "192.0.2.2", AF_INET, 1, on_answer, &b, NULL);
	resolver_lookup(resolver, "silent.test", AF_UNSPEC, 1, on_answer, &b, NULL);
	run_until(&a.calls, 1);
	loop_once(loop, 0);
	ok(a.calls == 1 && b.calls == 0 && resolver == NULL, "freed in a callback");
	resolver_free(NULL);
}

static void test_bounds(void)
{
	static struct answer many[600];
	struct answer more = {0};
	int busy = 0, called = 0;
	char name[32];

	open_patient_resolver();
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		resolver_lookup(resolver, name, AF_INET, 1, on_answer, &many[i], NULL);
	}
	for (int round = 0; round < 2000 && called < 600; round++) {
		loop_once(loop, 100);
		for (int i = called = busy = 0; i < 600; i++) {
			called += many[i].calls;
			busy += many[i].err == EBUSY;
		}
	}
	is_int(called, 600, "each query has one callback");
	is_int(busy, 600 - 512, "those beyond the limit are told so");
	look_up("n599.test", AF_INET, &more);
	is_int(more.err, 0, "afterwards there is room again");
	resolver_free(resolver);

	open_patient_resolver();
	for (int i = 0; i < 512; i++) {
		struct resolver_query *q;

		snprintf(name, sizeof(name), "n%d.test", i);
		resolver_lookup(resolver, name, AF_INET, 1, on_answer, &many[i], &q);
		resolver_cancel(q);
	}
	memset(&more, 0, sizeof(more));
	resolver_lookup(resolver, "both.test", AF_INET, 1, on_answer, &more, NULL);
	run_until(&more.calls, 1);
	is_int(more.err, EBUSY, "cancelled questions count while they are under way");
	resolver_free(resolver);
}

static void test_reload(void)
{
	struct answer a = {0}, b;
	struct addr addr[2];
	size_t n;

	open_patient_resolver();
	look_up("both.test", AF_INET, &b);
	held_len = 0;
	resolver_lookup(resolver, "held.test", AF_INET, 1, on_answer, &a, NULL);
	for (int i = 0; i < 200 && held_len == 0; i++)
		loop_once(loop, 100);
	resolver_reload(resolver);
	is_int(resolver_cached(resolver, "both.test", AF_INET, 7, addr, 2, &n), ENOENT,
	    "a reload forgets answers");
	held_len = 0;
	for (int i = 0; i < 200 && held_len == 0; i++)
		loop_once(loop, 100);
	ok(a.calls == 0 && held_len > 0, "... and asks again what is under way");
	udp_send(server_fd, held_reply, held_len, NULL, &held_peer);
	run_until(&a.calls, 1);
	ok(a.calls == 1 && a.err == 0 && a.count == 2, "... which is then answered");
	resolver_free(resolver);
}

static void test_system(void)
{
	struct resolver_options bad = {.servers = "no such server", .timeout_ms = 20, .tries = 1};

	is_int(resolver_new_options(&resolver, loop, &bad), EINVAL, "servers that are none");
	ok(resolver == NULL, "... give no resolver");
	is_int(resolver_new(&resolver, loop), 0, "the system's servers");
	resolver_reload(resolver);
	resolver_reload(resolver);
	resolver_free(resolver);
}

int main(void)
{
	struct addr here;
	int room = 1 << 20;

	addr_parse(&here, "127.0.0.1", 0);
	if (loop_new(&loop) != 0 || udp_open(&here, &server_fd) != 0 ||
	    loop_fd_add(loop, server_fd, LOOP_READ, on_question, NULL) != 0)
		return 99;
	setsockopt(server_fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	test_answers();
	test_records();
	test_hostile_records();
	test_silence();
	test_names();
	test_cancel();
	test_free();
	test_bounds();
	test_reload();
	test_system();
	test_cache(); /* last, since it moves the clock */
	loop_free(loop);
	close(server_fd);
	return tap_done();
}
