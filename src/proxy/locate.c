/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/locate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/resolver.h"
#include "base/str.h"
#include "base/timers.h"

#define SEARCHES_MAX   128
#define PER_SOURCE_MAX 32
#define SERVICES_MAX   6
#define HOSTS_MAX      12
#define PER_HOST_MAX   4 /* addresses, so that one host of several does not fill the list */

/* How long a missing answer holds up those that are there. Many a router's name server drops the
 * questions for NAPTR that it does not know; for SRV, which decides more, two tries are waited. */
#define NAPTR_MS   1000
#define SRV_MS     5000
#define ADDRESS_MS 1000

struct search;

/* A question for records. */
struct question {
	struct search *search;
	struct resolver_query *query;
	bool done;
	struct dns_record *record; /* copied, malloced */
	size_t count;
};

struct service {
	enum sip_transport transport;
	char name[DNS_HOST_MAX + 1];
	struct question srv;
};

struct host {
	struct search *search;
	struct resolver_query *query;
	bool done;
	int err;
	enum sip_transport transport;
	struct addr addr[LOCATE_MAX];
	size_t count;
};

enum stage { NAPTR, SRV, ADDRESSES };

struct search {
	struct list link;
	struct locator *owner;
	struct list waiting; /* of struct locate_query */
	char name[DNS_HOST_MAX + 1];
	struct locate_what what; /* its host is `name` */
	enum stage stage;
	uint64_t begun_ms;
	struct timer late;
	bool is_late;                 /* the stage has no more time */
	bool ended;                   /* it is being told to those who wait */
	struct resolver_query *ahead; /* the name's own addresses, asked before they are wanted */
	struct question naptr;
	struct service service[SERVICES_MAX]; /* those asked for */
	unsigned n_services;
	struct service *order[SERVICES_MAX]; /* those that count, the best first */
	unsigned n_order;
	struct host host[HOSTS_MAX];
	unsigned n_hosts;
};

struct locate_query {
	struct list link;
	struct search *search;
	locate_fn *fn;
	void *arg;
};

struct locator {
	struct resolver *resolver;
	struct timers *timers;
	struct list searches;
	srv_random_fn *random;
	void *random_arg;
};

static void advance(struct search *s);

bool locate_speaks(enum sip_transport transport)
{
	return transport == SIP_UDP || transport == SIP_TCP;
}

/* --- the end ------------------------------------------------------------------------------ */

static void question_done(struct question *q)
{
	resolver_cancel(q->query);
	free(q->record);
}

/* Asks nothing more, and keeps only those who wait. */
static void stop_asking(struct search *s)
{
	list_del(&s->link);
	timer_stop(s->owner->timers, &s->late);
	resolver_cancel(s->ahead);
	question_done(&s->naptr);
	for (unsigned i = 0; i < s->n_services; i++)
		question_done(&s->service[i].srv);
	for (unsigned i = 0; i < s->n_hosts; i++)
		resolver_cancel(s->host[i].query);
}

static void end_search(struct search *s, int err, const struct located *found, size_t count)
{
	stop_asking(s);
	s->ended = true;
	while (!list_is_empty(&s->waiting)) {
		struct locate_query *q = container_of(s->waiting.next, struct locate_query, link);
		locate_fn *fn = q->fn;
		void *arg = q->arg;

		list_del(&q->link);
		free(q);
		fn(arg, err, found, count);
	}
	free(s);
}

static bool is_among(const struct located *found, size_t count, const struct located *one)
{
	for (size_t i = 0; i < count; i++)
		if (found[i].transport == one->transport && addr_equal(&found[i].addr, &one->addr))
			return true;
	return false;
}

