/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limit.h"
#include "base/list.h"
#include "base/log.h"
#include "base/resolver.h"
#include "base/stun.h"
#include "media/ports.h"
#include "proxy/call.h"
#include "proxy/dialog.h"
#include "proxy/emergency.h"
#include "proxy/locate.h"
#include "proxy/location.h"
#include "proxy/pipeline.h"
#include "proxy/registrars.h"
#include "proxy/response.h"
#include "proxy/servers.h"
#include "proxy/session.h"
#include "proxy/transaction.h"
#include "tap.h"

int64_t core_unix_time;
int core_relay_err;

/* --- relay -------------------------------------------------------------------------------- */

struct flow {
	struct list link;
	struct flow_setup setup;
	struct flow_peer peer[2][FLOW_PEERS_MAX];
	size_t n_peers[2];
	struct flow_stats stats;
	relay_gone_fn *gone;
	void *gone_arg;
};

struct relay {
	struct list flows, leaving;
	size_t count;
};

int relay_new(struct relay **out, struct loop *loop)
{
	struct relay *r = calloc(1, sizeof(*r));

	(void)loop;
	if (!r)
		return ENOMEM;
	list_init(&r->flows);
	list_init(&r->leaving);
	*out = r;
	return 0;
}

static void flows_end(struct list *flows, bool tell)
{
	struct list *l, *tmp;

	list_each(l, tmp, flows) {
		struct flow *f = container_of(l, struct flow, link);

		list_del(&f->link);
		if (tell && f->gone)
			f->gone(f->gone_arg);
		free(f);
	}
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	flows_end(&r->flows, false);
	flows_end(&r->leaving, false);
	free(r);
}

int relay_flow_add(struct relay *r, const struct flow_setup *setup, struct flow **out)
{
	struct flow *f;

	if (core_relay_err)
		return core_relay_err;
	f = calloc(1, sizeof(*f));
	if (!f)
		return ENOMEM;
	f->setup = *setup;
	list_add_tail(&r->flows, &f->link);
	r->count++;
	*out = f;
	return 0;
}

int relay_flow_peers(struct relay *r, struct flow *f, unsigned leg, const struct flow_peer *peer,
    size_t count)
{
	(void)r;
	if (count > FLOW_PEERS_MAX)
		return EINVAL;
	memcpy(f->peer[leg], peer, count * sizeof(*peer));
	f->n_peers[leg] = count;
	return 0;
}

void relay_flow_remove(struct relay *r, struct flow *f, relay_gone_fn *gone, void *arg)
{
	f->gone = gone;
	f->gone_arg = arg;
	list_del(&f->link);
	list_add_tail(&r->leaving, &f->link);
	r->count--;
}

int relay_raise_priority(struct relay *r)
{
	(void)r;
	return 0;
}

void relay_settle(struct relay *r)
{
	flows_end(&r->leaving, true);
}

void relay_flow_stats(const struct flow *f, struct flow_stats *out)
{
	*out = f->stats;
}

size_t relay_flow_count(const struct relay *r)
{
	return r->count;
}

static struct flow *nth_flow(const struct core *c, unsigned n)
{
	struct list *l = c->sd.relay->flows.next;

	for (; l != &c->sd.relay->flows; l = l->next)
		if (n-- == 0)
			return container_of(l, struct flow, link);
	return NULL;
}

size_t core_flow_peers(const struct core *c, unsigned n, unsigned leg, const struct flow_peer **out)
{
	struct flow *f = nth_flow(c, n);

	*out = f ? f->peer[leg] : NULL;
	return f ? f->n_peers[leg] : 0;
}

const char *core_flow_local(const struct core *c, unsigned n, unsigned leg,
    char buf[static ADDR_TEXT_MAX])
{
	struct flow *f = nth_flow(c, n);
	struct addr none = {0};

	return addr_format(f ? &f->setup.local[leg] : &none, buf);
}

