/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/transport_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/siphash.h"
#include "base/tcp.h"

/* Connections accepted before the loop looks after others again. */
#define BURST 16
/* A listener that gets no descriptor rests for this long, or select() would spin. */
#define REST_MS 1000
/* At a limit so many of the connections that were quiet longest are asked whether they matter. */
#define CANDIDATES 8
/* And one that was active so lately is left alone. */
#define LATELY_MS 5000
/* A peer that let us connect is taken to speak TCP for an hour. */
#define REMEMBER_MS (3600 * 1000)
#define REMEMBERED  256

enum { V4, V6, LISTENERS };

struct remembered {
	struct addr peer;
	uint64_t until_ms;
};

struct transport_tcp {
	struct connection_owner owner;
	struct transport_hooks hooks;
	struct transport_limits limits;
	int fd[LISTENERS];
	struct timer rest;
	uint16_t port;
	transport_recv_fn *fn;
	void *arg;
	uint8_t key[SIPHASH_KEY_LEN];
	uint64_t last_id;
	struct hash by_id, by_peer;
	struct list all; /* the one that was quiet longest first */
	unsigned accepted[TRANSPORT_GROUPS], opened;
	struct remembered speaks[REMEMBERED];
};

/* --- the table ---------------------------------------------------------------------------- */

static uint64_t hash_peer(const struct transport_tcp *t, const struct addr *peer)
{
	return addr_hash(peer, t->key, true);
}

static struct connection *find_id(const struct transport_tcp *t, uint64_t id)
{
	struct hash_node *n = hash_first(&t->by_id, id);

	for (; n; n = hash_next(n)) {
		struct connection *c = container_of(n, struct connection, by_id);

		if (c->id == id && c->state != CONNECTION_OVER && !c->draining)
			return c;
	}
	return NULL;
}

/* The latest that leads there. */
static struct connection *find_peer(const struct transport_tcp *t, const struct addr *peer)
{
	struct hash_node *n = hash_first(&t->by_peer, hash_peer(t, peer));

	for (; n; n = hash_next(n)) {
		struct connection *c = container_of(n, struct connection, by_peer);

		if (addr_equal(&c->at.peer, peer) && c->state != CONNECTION_OVER && !c->draining)
			return c;
	}
	return NULL;
}

const struct connection *transport_tcp_find(const struct transport_tcp *t, uint64_t id)
{
	return find_id(t, id);
}

size_t transport_tcp_count(const struct transport_tcp *t)
{
	return t->by_id.count;
}

static void add(struct transport_tcp *t, struct connection *c, unsigned group)
{
	c->id = ++t->last_id;
	c->group = group < TRANSPORT_GROUPS ? group : 0;
	hash_add(&t->by_id, &c->by_id, c->id);
	hash_add(&t->by_peer, &c->by_peer, hash_peer(t, &c->at.peer));
	list_add_tail(&t->all, &c->link);
	if (c->accepted)
		t->accepted[c->group]++;
	else
		t->opened++;
}

static void forget(struct transport_tcp *t, struct connection *c)
{
	hash_del(&t->by_id, &c->by_id);
	hash_del(&t->by_peer, &c->by_peer);
	list_del(&c->link);
	if (c->accepted)
		t->accepted[c->group]--;
	else
		t->opened--;
}

static void touch(struct transport_tcp *t, struct connection *c)
{
	list_del(&c->link);
	list_add_tail(&t->all, &c->link);
}

/* --- who speaks TCP ----------------------------------------------------------------------- */

static struct remembered *memory_of(struct transport_tcp *t, const struct addr *peer)
{
	return &t->speaks[hash_peer(t, peer) % REMEMBERED];
}

static void remember(struct transport_tcp *t, const struct addr *peer, bool speaks)
{
	struct remembered *r = memory_of(t, peer);

	if (!speaks && !addr_equal(&r->peer, peer))
		return;
	r->peer = *peer;
	r->until_ms = speaks ? timers_now(loop_timers(t->owner.loop)) + REMEMBER_MS : 0;
}

bool transport_tcp_reaches(const struct transport_tcp *t, const struct addr *peer)
{
	const struct remembered *r = &t->speaks[hash_peer(t, peer) % REMEMBERED];
	const struct connection *c = find_peer(t, peer);

	if (c && c->state == CONNECTION_OPEN)
		return true;
	return addr_equal(&r->peer, peer) && r->until_ms > timers_now(loop_timers(t->owner.loop));
}

