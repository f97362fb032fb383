/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/resolver.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns_channel.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/siphash.h"

#define MAX_QUERIES    256
#define MAX_CACHED     1024
#define MAX_PER_FAMILY 16
#define TTL_MIN_S      5
#define TTL_MAX_S      3600
#define TTL_FAILED_S   10
#define HOST_MAX       253
#define LABEL_MAX      63

/*
 * One name and family: first a question (`pending`), whose askers stand in `waiting`, then its
 * answer in the cache. A pending one belongs to c-ares until that has called back.
 */
struct entry {
	struct hash_node node;
	struct list link; /* r->pending; r->cached, oldest first */
	struct list waiting;
	struct resolver *resolver;
	int family;
	bool pending;
	int err;
	struct addr *addr;
	size_t count;
	uint64_t expires_ms;
	char host[];
};

/* Stands in its entry's `waiting`; then, with its own copy of the answer, in `ready`. */
struct resolver_query {
	struct list link;
	struct resolver *resolver;
	bool waiting, in_callback;
	uint16_t port;
	resolver_fn *fn;
	void *arg;
	int err;
	struct addr *addr;
	size_t count;
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
	free(e->addr);
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
	free(q->addr);
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
		q->fn(q->arg, q->err, q->addr, q->count);
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

static void set_answer(struct resolver_query *q, int err, const struct addr *addr, size_t count)
{
	q->err = err;
	if (err != 0 || count == 0)
		return;
	q->addr = calloc(count, sizeof(*q->addr));
	if (q->addr == NULL) {
		q->err = ENOMEM;
		return;
	}
	memcpy(q->addr, addr, count * sizeof(*addr));
	q->count = count;
	for (size_t i = 0; i < count; i++)
		addr_set_port(&q->addr[i], q->port);
}

static int error_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return 0;
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
	case ARES_ENONAME:
	case ARES_EBADNAME:
		return ENOENT;
	case ARES_ENOMEM:
		return ENOMEM;
	default:
		return ETIMEDOUT;
	}
}

/* Appends the answer's addresses of one family, each once, and lowers *ttl to theirs. */
static void collect(struct entry *e, int family, const struct ares_addrinfo *result, int *ttl)
{
	const struct ares_addrinfo_node *n;
	size_t first = e->count;

	for (n = result->nodes; n != NULL && e->count - first < MAX_PER_FAMILY; n = n->ai_next) {
		struct addr *a = &e->addr[e->count];
		bool twice = false;

		if (n->ai_family != family ||
		    addr_set(a, n->ai_addr, (socklen_t)n->ai_addrlen) != 0)
			continue;
		for (size_t i = first; i < e->count; i++)
			twice = twice || addr_equal_ip(&e->addr[i], a);
		if (!twice)
			e->count++;
		if (n->ai_ttl < *ttl)
			*ttl = n->ai_ttl;
	}
}

static void take_addresses(struct entry *e, const struct ares_addrinfo *result, int *ttl)
{
	const struct ares_addrinfo_cname *c;
	struct addr *fitting;

	e->addr = calloc(2 * MAX_PER_FAMILY, sizeof(*e->addr));
	if (e->addr == NULL) {
		e->err = ENOMEM;
		return;
	}
	if (e->family != AF_INET6)
		collect(e, AF_INET, result, ttl);
	if (e->family != AF_INET)
		collect(e, AF_INET6, result, ttl);
	for (c = result->cnames; c != NULL; c = c->next) {
		if (c->ttl < *ttl)
			*ttl = c->ttl;
	}
	if (e->count == 0) {
		e->err = ENOENT;
		return;
	}
	fitting = realloc(e->addr, e->count * sizeof(*e->addr));
	if (fitting != NULL)
		e->addr = fitting;
}

static void answer_waiting(struct resolver *r, struct entry *e)
{
	while (!list_is_empty(&e->waiting)) {
		struct resolver_query *q =
		    container_of(e->waiting.next, struct resolver_query, link);

		list_del(&q->link);
		q->waiting = false;
		r->n_waiting--;
		set_answer(q, e->err, e->addr, e->count);
		make_ready(r, q);
	}
}