void core_flow_heard(const struct core *c, unsigned n, unsigned leg)
{
	struct flow *f = nth_flow(c, n);

	if (f)
		f->stats.leg[leg].last_seen_ms = timers_now(&c->timers);
}

/* --- resolver ----------------------------------------------------------------------------- */

struct resolver_query {
	struct list link;
	resolver_fn *fn; /* NULL: it is for records */
	resolver_records_fn *records_fn;
	void *arg;
	char host[DNS_HOST_MAX + 1];
	int type;
	uint16_t port;
};

static struct list queries = {&queries, &queries};

static int new_query(const char *host, int type, void *arg, struct resolver_query **out)
{
	struct resolver_query *q;

	*out = NULL;
	if (strpbrk(host, " !"))
		return EINVAL;
	q = calloc(1, sizeof(*q));
	if (!q)
		return ENOMEM;
	snprintf(q->host, sizeof(q->host), "%s", host);
	q->type = type;
	q->arg = arg;
	list_add_tail(&queries, &q->link);
	*out = q;
	return 0;
}

int resolver_lookup(struct resolver *r, const char *host, int family, uint16_t port,
    resolver_fn *fn, void *arg, struct resolver_query **out)
{
	int err = new_query(host, family, arg, out);

	(void)r;
	if (err)
		return err;
	(*out)->fn = fn;
	(*out)->port = port;
	return 0;
}

int resolver_lookup_records(struct resolver *r, const char *host, int type, resolver_records_fn *fn,
    void *arg, struct resolver_query **out)
{
	int err = new_query(host, type, arg, out);

	(void)r;
	if (!err)
		(*out)->records_fn = fn;
	return err;
}

void resolver_cancel(struct resolver_query *q)
{
	if (!q)
		return;
	list_del(&q->link);
	free(q);
}

int resolver_cached(struct resolver *r, const char *host, int family, uint16_t port,
    struct addr *addr, size_t max, size_t *count)
{
	(void)r;
	(void)host;
	(void)family;
	(void)port;
	(void)addr;
	(void)max;
	*count = 0;
	return ENOENT;
}

size_t core_lookups(void)
{
	size_t n = 0;

	for (struct list *l = queries.next; l != &queries; l = l->next)
		n++;
	return n;
}

static void answer_addresses(const struct resolver_query *q, const char *const *zone)
{
	struct addr addr[8];
	size_t n = 0;

	for (; *zone && n < 8; zone++) {
		char host[256], ip[64];

		if (sscanf(*zone, "%255s A %63s", host, ip) == 2 &&
		    (strcmp(host, "*") == 0 || strcasecmp(host, q->host) == 0) &&
		    addr_parse(&addr[n], ip, q->port) == 0)
			n++;
	}
	q->fn(q->arg, n ? 0 : ENOENT, n ? addr : NULL, n);
}

/* "NAME SRV PRIORITY WEIGHT PORT TARGET", "NAME NAPTR ORDER PREFERENCE FLAG SERVICE TARGET" */
static void answer_records(const struct resolver_query *q, const char *const *zone)
{
	struct dns_record r[8] = {{0}};
	size_t n = 0;

	for (; *zone && n < 8; zone++) {
		bool srv = q->type == DNS_SRV;
		char host[256];
		int got = srv ? sscanf(*zone, "%255s SRV %hu %hu %hu %253s", host, &r[n].rank,
				    &r[n].weight, &r[n].port, r[n].target)
			      : sscanf(*zone, "%255s NAPTR %hu %hu %c %15s %253s", host, &r[n].rank,
				    &r[n].weight, &r[n].flag, r[n].service, r[n].target);

		if (got != (srv ? 5 : 6) || strcasecmp(host, q->host) != 0)
			continue;
		if (strcmp(r[n].target, ".") == 0)
			r[n].target[0] = '\0';
		n++;
	}
	q->records_fn(q->arg, n ? 0 : ENOENT, n ? r : NULL, n);
}

