/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/tcp.h"

/* Reads before the loop looks after others again. */
#define BURST 8
/* How long a refused sender may take to read why. */
#define DRAIN_MS 2000
/* A connection that something needs is looked at again after at most this long. */
#define LOOK_AGAIN_MS 60000

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* main ignores SIGPIPE */
#endif

static uint64_t now_ms(const struct connection *c)
{
	return timers_now(loop_timers(c->owner->loop));
}

static void log_end(const struct connection *c, const char *why)
{
	char peer[ADDR_TEXT_MAX];

	log_debug(LOG_NET, "TCP connection %llu %s %s ended: %s", (unsigned long long)c->id,
	    c->accepted ? "from" : "to", addr_format(&c->at.peer, peer), why);
}

/* --- the end ------------------------------------------------------------------------------ */

static void reap(void *arg)
{
	struct connection *c = arg;

	c->owner->closed(c->owner->arg, c);
	connection_free(c);
}

static void close_fd(struct connection *c)
{
	if (c->fd < 0)
		return;
	loop_fd_del(c->owner->loop, c->fd);
	fd_close(&c->fd);
}

void connection_end(struct connection *c, const char *why)
{
	if (c->state == CONNECTION_OVER)
		return;
	log_end(c, why);
	c->state = CONNECTION_OVER;
	close_fd(c);
	timer_start(loop_timers(c->owner->loop), &c->watch, 0, reap, c);
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	close_fd(c);
	timer_stop(loop_timers(c->owner->loop), &c->watch);
	sip_stream_done(&c->in);
	buf_free(&c->out);
	free(c);
}

/* --- patience ----------------------------------------------------------------------------- */

