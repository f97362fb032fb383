/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 3263 4, with the name server of core.c. */
#include "proxy/locate.h"

#include "core.c"

struct answer {
	int calls, err;
	char text[400];
	struct locate_query *query, *other;
};

static void on_located(void *arg, int err, const struct located *found, size_t count)
{
	struct answer *a = arg;
	char one[ADDR_TEXT_MAX];

	a->calls++;
	a->err = err;
	a->query = NULL;
	for (size_t i = 0; i < count; i++)
		snprintf(a->text + strlen(a->text), sizeof(a->text) - strlen(a->text), "%s%s%s",
		    i ? " " : "", addr_format(&found[i].addr, one),
		    found[i].transport == SIP_TCP ? "/tcp" : "");
	locate_cancel(a->other);
}

static struct core core;

static int begin_from(const char *source, const char *host, uint16_t port, struct answer *a)
{
	struct locate_what what = {.host = host, .port = port, .family = AF_UNSPEC};

	addr_parse(&what.source, source, 0);
	memset(a, 0, sizeof(*a));
	return locate(core.sd.locator, &what, on_located, a, &a->query);
}

static int begin(const char *host, uint16_t port, struct answer *a)
{
	return begin_from("192.168.1.10", host, port, a);
}

static const char *find(const char *host, uint16_t port, const char *const *zone)
{
	static struct answer a;

	if (begin(host, port, &a) != 0)
		return "refused";
	core_resolve_zone(zone);
	if (a.calls != 1)
		return "no answer";
	return a.err == 0 ? a.text : a.err == ENOENT ? "ENOENT" : "another error";
}

static const char *const zone[] = {
    /* a domain with everything */
    "full.test NAPTR 20 10 s sip+d2u _sip._udp.elsewhere.test",
    "full.test NAPTR 10 10 s sips+d2t _sips._tcp.full.test",
    "_sip._udp.full.test SRV 10 0 5060 wrong.test",
    "_sip._udp.elsewhere.test SRV 20 0 5070 b.test",
    "_sip._udp.elsewhere.test SRV 10 0 5080 a.test",
    "full.test A 192.0.2.99",
    "a.test A 192.0.2.1",
    "a.test A 2001:db8::1",
    "b.test A 192.0.2.2",
    "wrong.test A 192.0.2.66",
    /* without NAPTR, and with one that is none of ours */
    "srv.test A 192.0.2.99",
    "_sip._udp.srv.test SRV 10 0 5060 b.test",
    "tls.test NAPTR 10 10 s sips+d2t _sips._tcp.tls.test",
    "tls.test NAPTR 20 10 u e2u+sip _sip._udp.a.test",
    "_sip._udp.tls.test SRV 10 0 5060 b.test",
    /* without either */
    "plain.test A 192.0.2.3",
    "plain.test A 192.0.2.4",
    /* decidedly no SIP here */
    "never.test A 192.0.2.5",
    "_sip._udp.never.test SRV 0 0 0 .",
    /* targets that are not there, or that come twice */
    "_sip._udp.half.test SRV 10 0 5060 gone.test",
    "_sip._udp.half.test SRV 20 0 5060 b.test",
    "_sip._udp.half.test SRV 30 0 5060 b.test",
    "_sip._udp.half.test SRV 40 0 5060 no_host!",
    "_sip._udp.gone.test SRV 10 0 5060 not.there.test",
    NULL,
};

static void test_ways(void)
{
	is_str(find("full.test", 0, zone), "192.0.2.1:5080 [2001:db8::1]:5080 192.0.2.2:5070",
	    "NAPTR, SRV by priority, addresses");
	is_str(find("full.test", 5061, zone), "192.0.2.99:5061", "a port: the address alone");
	is_str(find("SRV.test", 0, zone), "192.0.2.2:5060", "SRV without NAPTR");
	is_str(find("tls.test", 0, zone), "192.0.2.2:5060", "NAPTR of what we do not speak");
	is_str(find("plain.test", 0, zone), "192.0.2.3:5060 192.0.2.4:5060", "neither");
	is_str(find("never.test", 0, zone), "ENOENT", "the root as target: no such service");
	is_str(find("never.test", 5060, zone), "192.0.2.5:5060", "which a port overrides");
	is_str(find("half.test", 0, zone), "192.0.2.2:5060",
	    "targets that are no use are left out");
	is_str(find("gone.test", 0, zone), "ENOENT", "records whose targets are not there");
	is_str(find("nothing.test", 0, zone), "ENOENT", "no such domain");
	is_int((long long)core_lookups(), 0, "nothing is asked any more");
}

static void test_transport(void)
{
	struct locate_what what = {.host = "srv.test",
	    .has_transport = true,
	    .transport = SIP_UDP,
	    .family = AF_INET};
	struct answer a = {0};

	locate(core.sd.locator, &what, on_located, &a, &a.query);
	is_int((long long)core_lookups(), 2, "a transport is given: no question for NAPTR");
	core_resolve_zone(zone);
	is_str(a.text, "192.0.2.2:5060", "its SRV count");
}