void core_resolve_zone(const char *const *zone)
{
	while (!list_is_empty(&queries)) {
		struct resolver_query *q = container_of(queries.next, struct resolver_query, link);

		list_del(&q->link);
		if (q->fn)
			answer_addresses(q, zone);
		else
			answer_records(q, zone);
		free(q);
	}
}

void core_resolve(const char *text)
{
	char line[80];
	const char *zone[] = {line, NULL};

	snprintf(line, sizeof(line), "* A %s", text ? text : "");
	core_resolve_zone(zone);
}

/* Records are taken in the order in which they stand. */
static uint32_t no_lot(void *arg, uint32_t max)
{
	(void)arg;
	(void)max;
	return 0;
}

/* --- what leaves -------------------------------------------------------------------------- */

/* No LAN address but in the Call-ID, and one Via in a request. */
static bool fit_for_wan(const struct core_sent *m)
{
	char *copy = strdup(m->text), *line, *state = NULL;
	bool fits = strncmp(m->text, "SIP/2.0", 7) == 0 || core_count(m, "Via") == 1 ||
	    stun_is_message(m->text, m->len);

	for (line = strtok_r(copy, "\r\n", &state); line; line = strtok_r(NULL, "\r\n", &state)) {
		if (strncasecmp(line, "Call-ID:", 8) == 0 || strncasecmp(line, "i:", 2) == 0)
			continue;
		if (strstr(line, "192.168.") || strstr(line, "fd00:1:") || strstr(line, "127.0.0."))
			fits = false;
	}
	free(copy);
	return fits;
}

static int keep(void *arg, const void *data, size_t len, struct hop *hop)
{
	struct core *c = arg;
	struct core_sent *m;

	if (c->send_err && hop->side == WAN)
		return c->send_err;
	if (hop->connection && hop->connection == c->lost)
		return ENOTCONN;
	if (hop->transport == SIP_TCP && !hop->connection)
		hop->connection = 1000 + c->last_connection++;
	if (c->n_sent == c->cap_sent) {
		c->cap_sent = c->cap_sent ? 2 * c->cap_sent : 4096;
		c->sent = realloc(c->sent, c->cap_sent * sizeof(*c->sent));
		if (!c->sent)
			abort();
	}
	m = &c->sent[c->n_sent++];
	m->side = hop->side;
	m->to = hop->peer;
	m->transport = hop->transport;
	m->connection = hop->connection;
	m->text = malloc(len + 1);
	if (!m->text)
		abort();
	memcpy(m->text, data, len);
	m->text[len] = '\0';
	m->len = len;
	/* With one interface our WAN address is one of the LAN. */
	if (hop->side == WAN && !side_is_single(c->sd.sides) && !fit_for_wan(m)) {
		printf("# not fit for the WAN:\n# %.*s\n", (int)len, m->text);
		c->leaked = true;
	}
	if (c->muted) {
		free(m->text);
		c->n_sent--;
	}
	return 0;
}

static bool has_connection(void *arg, uint64_t connection)
{
	const struct core *c = arg;

	return connection != c->lost;
}

static bool speaks_tcp(void *arg, const struct addr *peer)
{
	const struct core *c = arg;

	(void)peer;
	return c->speaks_tcp;
}

void core_forget(struct core *c)
{
	for (size_t i = 0; i < c->n_sent; i++)
		free(c->sent[i].text);
	c->n_sent = c->n_read = 0;
}

/* --- start and stop ----------------------------------------------------------------------- */

static int64_t unix_time(void)
{
	return core_unix_time;
}

static void put_addr(struct netif_set *set, const char *name, unsigned index, const char *ip,
    unsigned prefix_len)
{
	struct netif_addr *a = &set->entry[set->count++];

	snprintf(a->name, sizeof(a->name), "%s", name);
	a->index = index;
	a->up = true;
	a->prefix_len = prefix_len;
	addr_parse(&a->addr, ip, 0);
}