/* Every host has answered, or no more time is given: what is there, in order. */
static void finish(struct search *s)
{
	size_t per_host = s->n_hosts > 1 ? PER_HOST_MAX : LOCATE_MAX, count = 0;
	struct located found[LOCATE_MAX];
	int err = ENOENT;

	for (unsigned i = 0; i < s->n_hosts; i++) {
		const struct host *h = &s->host[i];

		for (size_t n = 0; n < h->count && n < per_host && count < LOCATE_MAX; n++) {
			found[count].transport = h->transport;
			found[count].addr = h->addr[n];
			if (!is_among(found, count, &found[count]))
				count++;
		}
		if (h->err != 0 && h->err != ENOENT)
			err = h->err;
	}
	log_debug(LOG_DNS, "%s: %zu servers", s->name, count);
	end_search(s, count ? 0 : err, found, count);
}

/* --- time --------------------------------------------------------------------------------- */

static void on_late(void *arg)
{
	struct search *s = arg;

	s->is_late = true;
	advance(s);
}

/* The stage in hand gets that long, counted from the beginning of the search. */
static void give_time(struct search *s, uint64_t ms)
{
	struct timers *timers = s->owner->timers;
	uint64_t passed = timers_now(timers) - s->begun_ms;

	s->is_late = timer_start(timers, &s->late, ms > passed ? ms - passed : 0, on_late, s) != 0;
}

/* --- addresses ---------------------------------------------------------------------------- */

static bool addresses_are_settled(const struct search *s)
{
	bool all = true, some = false;

	for (unsigned i = 0; i < s->n_hosts; i++) {
		all = all && s->host[i].done;
		some = some || s->host[i].count > 0;
	}
	return all || (some && s->is_late);
}

static void on_addresses(void *arg, int err, const struct addr *addr, size_t count)
{
	struct host *h = arg;
	struct search *s = h->search;

	h->query = NULL;
	h->done = true;
	h->err = err;
	h->count = count < LOCATE_MAX ? count : LOCATE_MAX;
	if (h->count)
		memcpy(h->addr, addr, h->count * sizeof(*addr));
	/* One can be tried: the others get a moment. */
	if (h->count && !timer_is_running(&s->late) && !s->is_late)
		give_time(s, timers_now(s->owner->timers) - s->begun_ms + ADDRESS_MS);
	advance(s);
}

static void add_host(struct search *s, enum sip_transport transport, const char *name,
    uint16_t port)
{
	struct host *h = &s->host[s->n_hosts];

	if (s->n_hosts == HOSTS_MAX)
		return;
	h->search = s;
	h->transport = transport;
	if (resolver_lookup(s->owner->resolver, name, s->what.family, port, on_addresses, h,
		&h->query) != 0)
		return; /* a target that can be no host */
	s->n_hosts++;
}

static void on_ahead(void *arg, int err, const struct addr *addr, size_t count)
{
	struct search *s = arg;

	(void)err;
	(void)addr;
	(void)count;
	s->ahead = NULL;
	advance(s); /* there may be nothing else to wait for */
}

/* --- records ------------------------------------------------------------------------------ */

static void on_records(void *arg, int err, const struct dns_record *record, size_t count)
{
	struct question *q = arg;

	q->query = NULL;
	q->done = true;
	if (err == 0 && count)
		q->record = calloc(count, sizeof(*record));
	if (q->record) {
		memcpy(q->record, record, count * sizeof(*record));
		q->count = count;
	}
	advance(q->search);
}

static void ask_records(struct search *s, struct question *q, const char *name, int type)
{
	q->search = s;
	if (resolver_lookup_records(s->owner->resolver, name, type, on_records, q, &q->query) != 0)
		q->done = true;
}

/* Another service that counts; one that is asked for already is not asked for again. */
static void add_service(struct search *s, enum sip_transport transport, const char *name)
{
	struct service *v = NULL;

	for (unsigned i = 0; i < s->n_services && !v; i++)
		if (strcmp(s->service[i].name, name) == 0 && s->service[i].transport == transport)
			v = &s->service[i];
	if (!v && s->n_services < SERVICES_MAX) {
		v = &s->service[s->n_services++];
		v->transport = transport;
		snprintf(v->name, sizeof(v->name), "%s", name);
		ask_records(s, &v->srv, name, DNS_SRV);
	}
	for (unsigned i = 0; i < s->n_order; i++)
		if (s->order[i] == v)
			return;
	if (v)
		s->order[s->n_order++] = v;
}

