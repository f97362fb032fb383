/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/resolver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns_answer.h"
#include "base/dns_channel.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/siphash.h"
#include "base/str.h"

#define MAX_QUERIES 512
#define MAX_CACHED  1024
#define HOST_MAX    DNS_HOST_MAX
#define LABEL_MAX   63

/*
 * One name and type: first a question (`pending`), whose askers stand in `waiting`, then its
 * answer in the cache. A pending one belongs to c-ares until that has called back.
 */
struct entry {
	struct hash_node node;
	struct list link; /* r->pending; r->cached, oldest first */
	struct list waiting;
	struct resolver *resolver;
	int type; /* a family of addresses; DNS_SRV, DNS_NAPTR */
	bool pending;
	struct dns_answer answer;
	uint64_t expires_ms;
	char host[];
};

/* Stands in its entry's `waiting`; then, with its own copy of the answer, in `ready`. */
struct resolver_query {
	struct list link;
	struct resolver *resolver;
	bool waiting, in_callback;
	uint16_t port;
	resolver_fn *fn; /* one of the two */
	resolver_records_fn *records_fn;
	void *arg;
	struct dns_answer answer;
};

struct resolver {
	struct loop *loop;
	struct dns_channel *channel;
	bool quiet; /* what c-ares calls back now is no answer: it is told to let go */
	uint8_t key[SIPHASH_KEY_LEN];
	struct hash by_name;
	struct list pending, cached;
	size_t n_pending, n_cached, n_waiting;
	struct list ready, delivering;
	struct timer ready_timer;
	bool in_delivery, freed; /* resolver_free() in a callback leaves the struct to deliver() */
};

/* --- answers ----------------------------------------------------------------------------- */

static void free_entry(struct resolver *r, struct entry *e)
{
	hash_del(&r->by_name, &e->node);
	list_del(&e->link);
	dns_answer_done(&e->answer);
	free(e);
}

static void forget_oldest(struct resolver *r)
{
	struct entry *e = container_of(r->cached.next, struct entry, link);

	free_entry(r, e);
	r->n_cached--;
}

static void free_query(struct resolver_query *q)
{
	list_del(&q->link);
	dns_answer_done(&q->answer);
	free(q);
}

/* Calls back what is ready now; what callbacks add is for the next time. */
static void deliver(void *arg)
{
	struct resolver *r = arg;

	while (!list_is_empty(&r->ready)) {
		struct list *link = r->ready.next;

		list_del(link);
		list_add_tail(&r->delivering, link);
	}
	r->in_delivery = true;
	while (!list_is_empty(&r->delivering)) {
		struct resolver_query *q =
		    container_of(r->delivering.next, struct resolver_query, link);

		list_del(&q->link);
		q->in_callback = true;
		if (q->fn != NULL)
			q->fn(q->arg, q->answer.err, q->answer.addr, q->answer.count);
		else
			q->records_fn(q->arg, q->answer.err, q->answer.record, q->answer.count);
		free_query(q);
	}
	r->in_delivery = false;
	if (r->freed)
		free(r);
}

static void make_ready(struct resolver *r, struct resolver_query *q)
{
	list_add_tail(&r->ready, &q->link);
	if (timer_is_running(&r->ready_timer))
		return;
	if (timer_start(loop_timers(r->loop), &r->ready_timer, 0, deliver, r) != 0)
		log_every(10, LOG_LVL_ERR, LOG_DNS, "%s", "no memory for the resolver's timer");
}

static void set_answer(struct resolver_query *q, const struct dns_answer *answer)
{
	dns_answer_copy(&q->answer, answer);
	for (size_t i = 0; q->answer.addr != NULL && i < q->answer.count; i++)
		addr_set_port(&q->answer.addr[i], q->port);
}

static void fail_query(struct resolver *r, struct resolver_query *q, int err)
{
	q->answer.err = err;
	make_ready(r, q);
}

static void answer_waiting(struct resolver *r, struct entry *e)
{
	while (!list_is_empty(&e->waiting)) {
		struct resolver_query *q =
		    container_of(e->waiting.next, struct resolver_query, link);

		list_del(&q->link);
		q->waiting = false;
		r->n_waiting--;
		set_answer(q, &e->answer);
		make_ready(r, q);
	}
}

/* The question has its answer: those who wait get it, and it is remembered. */
static void settle(struct resolver *r, struct entry *e)
{
	uint64_t ttl_ms = (uint64_t)e->answer.ttl_s * 1000;

	e->pending = false;
	r->n_pending--;
	list_del(&e->link);
	answer_waiting(r, e);
	if (e->answer.err == ENOMEM) {
		free_entry(r, e);
		return;
	}
	e->expires_ms = timers_now(loop_timers(r->loop)) + ttl_ms;
	list_add_tail(&r->cached, &e->link);
	if (++r->n_cached > MAX_CACHED)
		forget_oldest(r);
}