void core_interfaces(struct netif_set *set, bool one)
{
	set->entry = calloc(8, sizeof(*set->entry));
	set->count = 0;
	if (!set->entry)
		abort();
	put_addr(set, "lo", 1, "127.0.0.1", 8);
	put_addr(set, "eth1", 2, "192.168.1.1", 24);
	put_addr(set, "eth1", 2, "fd00:1::1", 64);
	if (one)
		return;
	put_addr(set, "eth0", 3, "203.0.113.1", 24);
	put_addr(set, "eth0", 3, "2001:db8:1::1", 64);
}

void core_init(struct core *c)
{
	memset(c, 0, sizeof(*c));
	core_unix_time = 1700000000;
	core_relay_err = 0;
	log_set(4, 0);
	log_stderr(false);
	timers_init(&c->timers, 1000);
	c->config = (struct config){
	    .sip_listen_port = 5060,
	    .default_expires = 600,
	    .rtp_proxy_enable = true,
	    .rtp_port_low = 7070,
	    .rtp_port_high = 7089,
	    .rtp_timeout = 300,
	    .rtp_hold_timeout = 3600,
	    .max_calls = 100,
	    .max_registrations = 100,
	    .max_transactions = 1000,
	};
}

static void lapsed(void *arg, struct call *call, const char *why)
{
	session_hang_up(arg, call, why);
}

static int start_sides(struct core *c, bool one)
{
	static const char *const inbound[] = {"eth1"};
	struct side_setup setup = {
	    .inbound = inbound,
	    .n_inbound = 1,
	    .outbound = one ? "eth1" : "eth0",
	    .local_nets = &c->config.local_nets,
	    .sip_port = 5060,
	};
	const struct config_list *const names[] = {&c->config.local_domain, &c->config.mask_host,
	    &c->config.masked_host};
	struct netif_set set;
	int err = side_new(&c->sd.sides, &setup);

	if (err)
		return err;
	side_set_names(c->sd.sides, names);
	core_interfaces(&set, one);
	err = side_refresh(c->sd.sides, &set, NULL);
	netif_set_done(&set);
	return err;
}

static int start_media(struct core *c)
{
	struct siproxd *sd = &c->sd;
	struct call_setup setup = {.timers = sd->timers, .lapsed = lapsed, .arg = sd};
	struct call_limits limits = {
	    .max = (size_t)c->config.max_calls,
	    .silence_s = (unsigned)c->config.rtp_timeout,
	    .hold_s = (unsigned)c->config.rtp_hold_timeout,
	    .latch_any = c->config.rtp_latch == RTP_LATCH_ANY,
	    .reserve = emergency_is_configured(&c->config),
	    .dscp = -1,
	};
	int err = ports_new(&sd->ports, (uint16_t)c->config.rtp_port_low,
	    (uint16_t)c->config.rtp_port_high);

	if (!err && c->config.rtp_proxy_enable)
		err = relay_new(&sd->relay, NULL);
	setup.relay = sd->relay;
	setup.ports = sd->ports;
	setup.sides = sd->sides;
	setup.resolver = sd->resolver;
	return err ? err : calls_new(&sd->calls, &setup, &limits);
}