static void add_usual_service(struct search *s, enum sip_transport transport)
{
	char name[sizeof(s->name) + 16];

	if (!locate_speaks(transport) || (s->what.has_transport && s->what.transport != transport))
		return;
	snprintf(name, sizeof(name), "_sip._%s.%s", transport == SIP_TCP ? "tcp" : "udp", s->name);
	if (strlen(name) <= DNS_HOST_MAX)
		add_service(s, transport, name);
}

/* 4.1: "SIP+D2U", "SIP+D2T"; SIPS is not for us. */
static bool service_of(const struct dns_record *naptr, enum sip_transport *transport)
{
	if (strcmp(naptr->service, "sip+d2u") == 0)
		*transport = SIP_UDP;
	else if (strcmp(naptr->service, "sip+d2t") == 0)
		*transport = SIP_TCP;
	else
		return false;
	return naptr->flag == 's' && naptr->target[0] && locate_speaks(*transport);
}

static int compare_naptr(const void *left, const void *right)
{
	const struct dns_record *a = left, *b = right;

	return a->rank != b->rank ? (int)a->rank - (int)b->rank : (int)a->weight - (int)b->weight;
}

/* The domain says what it speaks, and in which order. If that is nothing that we speak, or it says
 * nothing, the usual names count. */
static void take_naptr(struct search *s)
{
	struct question *q = &s->naptr;
	enum sip_transport transport;
	bool told = false;

	if (q->count)
		qsort(q->record, q->count, sizeof(*q->record), compare_naptr);
	for (size_t i = 0; i < q->count; i++) {
		if (!service_of(&q->record[i], &transport))
			continue;
		if (!told)
			s->n_order = 0;
		told = true;
		add_service(s, transport, q->record[i].target);
	}
	s->stage = SRV;
	give_time(s, SRV_MS);
}

static bool srv_is_settled(const struct search *s)
{
	for (unsigned i = 0; i < s->n_order; i++)
		if (!s->order[i]->srv.done)
			return s->is_late;
	return true;
}

/* 4.2: the servers by priority and weight; without such records the name itself is one. */
static void take_srv(struct search *s)
{
	struct locator *l = s->owner;
	bool told = false;

	for (unsigned i = 0; i < s->n_order; i++) {
		struct service *v = s->order[i];

		srv_order(v->srv.record, v->srv.count, l->random, l->random_arg);
		for (size_t n = 0; n < v->srv.count; n++) {
			const struct dns_record *r = &v->srv.record[n];

			told = true;
			/* RFC 2782: the root as target means that there is no such service. */
			if (r->target[0] && r->port)
				add_host(s, v->transport, r->target, r->port);
		}
	}
	if (!told)
		add_host(s, s->what.has_transport ? s->what.transport : SIP_UDP, s->name, SIP_PORT);
	timer_stop(l->timers, &s->late);
	s->is_late = false;
	s->stage = ADDRESSES;
}

/* --- a search ----------------------------------------------------------------------------- */

/* Goes as far as the answers lead; may end (and free) the search. */
static void advance(struct search *s)
{
	if (s->stage == NAPTR && (s->naptr.done || s->is_late))
		take_naptr(s);
	if (s->stage == SRV && srv_is_settled(s))
		take_srv(s);
	if (s->stage == ADDRESSES && addresses_are_settled(s))
		finish(s);
}

static void begin(struct search *s)
{
	const struct locate_what *what = &s->what;

	if (what->port) {
		s->stage = ADDRESSES;
		add_host(s, what->has_transport ? what->transport : SIP_UDP, s->name, what->port);
		return;
	}
	if (what->has_transport) {
		s->stage = SRV;
		give_time(s, SRV_MS);
	} else {
		s->stage = NAPTR;
		give_time(s, NAPTR_MS);
		ask_records(s, &s->naptr, s->name, DNS_NAPTR);
	}
	add_usual_service(s, SIP_UDP);
	add_usual_service(s, SIP_TCP);
	resolver_lookup(s->owner->resolver, s->name, what->family, SIP_PORT, on_ahead, s,
	    &s->ahead);
}