/* c-ares has finished with a question, perhaps while it is being asked. */
static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct entry *e = arg;
	struct resolver *r = e->resolver;

	(void)timeouts;
	if (!r->quiet)
		dns_answer_addresses(&e->answer, e->type, status, result);
	if (result != NULL)
		ares_freeaddrinfo(result);
	if (r->quiet)
		return;
	log_debug(LOG_DNS, "%s: %s, %zu addresses, for %d s", e->host,
	    e->answer.err == 0 ? "found" : ares_strerror(status), e->answer.count, e->answer.ttl_s);
	settle(r, e);
}

static void on_records(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
	struct entry *e = arg;

	(void)timeouts;
	if (e->resolver->quiet)
		return;
	dns_answer_records(&e->answer, e->type, status, reply, len > 0 ? (size_t)len : 0);
	log_debug(LOG_DNS, "%s: %s, %zu records %s, for %d s", e->host,
	    e->answer.err == 0 ? "found" : ares_strerror(status), e->answer.count,
	    e->type == DNS_SRV ? "SRV" : "NAPTR", e->answer.ttl_s);
	settle(e->resolver, e);
}

/* --- questions --------------------------------------------------------------------------- */

/* Letters, digits, - and _ between dots; the last label is no number (that was no address). */
static bool is_host_name(const char *host, size_t len)
{
	size_t label = 0;
	bool number = true;

	if (len == 0 || len > HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = host[i];
		bool digit = c >= '0' && c <= '9';

		if (c == '.' && label == 0)
			return false;
		if (c == '.') {
			label = 0;
			number = true;
			continue;
		}
		if (!digit && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
			return false;
		if (++label > LABEL_MAX)
			return false;
		number = number && digit;
	}
	return label > 0 && !number;
}

/* Lower case, without the root's dot. EINVAL for what can be no host name. */
static int read_host(const char *host, char out[HOST_MAX + 1])
{
	size_t len = strnlen(host, HOST_MAX + 2);

	if (len > 1 && host[len - 1] == '.')
		len--;
	if (len > HOST_MAX)
		return EINVAL;
	for (size_t i = 0; i < len; i++)
		out[i] = str_lower(host[i]);
	out[len] = '\0';
	return is_host_name(out, len) ? 0 : EINVAL;
}

static uint64_t key_of(const struct resolver *r, const char *host, int type)
{
	struct siphash h;

	siphash_init(&h, r->key);
	siphash_add(&h, &type, sizeof(type));
	siphash_add(&h, host, strlen(host));
	return siphash_end(&h);
}

/* What we know or have asked; an answer that is too old is forgotten here. */
static struct entry *find_entry(struct resolver *r, const char *host, int type)
{
	struct hash_node *node = hash_first(&r->by_name, key_of(r, host, type));

	for (; node != NULL; node = hash_next(node)) {
		struct entry *e = container_of(node, struct entry, node);

		if (e->type != type || strcmp(e->host, host) != 0)
			continue;
		if (e->pending || e->expires_ms > timers_now(loop_timers(r->loop)))
			return e;
		free_entry(r, e);
		r->n_cached--;
		return NULL;
	}
	return NULL;
}

static struct entry *new_entry(struct resolver *r, const char *host, int type)
{
	size_t size = strlen(host) + 1;
	struct entry *e = calloc(1, sizeof(*e) + size);

	if (e == NULL)
		return NULL;
	memcpy(e->host, host, size);
	e->type = type;
	e->resolver = r;
	e->pending = true;
	list_init(&e->waiting);
	list_add_tail(&r->pending, &e->link);
	r->n_pending++;
	hash_add(&r->by_name, &e->node, key_of(r, host, type));
	return e;
}

/* The answer may come, and the entry be gone, before this returns. */
static void ask(struct resolver *r, struct entry *e)
{
	if (dns_type_is_record(e->type))
		dns_channel_ask_records(r->channel, e->host, e->type, on_records, e);
	else
		dns_channel_ask(r->channel, e->host, e->type, on_addresses, e);
}

static void look_up_name(struct resolver *r, struct resolver_query *q, const char *host, int type)
{
	struct entry *e = find_entry(r, host, type);
	bool is_new = e == NULL;

	if (e != NULL && !e->pending) {
		set_answer(q, &e->answer);
		make_ready(r, q);
		return;
	}
	if (r->n_waiting >= MAX_QUERIES || (is_new && r->n_pending >= MAX_QUERIES)) {
		fail_query(r, q, EBUSY);
		return;
	}
	if (is_new)
		e = new_entry(r, host, type);
	if (e == NULL) {
		fail_query(r, q, ENOMEM);
		return;
	}
	list_add_tail(&e->waiting, &q->link);
	q->waiting = true;
	r->n_waiting++;
	if (is_new)
		ask(r, e);
}

static struct resolver_query *new_query(struct resolver *r, void *arg)
{
	struct resolver_query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	list_init(&q->link);
	q->resolver = r;
	q->arg = arg;
	return q;
}

static bool family_fits(const struct addr *a, int family)
{
	return family == AF_UNSPEC || addr_family(a) == family;
}

int resolver_lookup(struct resolver *r, const char *host, int family, uint16_t port,
    resolver_fn *fn, void *arg, struct resolver_query **out)
{
	char name[HOST_MAX + 1];
	struct resolver_query *q;
	struct addr literal;
	bool is_literal = addr_parse(&literal, host, port) == 0;

	if (out != NULL)
		*out = NULL;
	if (!is_literal && read_host(host, name) != 0)
		return EINVAL;
	q = new_query(r, arg);
	if (q == NULL)
		return ENOMEM;
	q->port = port;
	q->fn = fn;
	if (is_literal && !family_fits(&literal, family)) {
		fail_query(r, q, ENOENT);
	} else if (is_literal) {
		set_answer(q, &(struct dns_answer){.count = 1, .addr = &literal});
		make_ready(r, q);
	} else {
		look_up_name(r, q, name, family);
	}
	if (out != NULL)
		*out = q;
	return 0;
}

int resolver_lookup_records(struct resolver *r, const char *host, int type, resolver_records_fn *fn,
    void *arg, struct resolver_query **out)
{
	char name[HOST_MAX + 1];
	struct resolver_query *q;

	if (out != NULL)
		*out = NULL;
	if (!dns_type_is_record(type) || read_host(host, name) != 0)
		return EINVAL;
	q = new_query(r, arg);
	if (q == NULL)
		return ENOMEM;
	q->records_fn = fn;
	look_up_name(r, q, name, type);
	if (out != NULL)
		*out = q;
	return 0;
}

void resolver_cancel(struct resolver_query *q)
{
	if (q == NULL || q->in_callback)
		return;
	if (q->waiting)
		q->resolver->n_waiting--;
	free_query(q);
}

int resolver_cached(struct resolver *r, const char *host, int family, uint16_t port,
    struct addr *addr, size_t max, size_t *count)
{
	char name[HOST_MAX + 1];
	struct addr literal;
	const struct addr *found = &literal;
	size_t n = 1;
	struct entry *e;

	*count = 0;
	if (addr_parse(&literal, host, port) != 0) {
		e = read_host(host, name) == 0 ? find_entry(r, name, family) : NULL;
		if (e == NULL || e->pending || e->answer.err != 0)
			return ENOENT;
		found = e->answer.addr;
		n = e->answer.count;
	} else if (!family_fits(&literal, family)) {
		return ENOENT;
	}
	for (; *count < n && *count < max; (*count)++) {
		addr[*count] = found[*count];
		addr_set_port(&addr[*count], port);
	}
	return 0;
}

void resolver_reload(struct resolver *r)
{
	struct list *pos, *tmp, again;

	while (r->n_cached > 0)
		forget_oldest(r);
	r->quiet = true;
	dns_channel_reload(r->channel);
	r->quiet = false;
	list_init(&again);
	while (!list_is_empty(&r->pending)) {
		pos = r->pending.next;
		list_del(pos);
		list_add_tail(&again, pos);
	}
	list_each(pos, tmp, &again) {
		list_del(pos);
		list_add_tail(&r->pending, pos);
		ask(r, container_of(pos, struct entry, link));
	}
}

int resolver_new_options(struct resolver **out, struct loop *loop,
    const struct resolver_options *options)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int err;

	*out = NULL;
	if (r == NULL)
		return ENOMEM;
	r->loop = loop;
	list_init(&r->pending);
	list_init(&r->cached);
	list_init(&r->ready);
	list_init(&r->delivering);
	random_bytes(r->key, sizeof(r->key));
	err = hash_init(&r->by_name, 0);
	if (err == 0)
		err = dns_channel_open(&r->channel, loop, options->servers, options->timeout_ms,
		    options->tries);
	if (err != 0) {
		resolver_free(r);
		return err;
	}
	*out = r;
	return 0;
}

int resolver_new(struct resolver **out, struct loop *loop)
{
	/* With one server: 1.5 + 3 + 6 s. A SIP caller has given up after 32. */
	static const struct resolver_options options = {.timeout_ms = 1500, .tries = 3};

	return resolver_new_options(out, loop, &options);
}

static void free_queries(struct list *head)
{
	while (!list_is_empty(head))
		free_query(container_of(head->next, struct resolver_query, link));
}

static void free_entries(struct resolver *r, struct list *head)
{
	while (!list_is_empty(head)) {
		struct entry *e = container_of(head->next, struct entry, link);

		free_queries(&e->waiting);
		free_entry(r, e);
	}
}

void resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	r->quiet = true;
	dns_channel_close(r->channel);
	timer_stop(loop_timers(r->loop), &r->ready_timer);
	free_entries(r, &r->pending);
	free_entries(r, &r->cached);
	free_queries(&r->ready);
	free_queries(&r->delivering);
	hash_done(&r->by_name);
	if (r->in_delivery)
		r->freed = true;
	else
		free(r);
}