static bool has_output(const struct connection *c)
{
	return c->out.len > c->written;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When to look at it again. */
static uint64_t due_ms(const struct connection *c)
{
	const struct connection_times *times = &c->owner->times;
	uint64_t due;

	if (c->state == CONNECTION_CONNECTING)
		return c->out_since_ms + times->connect_ms;
	if (c->draining)
		return c->in_since_ms + DRAIN_MS;
	due = c->active_ms + times->idle_ms;
	if (sip_stream_is_midway(&c->in) || (c->accepted && !c->proved))
		due = sooner(due, c->in_since_ms + CONNECTION_SLOW_MS);
	if (has_output(c))
		due = sooner(due, c->out_since_ms + CONNECTION_SLOW_MS);
	if (times->keepalive_ms)
		due = sooner(due, c->keepalive_ms + times->keepalive_ms);
	return due;
}

static void look_after(void *arg);

static void watch(struct connection *c)
{
	uint64_t due = due_ms(c), now = now_ms(c);

	if (c->state != CONNECTION_OVER)
		timer_start(loop_timers(c->owner->loop), &c->watch, due > now ? due - now : 0,
		    look_after, c);
}

/* RFC 5626 3.5.1: who opened a connection pings; towards the other end a line end says as much. */
static void send_keepalive(struct connection *c)
{
	c->keepalive_ms = now_ms(c);
	if (!has_output(c))
		connection_send(c, "\r\n\r\n", c->accepted ? 2 : 4);
}

/* Why it is to end; NULL: it may stay. */
static const char *verdict(const struct connection *c)
{
	uint64_t now = now_ms(c), slow = CONNECTION_SLOW_MS;

	if (c->state == CONNECTION_CONNECTING)
		return "no answer in tcp_connect_timeout";
	if (c->draining)
		return "refused";
	if (sip_stream_is_midway(&c->in) && now - c->in_since_ms >= slow)
		return "a message that does not come to its end";
	if (c->accepted && !c->proved && now - c->in_since_ms >= slow)
		return "it says nothing";
	if (has_output(c) && now - c->out_since_ms >= slow)
		return "it does not read";
	return NULL;
}

static bool is_idle(const struct connection *c)
{
	return now_ms(c) - c->active_ms >= c->owner->times.idle_ms;
}

static void look_after(void *arg)
{
	struct connection *c = arg;
	const struct connection_times *times = &c->owner->times;
	const char *why = verdict(c);
	uint64_t now = now_ms(c);

	if (why) {
		connection_end(c, why);
		return;
	}
	if (times->keepalive_ms && now - c->keepalive_ms >= times->keepalive_ms)
		send_keepalive(c);
	if (is_idle(c)) {
		if (!c->owner->in_use(c->owner->arg, c)) {
			connection_end(c, "idle");
			return;
		}
		/* Counts as if it had last been active so that it is looked at again soon. */
		c->active_ms = now - times->idle_ms + sooner(times->idle_ms, LOOK_AGAIN_MS);
	}
	watch(c);
}

/* --- writing ------------------------------------------------------------------------------ */

static void want_events(struct connection *c)
{
	unsigned events = LOOP_READ;

	if (c->state == CONNECTION_CONNECTING)
		events = LOOP_WRITE;
	else if (has_output(c))
		events |= LOOP_WRITE;
	loop_fd_events(c->owner->loop, c->fd, events);
}

/* As much as goes; *n says how much that was. errno of a connection that is broken. */
static int write_some(struct connection *c, const char *data, size_t len, size_t *n)
{
	*n = 0;
	while (*n < len) {
		ssize_t sent = send(c->fd, data + *n, len - *n, MSG_NOSIGNAL);

		if (sent >= 0)
			*n += (size_t)sent;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		else if (errno != EINTR)
			return errno;
	}
	return 0;
}

static void flush(struct connection *c)
{
	size_t n;
	int err = write_some(c, c->out.data + c->written, c->out.len - c->written, &n);

	c->written += n;
	if (n)
		c->out_since_ms = now_ms(c);
	if (err) {
		connection_end(c, strerror(err));
		return;
	}
	if (!has_output(c)) {
		buf_free(&c->out);
		c->written = 0;
	}
	want_events(c);
}

/* What was written makes room. */
static void compact(struct connection *c)
{
	if (!c->written)
		return;
	memmove(c->out.data, c->out.data + c->written, c->out.len - c->written);
	c->out.len -= c->written;
	c->written = 0;
}

static int enqueue(struct connection *c, const char *data, size_t len)
{
	bool was_empty = !has_output(c);

	compact(c);
	if (c->out.len + len <= CONNECTION_QUEUE_MAX)
		buf_add(&c->out, data, len);
	else
		c->out.failed = true;
	if (c->out.failed) {
		connection_end(c, "it does not read");
		return ENOBUFS;
	}
	if (was_empty && c->state == CONNECTION_OPEN)
		c->out_since_ms = now_ms(c);
	want_events(c);
	return 0;
}

int connection_send(struct connection *c, const void *data, size_t len)
{
	size_t n = 0;
	int err = 0;

	if (c->state == CONNECTION_OVER || c->draining)
		return ENOTCONN;
	if (c->state == CONNECTION_OPEN && !has_output(c))
		err = write_some(c, data, len, &n);
	if (err) {
		connection_end(c, strerror(err));
		return ENOTCONN;
	}
	if (n < len)
		err = enqueue(c, (const char *)data + n, len - n);
	if (!err && len > 4) { /* keepalives are no work */
		c->active_ms = now_ms(c);
		if (c->state == CONNECTION_OPEN)
			trace_stream(c->owner->trace, &c->traced, !c->accepted, data, len);
	}
	if (!err)
		watch(c);
	return err;
}

/* --- reading ------------------------------------------------------------------------------ */

static void cut_off(struct connection *c, const char *why)
{
	char peer[ADDR_TEXT_MAX];

	log_every(10, LOG_LVL_WARN, LOG_NET, "TCP connection with %s cut off: %s",
	    addr_format(&c->at.peer, peer), why);
	connection_end(c, why);
}

/* Closing a socket with unread data would take our answer back: it is read to its end first. */
static void drain(struct connection *c)
{
	c->draining = true;
	c->in_since_ms = now_ms(c);
	sip_stream_done(&c->in);
	shutdown(c->fd, SHUT_WR);
}

static void hand_up(struct connection *c, struct str message)
{
	c->proved = true;
	c->active_ms = now_ms(c);
	trace_stream(c->owner->trace, &c->traced, c->accepted, message.s, message.len);
	c->owner->message(c->owner->arg, c, message.s, message.len);
}

/* Every message that is whole. */
static void take_messages(struct connection *c)
{
	while (c->state == CONNECTION_OPEN && !c->draining) {
		const char *why = NULL;
		struct str message;

		switch (sip_stream_next(&c->in, &message, &why)) {
		case SIP_STREAM_MORE:
			return;
		case SIP_STREAM_MESSAGE:
			hand_up(c, message);
			c->in_since_ms = now_ms(c);
			break;
		case SIP_STREAM_PING:
			c->proved = true;
			c->active_ms = now_ms(c);
			connection_send(c, "\r\n", 2);
			break;
		case SIP_STREAM_LOST:
			hand_up(c, message);
			if (c->state == CONNECTION_OPEN)
				drain(c);
			break;
		case SIP_STREAM_GARBAGE:
			cut_off(c, why);
			break;
		}
	}
}

static void discard(struct connection *c)
{
	char data[4096];

	for (int i = 0; i < BURST; i++) {
		ssize_t n = recv(c->fd, data, sizeof(data), 0);

		if (n == 0 ||
		    (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
			connection_end(c, "refused");
			return;
		}
		if (n < 0)
			return;
	}
}

/* False: there is nothing more to read now. */
static bool read_some(struct connection *c)
{
	bool was_midway = sip_stream_is_midway(&c->in);
	size_t size;
	char *room = sip_stream_room(&c->in, &size);
	ssize_t n;

	if (!room) {
		cut_off(c, "out of memory");
		return false;
	}
	n = recv(c->fd, room, size, 0);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return false;
	if (n <= 0) {
		connection_end(c, n == 0 ? "closed by the peer" : strerror(errno));
		return false;
	}
	sip_stream_put(&c->in, (size_t)n);
	if (!was_midway && c->proved)
		c->in_since_ms = now_ms(c);
	take_messages(c);
	return (size_t)n == size;
}

static void readable(struct connection *c)
{
	if (c->draining) {
		discard(c);
		return;
	}
	for (int i = 0; i < BURST; i++)
		if (!read_some(c) || c->state != CONNECTION_OPEN || c->draining)
			break;
	take_messages(c); /* nothing, but an idle stream then holds no memory */
}

/* --- opening ------------------------------------------------------------------------------ */

static void established(struct connection *c)
{
	c->state = CONNECTION_OPEN;
	c->was_open = true;
	c->active_ms = c->in_since_ms = c->out_since_ms = c->keepalive_ms = now_ms(c);
	c->owner->connected(c->owner->arg, c);
}

static void connect_done(struct connection *c)
{
	int err = tcp_connect_result(c->fd);

	if (err) {
		connection_end(c, strerror(err));
		return;
	}
	/* What waited leaves now; where nobody takes the connection it never does. */
	if (has_output(c))
		trace_stream(c->owner->trace, &c->traced, true, c->out.data + c->written,
		    c->out.len - c->written);
	established(c);
	if (has_output(c))
		flush(c);
	else
		want_events(c);
}

static void ready(void *arg, unsigned events)
{
	struct connection *c = arg;

	if (c->state == CONNECTION_CONNECTING)
		connect_done(c);
	else if ((events & LOOP_WRITE) && has_output(c))
		flush(c);
	if (c->state == CONNECTION_OPEN && (events & LOOP_READ))
		readable(c);
	if (c->state != CONNECTION_OVER)
		watch(c);
}

static int connection_new(struct connection **out, const struct connection_owner *owner, int fd,
    const struct udp_from *at)
{
	struct connection *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		close(fd);
		return ENOMEM;
	}
	c->owner = owner;
	c->fd = fd;
	c->at = *at;
	list_init(&c->link);
	c->active_ms = c->in_since_ms = c->out_since_ms = c->keepalive_ms = now_ms(c);
	err = timer_start(loop_timers(owner->loop), &c->watch, CONNECTION_SLOW_MS, look_after, c);
	if (!err)
		err = loop_fd_add(owner->loop, fd, LOOP_READ, ready, c);
	if (err) {
		connection_free(c);
		return err;
	}
	/* A reply of a hundred bytes must not wait for a second one. */
	tcp_tune(fd);
	if (owner->dscp > 0)
		udp_set_dscp(fd, addr_family(&at->peer), owner->dscp);
	*out = c;
	return 0;
}

int connection_accepted(struct connection **out, const struct connection_owner *owner, int fd,
    const struct udp_from *at)
{
	int err = connection_new(out, owner, fd, at);

	if (err)
		return err;
	(*out)->accepted = true;
	(*out)->traced.end[0] = at->peer;
	(*out)->traced.end[1] = at->local;
	(*out)->state = CONNECTION_OPEN;
	(*out)->was_open = true;
	watch(*out);
	return 0;
}

int connection_open(struct connection **out, const struct connection_owner *owner,
    const struct addr *peer, const struct addr *local)
{
	struct udp_from at;
	int fd, err = tcp_connect(peer, local, &fd, &at);

	if (!err)
		err = connection_new(out, owner, fd, &at);
	if (err)
		return err;
	(*out)->traced.end[0] = at.local;
	(*out)->traced.end[1] = at.peer;
	(*out)->state = CONNECTION_CONNECTING;
	want_events(*out);
	watch(*out);
	return 0;
}