int core_start(struct core *c, bool one_interface)
{
	struct siproxd *sd = &c->sd;
	struct txn_ops ops;
	int err = sip_msg_init();

	sd->config = &c->config;
	sd->timers = &c->timers;
	sd->now_s = unix_time;
	sd->send = keep;
	sd->has_connection = has_connection;
	sd->speaks_tcp = speaks_tcp;
	sd->send_arg = c;
	sd->resolver = (struct resolver *)c; /* only asked whether it is there */
	memcpy(sd->key, "0123456789abcdef", sizeof(sd->key));
	response_txn_ops(sd, &ops);
	if (!err)
		err = start_sides(c, one_interface);
	if (!err)
		err = hash_init(&sd->forwards, 16);
	if (!err)
		err = transactions_new(&sd->transactions, sd->timers, &ops, sd->key,
		    (size_t)c->config.max_transactions);
	if (!err)
		err = location_new(&sd->location, sd->key, (size_t)c->config.max_registrations);
	if (!err)
		err =
		    dialogs_new(&sd->dialogs, sd->timers, sd->key, 2 * (size_t)c->config.max_calls);
	if (!err)
		err = limit_new(&sd->strangers, 20, 5, 64);
	if (!err)
		err = limit_new(&sd->callers, 6000, 1000, 64);
	if (!err)
		err = locator_new(&sd->locator, sd->resolver, sd->timers);
	if (!err)
		err = servers_new(&sd->servers, sd->timers, sd->key);
	if (!err)
		err = registrars_new(&sd->registrars, sd);
	if (!err)
		locator_set_random(sd->locator, no_lot, NULL);
	return err ? err : start_media(c);
}

void core_stop(struct core *c)
{
	ok(!c->leaked, "nothing of the LAN was sent to the WAN");
	core_free(c);
}

void core_free(struct core *c)
{
	struct siproxd *sd = &c->sd;

	transactions_free(sd->transactions);
	calls_free(sd->calls);
	relay_free(sd->relay);
	ports_free(sd->ports);
	dialogs_free(sd->dialogs);
	location_free(sd->location);
	limit_free(sd->strangers);
	limit_free(sd->callers);
	registrars_free(sd->registrars);
	locator_free(sd->locator);
	servers_free(sd->servers);
	hash_done(&sd->forwards);
	side_free(sd->sides);
	timers_done(&c->timers);
	core_forget(c);
	free(c->sent);
}

void core_wait(struct core *c, uint64_t ms)
{
	uint64_t now = timers_now(&c->timers), end = now + ms;

	core_unix_time += (int64_t)((end / 1000) - (now / 1000));
	for (;;) {
		int64_t next = timers_next_ms(&c->timers, now);

		if (next < 0 || now + (uint64_t)next > end)
			break;
		now += (uint64_t)next;
		timers_run(&c->timers, now);
		if (c->sd.relay)
			flows_end(&c->sd.relay->leaving, true);
	}
	timers_run(&c->timers, end);
	if (c->sd.relay)
		flows_end(&c->sd.relay->leaving, true);
}

/* --- what arrives ------------------------------------------------------------------------- */

/* "\n" to "\r\n" up to the body, and Content-Length. */
static char *finish(const char *text, size_t *len)
{
	const char *body = strstr(text, "\n\n"), *p;
	size_t body_len;
	char *out = malloc(2 * strlen(text) + 64), *q = out;

	if (!out)
		abort();
	body = body ? body + 2 : text + strlen(text);
	body_len = strlen(body);
	for (p = text; p < body && !(p[0] == '\n' && p + 1 == body); p++) {
		if (*p == '\n' && (p == text || p[-1] != '\r'))
			*q++ = '\r';
		*q++ = *p;
	}
	*q = '\0';
	if (!strstr(out, "Content-Length:") && !strstr(out, "\nl:"))
		q += sprintf(q, "Content-Length: %zu\r\n", body_len);
	q += sprintf(q, "\r\n%s", body);
	*len = (size_t)(q - out);
	return out;
}

static void parse_peer(const char *text, struct addr *out)
{
	const char *colon = strrchr(text, ':'); /* of "[v6]:port" too */

	addr_parse_n(out, text, (size_t)(colon - text), (uint16_t)atoi(colon + 1));
}