static bool is_equal(const struct search *s, const struct locate_what *what)
{
	return s->what.port == what->port && s->what.has_transport == what->has_transport &&
	    (!what->has_transport || s->what.transport == what->transport) &&
	    s->what.family == what->family && strcasecmp(s->name, what->host) == 0;
}

/* The search for this that is under way; NULL. *total and *own count what there is. */
static struct search *find(struct locator *l, const struct locate_what *what, unsigned *total,
    unsigned *own)
{
	struct list *link;

	*total = *own = 0;
	for (link = l->searches.next; link != &l->searches; link = link->next) {
		struct search *s = container_of(link, struct search, link);

		if (is_equal(s, what))
			return s;
		++*total;
		*own += addr_equal_ip(&s->what.source, &what->source);
	}
	return NULL;
}

static int search_new(struct locator *l, const struct locate_what *what, struct search **out)
{
	struct search *s = calloc(1, sizeof(*s));

	if (!s)
		return ENOMEM;
	s->owner = l;
	list_init(&s->waiting);
	s->what = *what;
	snprintf(s->name, sizeof(s->name), "%s", what->host);
	s->what.host = s->name;
	s->begun_ms = timers_now(l->timers);
	list_init(&s->link);
	list_add_tail(&l->searches, &s->link);
	begin(s);
	/* What is no name at all is refused by the resolver at once. */
	if (s->stage == ADDRESSES ? s->n_hosts == 0 : !s->ahead) {
		stop_asking(s);
		free(s);
		return EINVAL;
	}
	*out = s;
	return 0;
}

int locate(struct locator *l, const struct locate_what *what, locate_fn *fn, void *arg,
    struct locate_query **out)
{
	struct locate_query *q;
	unsigned total, own;
	struct search *s;
	int err = 0;

	if (strnlen(what->host, DNS_HOST_MAX + 1) > DNS_HOST_MAX)
		return EINVAL;
	s = find(l, what, &total, &own);
	if (!s && (total >= SEARCHES_MAX || own >= PER_SOURCE_MAX))
		return EBUSY;
	q = calloc(1, sizeof(*q));
	if (!q)
		return ENOMEM;
	if (!s)
		err = search_new(l, what, &s);
	if (err) {
		free(q);
		return err;
	}
	list_init(&q->link);
	list_add_tail(&s->waiting, &q->link);
	q->search = s;
	q->fn = fn;
	q->arg = arg;
	*out = q;
	return 0;
}

void locate_cancel(struct locate_query *q)
{
	struct search *s = q ? q->search : NULL;

	if (!q)
		return;
	list_del(&q->link);
	free(q);
	if (s->ended || !list_is_empty(&s->waiting))
		return;
	stop_asking(s);
	free(s);
}

int locator_new(struct locator **out, struct resolver *resolver, struct timers *timers)
{
	struct locator *l = calloc(1, sizeof(*l));

	if (!l)
		return ENOMEM;
	l->resolver = resolver;
	l->timers = timers;
	l->random = srv_random;
	list_init(&l->searches);
	*out = l;
	return 0;
}

void locator_free(struct locator *l)
{
	if (!l)
		return;
	while (!list_is_empty(&l->searches)) {
		struct search *s = container_of(l->searches.next, struct search, link);

		stop_asking(s);
		while (!list_is_empty(&s->waiting)) {
			struct locate_query *q =
			    container_of(s->waiting.next, struct locate_query, link);

			list_del(&q->link);
			free(q);
		}
		free(s);
	}
	free(l);
}

void locator_set_random(struct locator *l, srv_random_fn *random, void *arg)
{
	l->random = random;
	l->random_arg = arg;
}