/* A name server that drops the questions for records that it does not know. */
static void answer_only(bool addresses, int type)
{
	struct list *l, *tmp, some;

	list_init(&some);
	list_each(l, tmp, &queries) {
		struct resolver_query *q = container_of(l, struct resolver_query, link);

		if (q->fn ? addresses : q->type == type) {
			list_del(l);
			list_add_tail(&some, l);
		}
	}
	list_each(l, tmp, &some) {
		struct resolver_query *q = container_of(l, struct resolver_query, link);

		list_del(l);
		if (q->fn)
			answer_addresses(q, zone);
		else
			answer_records(q, zone);
		free(q);
	}
}

static void test_silence(void)
{
	struct answer a;

	begin("srv.test", 0, &a);
	is_int((long long)core_lookups(), 4,
	    "NAPTR, both SRV and the address are asked for at once");
	answer_only(true, DNS_SRV);
	is_int(a.calls, 0, "NAPTR is waited for");
	core_wait(&core, 1000);
	answer_only(true, DNS_SRV);
	is_str(a.text, "192.0.2.2:5060", "but not for longer than a second");

	begin("plain.test", 0, &a);
	answer_only(true, DNS_NAPTR);
	core_wait(&core, 4999);
	is_int(a.calls, 0, "SRV is waited for");
	core_wait(&core, 1);
	answer_only(true, 0);
	is_str(a.text, "192.0.2.3:5060 192.0.2.4:5060", "but not for longer than five");

	begin("full.test", 0, &a);
	answer_only(false, DNS_NAPTR);
	answer_only(false, DNS_SRV);
	answer_only(false, DNS_SRV); /* the name that NAPTR told of */
	for (struct list *l = queries.next; l != &queries; l = l->next) {
		struct resolver_query *q = container_of(l, struct resolver_query, link);

		if (strcmp(q->host, "b.test") != 0)
			continue;
		list_del(&q->link);
		answer_addresses(q, zone);
		free(q);
		break;
	}
	is_int(a.calls, 0, "one target is known");
	core_wait(&core, 1000);
	is_str(a.text, "192.0.2.2:5070", "the other one is not waited for for long");
	is_int((long long)core_lookups(), 0, "nor asked for any more");
}

static void test_sharing(void)
{
	struct answer a, b, c;
	size_t n;

	begin("plain.test", 0, &a);
	n = core_lookups();
	begin("PLAIN.test", 0, &b);
	is_int((long long)core_lookups(), (long long)n, "equal searches share their questions");
	begin("plain.test", 5060, &c);
	is_int((long long)core_lookups(), (long long)n + 1, "one with a port is another");
	a.other = b.query;
	locate_cancel(c.query);
	is_int((long long)core_lookups(), (long long)n, "what nobody waits for is not asked for");
	core_resolve_zone(zone);
	ok(a.calls == 1 && b.calls == 0 && c.calls == 0, "one cancels another when it is called");
	is_int(begin("a b", 0, &a), EINVAL, "no name");
	is_int(begin("a b", 5060, &a), EINVAL, "with a port neither");
	is_int((long long)core_lookups(), 0, "nothing is left of them");
}

static void test_bounds(void)
{
	static struct answer greedy[300], other[300];
	unsigned n_greedy = 0, n_other = 0;
	char name[32], source[32];

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "dead%d.test", i);
		n_greedy += begin_from("192.168.1.66", name, 0, &greedy[i]) == 0;
	}
	is_int(n_greedy, 32, "one source has its share");
	is_int(begin_from("192.168.1.66", "dead0.test", 0, &greedy[299]), 0,
	    "what is looked for already costs nothing");
	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "other%d.test", i);
		snprintf(source, sizeof(source), "192.168.1.%d", 100 + i % 100);
		n_other += begin_from(source, name, 0, &other[i]) == 0;
	}
	is_int(n_other, 96, "the others have the rest");
	core_resolve(NULL);
	ok(greedy[0].calls == 1 && greedy[299].calls == 1 && other[0].calls == 1, "all are told");
	is_int(begin_from("192.168.1.66", "alive.test", 0, &greedy[0]), 0,
	    "and then there is room again");
	core_resolve("192.0.2.1");
	is_str(greedy[0].text, "192.0.2.1:5060", "for an answer");
}

int main(void)
{
	struct answer a;

	core_init(&core);
	if (core_start(&core, false) != 0)
		return 99;
	test_ways();
	test_transport();
	test_silence();
	test_sharing();
	test_bounds();
	begin("plain.test", 0, &a);
	core_stop(&core);
	ok(a.calls == 0 && core_lookups() == 0, "the end ends a search");
	return tap_done();
}