static void deliver(struct core *c, enum side side, const struct addr *peer, uint64_t connection,
    const char *data, size_t len)
{
	bool v6 = addr_family(peer) == AF_INET6, one = side_is_single(c->sd.sides);
	struct transport_from from = {.at = {.peer = *peer, .ifindex = side == LAN || one ? 2 : 3}};
	char *exact = malloc(len ? len : 1);

	from.transport = connection ? SIP_TCP : SIP_UDP;
	from.connection = connection;
	if (!exact)
		abort();
	if (side == LAN || one)
		addr_parse(&from.at.local, v6 ? "fd00:1::1" : "192.168.1.1", 5060);
	else
		addr_parse(&from.at.local, v6 ? "2001:db8:1::1" : "203.0.113.1", 5060);
	memcpy(exact, data, len); /* so that a read beyond its end shows */
	pipeline_receive(&c->sd, exact, len, &from);
	free(exact);
}

void core_receive(struct core *c, enum side side, const char *peer, const char *fmt, ...)
{
	char *text, *whole;
	struct addr a;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	whole = finish(text, &len);
	parse_peer(peer, &a);
	deliver(c, side, &a, c->connection, whole, len);
	free(text);
	free(whole);
}

static void add_lines(char *out, const struct core_sent *m, const char *name)
{
	for (unsigned i = 0; i < core_count(m, name); i++)
		sprintf(out + strlen(out), "%s: %s\r\n", name, core_header(m, name, i));
}

void core_answer(struct core *c, const struct core_sent *m, const char *status, const char *tag,
    const char *extra, const char *body)
{
	char *text = calloc(1, 65536), *whole;
	const char *to = core_header(m, "To", 0);
	struct core_sent request = *m; /* c->sent may move */
	size_t len;

	if (!text)
		abort();
	request.text = strdup(m->text);
	sprintf(text, "SIP/2.0 %s\r\n", status);
	add_lines(text, &request, "Via");
	add_lines(text, &request, "Record-Route");
	add_lines(text, &request, "From");
	sprintf(text + strlen(text), "To: %s%s%s\r\n", to,
	    tag && !strstr(to, ";tag=") ? ";tag=" : "", tag && !strstr(to, ";tag=") ? tag : "");
	add_lines(text, &request, "Call-ID");
	add_lines(text, &request, "CSeq");
	sprintf(text + strlen(text), "%s\n%s", extra ? extra : "", body ? body : "");
	whole = finish(text, &len);
	deliver(c, request.side, &request.to, request.connection, whole, len);
	free(request.text);
	free(whole);
	free(text);
}

void core_register(struct core *c, const char *peer, const char *user)
{
	static unsigned n;

	n++;
	core_receive(c, LAN, peer,
	    "REGISTER sip:192.168.1.1 SIP/2.0\n"
	    "Via: SIP/2.0/UDP %s;branch=z9hG4bKreg%u\n"
	    "From: <sip:%s@192.168.1.1>;tag=r%u\nTo: <sip:%s@192.168.1.1>\n"
	    "Call-ID: reg-%u-%s\nCSeq: 1 REGISTER\n"
	    "Contact: <sip:%s@%s>;expires=3600\n\n",
	    peer, n, user, n, user, n, peer, user, peer);
	core_expect(c, LAN, "SIP/2.0 200", "a phone registers");
}

/* --- looking ------------------------------------------------------------------------------ */

const struct core_sent *core_next(struct core *c)
{
	return c->n_read < c->n_sent ? &c->sent[c->n_read++] : NULL;
}

const struct core_sent *core_expect(struct core *c, enum side side, const char *start,
    const char *what)
{
	static const struct core_sent nothing = {.text = (char *)"", .len = 0};
	const struct core_sent *m = core_next(c);
	bool pass = m && m->side == side && strncmp(m->text, start, strlen(start)) == 0;

	ok(pass, what);
	if (!pass)
		printf("# want \"%s\" to %s, got %s \"%.200s\"\n", start,
		    side == LAN ? "LAN" : "WAN",
		    !m                   ? ""
			: m->side == LAN ? "to LAN"
					 : "to WAN",
		    m ? m->text : "nothing");
	return m ? m : &nothing;
}

void core_expect_silence(struct core *c, const char *what)
{
	const struct core_sent *m = core_next(c);

	ok(!m, what);
	if (m)
		printf("# got \"%.200s\"\n", m->text);
	while (core_next(c))
		;
}