/* --- what a connection tells -------------------------------------------------------------- */

static void message(void *arg, struct connection *c, const char *data, size_t len)
{
	struct transport_tcp *t = arg;
	struct transport_from from = {.at = c->at, .transport = SIP_TCP, .connection = c->id};

	touch(t, c);
	t->fn(t->arg, data, len, &from);
}

static void connected(void *arg, struct connection *c)
{
	remember(arg, &c->at.peer, true);
}

static bool in_use(void *arg, const struct connection *c)
{
	struct transport_tcp *t = arg;

	return t->hooks.in_use(t->hooks.arg, c->id);
}

static void closed(void *arg, struct connection *c)
{
	struct transport_tcp *t = arg;

	if (!c->was_open)
		remember(t, &c->at.peer, false);
	forget(t, c);
	t->hooks.gone(t->hooks.arg, c->id);
}

/* --- accepting ---------------------------------------------------------------------------- */

static unsigned count_from(const struct transport_tcp *t, const struct addr *peer)
{
	unsigned n = 0;

	for (struct list *l = t->all.next; l != &t->all; l = l->next) {
		const struct connection *c = container_of(l, struct connection, link);

		n += c->accepted && addr_equal_ip(&c->at.peer, peer);
	}
	return n;
}

/* Of those that nothing relies on the one that was quiet longest makes room. */
static bool make_room(struct transport_tcp *t, unsigned group)
{
	uint64_t now = timers_now(loop_timers(t->owner.loop));
	unsigned asked = 0;
	struct list *l, *tmp;

	list_each(l, tmp, &t->all) {
		struct connection *c = container_of(l, struct connection, link);

		if (!c->accepted || c->group != group || c->state == CONNECTION_OVER)
			continue;
		if (asked++ == CANDIDATES || now - c->active_ms < LATELY_MS)
			return false;
		if (!in_use(t, c)) {
			connection_end(c, "room for another");
			return true;
		}
		touch(t, c); /* the next time others are asked */
	}
	return false;
}

static bool has_room(struct transport_tcp *t, unsigned group, const struct addr *peer)
{
	char who[ADDR_TEXT_MAX];

	if (count_from(t, peer) >= t->limits.per_peer[group]) {
		log_every(10, LOG_LVL_WARN, LOG_NET, "too many TCP connections from %s: refused",
		    addr_format_ip(peer, who));
		return false;
	}
	if (t->accepted[group] < t->limits.accepted[group] || make_room(t, group))
		return true;
	log_every(10, LOG_LVL_WARN, LOG_NET, "too many TCP connections: one from %s refused",
	    addr_format_ip(peer, who));
	return false;
}

static void welcome(struct transport_tcp *t, int fd, const struct udp_from *at)
{
	int group = t->hooks.admit(t->hooks.arg, at), err;
	struct connection *c;
	char who[ADDR_TEXT_MAX];

	if (group < 0 || group >= TRANSPORT_GROUPS || !has_room(t, (unsigned)group, &at->peer)) {
		close(fd);
		return;
	}
	err = connection_accepted(&c, &t->owner, fd, at);
	if (err) {
		log_every(10, LOG_LVL_WARN, LOG_NET, "a TCP connection from %s is refused: %s",
		    addr_format(&at->peer, who),
		    err == ERANGE ? "too many open files for select()" : strerror(err));
		return;
	}
	add(t, c, (unsigned)group);
	log_debug(LOG_NET, "TCP connection %llu from %s", (unsigned long long)c->id,
	    addr_format(&at->peer, who));
}

static void set_listening(struct transport_tcp *t, bool on)
{
	for (int i = 0; i < LISTENERS; i++)
		if (t->fd[i] >= 0)
			loop_fd_events(t->owner.loop, t->fd[i], on ? LOOP_READ : 0);
}

static void rested(void *arg)
{
	set_listening(arg, true);
}

static void rest(struct transport_tcp *t, int err)
{
	log_every(10, LOG_LVL_WARN, LOG_NET, "no TCP connection can be accepted: %s",
	    strerror(err));
	if (timer_start(loop_timers(t->owner.loop), &t->rest, REST_MS, rested, t) == 0)
		set_listening(t, false);
}