/* c-ares has finished with a question, perhaps while it is being asked. */
static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct entry *e = arg;
	struct resolver *r = e->resolver;
	int ttl_s = TTL_MAX_S;

	(void)timeouts;
	e->err = error_of(status);
	if (!r->quiet && e->err == 0 && result != NULL)
		take_addresses(e, result, &ttl_s);
	if (result != NULL)
		ares_freeaddrinfo(result);
	if (r->quiet)
		return;
	if (e->err != 0)
		ttl_s = TTL_FAILED_S;
	else if (ttl_s < TTL_MIN_S)
		ttl_s = TTL_MIN_S;
	log_debug(LOG_DNS, "%s: %s, %zu addresses, for %d s", e->host,
	    e->err == 0 ? "found" : ares_strerror(status), e->count, ttl_s);

	e->pending = false;
	r->n_pending--;
	list_del(&e->link);
	answer_waiting(r, e);
	if (e->err == ENOMEM) {
		free_entry(r, e);
		return;
	}
	e->expires_ms = timers_now(loop_timers(r->loop)) + (uint64_t)ttl_s * 1000;
	list_add_tail(&r->cached, &e->link);
	if (++r->n_cached > MAX_CACHED)
		forget_oldest(r);
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
		out[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] - 'A' + 'a') : host[i];
	out[len] = '\0';
	return is_host_name(out, len) ? 0 : EINVAL;
}

static uint64_t key_of(const struct resolver *r, const char *host, int family)
{
	struct siphash h;

	siphash_init(&h, r->key);
	siphash_add(&h, &family, sizeof(family));
	siphash_add(&h, host, strlen(host));
	return siphash_end(&h);
}

/* What we know or have asked; an answer that is too old is forgotten here. */
static struct entry *find_entry(struct resolver *r, const char *host, int family)
{
	struct hash_node *node = hash_first(&r->by_name, key_of(r, host, family));

	for (; node != NULL; node = hash_next(node)) {
		struct entry *e = container_of(node, struct entry, node);

		if (e->family != family || strcmp(e->host, host) != 0)
			continue;
		if (e->pending || e->expires_ms > timers_now(loop_timers(r->loop)))
			return e;
		free_entry(r, e);
		r->n_cached--;
		return NULL;
	}
	return NULL;
}

static struct entry *new_entry(struct resolver *r, const char *host, int family)
{
	size_t size = strlen(host) + 1;
	struct entry *e = calloc(1, sizeof(*e) + size);

	if (e == NULL)
		return NULL;
	memcpy(e->host, host, size);
	e->family = family;
	e->resolver = r;
	e->pending = true;
	list_init(&e->waiting);
	list_add_tail(&r->pending, &e->link);
	r->n_pending++;
	hash_add(&r->by_name, &e->node, key_of(r, host, family));
	return e;
}

/* The answer may come, and the entry be gone, before this returns. */
static void ask(struct resolver *r, struct entry *e)
{
	dns_channel_ask(r->channel, e->host, e->family, on_answer, e);
}

static void look_up_name(struct resolver *r, struct resolver_query *q, const char *host, int family)
{
	struct entry *e = find_entry(r, host, family);
	bool is_new = e == NULL;

	if (e != NULL && !e->pending) {
		set_answer(q, e->err, e->addr, e->count);
		make_ready(r, q);
		return;
	}
	if (r->n_waiting >= MAX_QUERIES || (is_new && r->n_pending >= MAX_QUERIES)) {
		set_answer(q, EBUSY, NULL, 0);
		make_ready(r, q);
		return;
	}
	if (is_new)
		e = new_entry(r, host, family);
	if (e == NULL) {
		set_answer(q, ENOMEM, NULL, 0);
		make_ready(r, q);
		return;
	}
	list_add_tail(&e->waiting, &q->link);
	q->waiting = true;
	r->n_waiting++;
	if (is_new)
		ask(r, e);
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
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return ENOMEM;
	list_init(&q->link);
	q->resolver = r;
	q->port = port;
	q->fn = fn;
	q->arg = arg;
	if (is_literal) {
		set_answer(q, family_fits(&literal, family) ? 0 : ENOENT, &literal, 1);
		make_ready(r, q);
	} else {
		look_up_name(r, q, name, family);
	}
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
		if (e == NULL || e->pending || e->err != 0)
			return ENOENT;
		found = e->addr;
		n = e->count;
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
	err = hash_init(&r->by_name, MAX_CACHED);
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