void core_expect_rest(struct core *c, const char *what)
{
	const struct siproxd *sd = &c->sd;
	bool rest = transactions_count(sd->transactions) == 0 && sd->forwards.count == 0 &&
	    dialogs_count(sd->dialogs) == 0 && calls_count(sd->calls) == 0 &&
	    ports_free_count(sd->ports) == ports_total(sd->ports) && core_lookups() == 0 &&
	    (!sd->relay || relay_flow_count(sd->relay) == 0);

	ok(rest, what);
	if (!rest)
		printf("# %zu transactions, %zu forwards, %zu dialogs, %zu calls, %zu of %zu ports "
		       "free\n",
		    transactions_count(sd->transactions), sd->forwards.count,
		    dialogs_count(sd->dialogs), calls_count(sd->calls), ports_free_count(sd->ports),
		    ports_total(sd->ports));
	ok(!c->leaked, "and the WAN saw nothing of the LAN");
	c->leaked = false;
}

void core_finish(struct core *c, uint64_t ms, const char *what)
{
	core_wait(c, ms);
	core_forget(c);
	core_expect_rest(c, what);
	core_stop(c);
}

struct core_sent core_keep(const struct core_sent *m)
{
	struct core_sent copy = *m;

	copy.text = strdup(m->text);
	if (!copy.text)
		abort();
	return copy;
}

void core_put(char *text, size_t size, const char *mark, const char *value)
{
	char *at = strstr(text, mark);
	size_t tail;

	if (!at)
		return;
	tail = strlen(at + strlen(mark)) + 1;
	if ((size_t)(at - text) + strlen(value) + tail > size)
		abort();
	memmove(at + strlen(value), at + strlen(mark), tail);
	memcpy(at, value, strlen(value));
}

static bool is_named(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

/* The n-th line of that name or its compact form; NULL. */
static const char *find_line(const struct core_sent *m, const char *name, unsigned n)
{
	static const char *const compact[][2] = {{"Via", "v"}, {"From", "f"}, {"To", "t"},
	    {"Call-ID", "i"}, {"Contact", "m"}, {"Content-Length", "l"}};
	const char *p = strstr(m->text, "\r\n"), *shorter = name;

	for (size_t i = 0; i < sizeof(compact) / sizeof(*compact); i++)
		if (strcmp(name, compact[i][0]) == 0)
			shorter = compact[i][1];
	for (; p && strncmp(p, "\r\n\r\n", 4) != 0; p = strstr(p + 2, "\r\n"))
		if ((is_named(p + 2, name) || is_named(p + 2, shorter)) && n-- == 0)
			return strchr(p + 2, ':') + 1;
	return NULL;
}

const char *core_header(const struct core_sent *m, const char *name, unsigned n)
{
	static char out[8][2048];
	static unsigned next;
	const char *p = find_line(m, name, n);
	char *buf = out[next++ % 8];

	while (p && *p == ' ')
		p++;
	snprintf(buf, sizeof(out[0]), "%.*s", p ? (int)strcspn(p, "\r") : 0, p ? p : "");
	return buf;
}

unsigned core_count(const struct core_sent *m, const char *name)
{
	unsigned n = 0;

	while (find_line(m, name, n))
		n++;
	return n;
}

bool core_has(const struct core_sent *m, const char *text)
{
	return strstr(m->text, text) != NULL;
}

const char *core_uri(const struct core_sent *m)
{
	static char out[4][512];
	static unsigned next;
	char *buf = out[next++ % 4];
	const char *p = strchr(m->text, ' ');

	snprintf(buf, sizeof(out[0]), "%.*s", p ? (int)strcspn(p + 1, " ") : 0, p ? p + 1 : "");
	return buf;
}

const char *core_body(const struct core_sent *m)
{
	const char *p = strstr(m->text, "\r\n\r\n");

	return p ? p + 4 : "";
}