/* One that has gone again meanwhile, or a network's trouble, is none of the listener's. */
static bool is_lasting(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static void accept_burst(struct transport_tcp *t, int listener)
{
	for (int i = 0; i < BURST; i++) {
		struct udp_from at;
		int fd, err = tcp_accept(listener, &fd, &at);

		if (err == EAGAIN)
			return;
		if (err && is_lasting(err)) {
			rest(t, err);
			return;
		}
		if (!err)
			welcome(t, fd, &at);
	}
}

static void v4_acceptable(void *arg, unsigned events)
{
	struct transport_tcp *t = arg;

	(void)events;
	accept_burst(t, t->fd[V4]);
}

static void v6_acceptable(void *arg, unsigned events)
{
	struct transport_tcp *t = arg;

	(void)events;
	accept_burst(t, t->fd[V6]);
}

/* --- sending ------------------------------------------------------------------------------ */

static int connect_to(struct transport_tcp *t, const struct transport_to *to,
    struct connection **out)
{
	int err;

	if (t->opened >= t->limits.opened)
		return ENOSPC;
	err = connection_open(out, &t->owner, to->peer, to->local);
	if (err)
		remember(t, to->peer, false);
	else
		add(t, *out, to->group);
	return err;
}

int transport_tcp_send(struct transport_tcp *t, const void *data, size_t len,
    const struct transport_to *to, const struct connection **used)
{
	struct connection *c = to->connection ? find_id(t, to->connection) : find_peer(t, to->peer);
	int err = 0;

	if (!c && to->connection)
		return ENOTCONN;
	if (!c)
		err = connect_to(t, to, &c);
	if (!err)
		err = connection_send(c, data, len);
	if (err)
		return err;
	touch(t, c);
	if (used)
		*used = c;
	return 0;
}

/* --- opening and closing ------------------------------------------------------------------ */

static int listen_on(struct transport_tcp *t, int which, int family)
{
	int err = tcp_listen_any(family, t->port, &t->fd[which]);

	if (err)
		return err;
	return loop_fd_add(t->owner.loop, t->fd[which], LOOP_READ,
	    which == V4 ? v4_acceptable : v6_acceptable, t);
}

int transport_tcp_open(struct transport_tcp **out, const struct transport_setup *setup,
    transport_recv_fn *fn, void *arg)
{
	struct transport_tcp *t = calloc(1, sizeof(*t));
	int err = 0;

	if (!t)
		return ENOMEM;
	t->owner = (struct connection_owner){.loop = setup->loop,
	    .dscp = setup->dscp,
	    .arg = t,
	    .message = message,
	    .connected = connected,
	    .in_use = in_use,
	    .closed = closed};
	t->hooks = setup->hooks;
	t->limits = setup->limits;
	t->port = setup->port;
	t->fn = fn;
	t->arg = arg;
	t->fd[V4] = t->fd[V6] = -1;
	list_init(&t->all);
	random_bytes(t->key, sizeof(t->key));
	if (hash_init(&t->by_id, 64) != 0 || hash_init(&t->by_peer, 64) != 0)
		err = ENOMEM;
	if (!err)
		err = listen_on(t, V4, AF_INET);
	if (!err) {
		err = listen_on(t, V6, AF_INET6);
		if (err == EAFNOSUPPORT || err == EADDRNOTAVAIL || err == EPROTONOSUPPORT)
			err = 0; /* a machine without IPv6 */
	}
	if (err) {
		transport_tcp_close(t);
		return err;
	}
	*out = t;
	return 0;
}

void transport_tcp_close(struct transport_tcp *t)
{
	struct list *l, *tmp;

	if (!t)
		return;
	list_each(l, tmp, &t->all) {
		struct connection *c = container_of(l, struct connection, link);

		forget(t, c);
		connection_free(c);
	}
	for (int i = 0; i < LISTENERS; i++) {
		if (t->fd[i] < 0)
			continue;
		loop_fd_del(t->owner.loop, t->fd[i]);
		close(t->fd[i]);
	}
	timer_stop(loop_timers(t->owner.loop), &t->rest);
	hash_done(&t->by_id);
	hash_done(&t->by_peer);
	free(t);
}

void transport_tcp_set_times(struct transport_tcp *t, const struct connection_times *times)
{
	t->owner.times = *times;
}

void transport_tcp_set_trace(struct transport_tcp *t, struct trace *trace)
{
	t->owner.trace = trace;
}

void transport_tcp_close_group(struct transport_tcp *t, unsigned group)
{
	struct list *l, *tmp;

	list_each(l, tmp, &t->all) {
		struct connection *c = container_of(l, struct connection, link);

		if (c->group == group)
			connection_end(c, "our address has changed");
	}
}
