/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/netif.h"
#include "base/trace.h"
#include "sip/sip_msg.h"

/* Datagrams read before the loop looks after timers and other sockets again. */
#define BURST         64
#define REFUSED_BURST 16

enum { V4, V6, SOCKETS };

struct transport {
	struct loop *loop;
	int fd[SOCKETS];
	uint16_t port[SOCKETS]; /* that they are bound to */
	transport_recv_fn *fn;
	transport_refused_fn *refused; /* NULL: nobody asks */
	void *arg;
	struct trace *trace; /* NULL: none */
	char data[SIP_MSG_MAX + 1];
};

/* Few at a time: the rest are found when the loop comes round. */
static void take_refused(struct transport *t, int which)
{
	struct addr peer;
	size_t len;

	for (int i = 0; i < REFUSED_BURST; i++) {
		int err = udp_refused(t->fd[which], t->data, SIP_MSG_MAX, &len, &peer);

		if (err == EAGAIN)
			return;
		if (!err && t->refused)
			t->refused(t->arg, &peer, t->data, len);
	}
}

static void readable(struct transport *t, int which)
{
	for (int i = 0; i < BURST; i++) {
		struct udp_from from;
		size_t len;
		int err = udp_recv(t->fd[which], t->data, SIP_MSG_MAX, &len, &from);

		if (err == EMSGSIZE)
			continue;
		if (err && i == 0)
			take_refused(t, which); /* woken, and no datagram: that may be why */
		if (err)
			return;
		addr_set_port(&from.local, t->port[which]);
		trace_datagram(t->trace, &from.peer, &from.local, t->data, len);
		t->fn(t->arg, t->data, len, &from);
	}
}

static void v4_readable(void *arg, unsigned events)
{
	struct transport *t = arg;

	(void)events;
	readable(t, V4);
}

static void v6_readable(void *arg, unsigned events)
{
	struct transport *t = arg;

	(void)events;
	readable(t, V6);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct addr a;

	if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
	    addr_set(&a, (struct sockaddr *)&bound, len) != 0)
		return 0;
	return addr_port(&a);
}

static int open_family(struct transport *t, int which, int family, uint16_t port, int dscp)
{
	int err = udp_open_any(family, port, &t->fd[which]);

	if (err)
		return err;
	t->port[which] = port_of(t->fd[which]);
	udp_tell_refusals(t->fd[which], family); /* where the system can */
	if (dscp > 0 && udp_set_dscp(t->fd[which], family, dscp) != 0)
		log_warn(LOG_NET, "sip_dscp = %d could not be set on the SIP socket", dscp);
	return loop_fd_add(t->loop, t->fd[which], LOOP_READ,
	    which == V4 ? v4_readable : v6_readable, t);
}

int transport_open(struct transport **out, struct loop *loop, uint16_t port, int dscp,
    transport_recv_fn *fn, void *arg)
{
	struct transport *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return ENOMEM;
	t->loop = loop;
	t->fd[V4] = t->fd[V6] = -1;
	t->fn = fn;
	t->arg = arg;
	err = open_family(t, V4, AF_INET, port, dscp);
	if (!err) {
		err = open_family(t, V6, AF_INET6, port, dscp);
		if (err == EAFNOSUPPORT || err == EADDRNOTAVAIL || err == EPROTONOSUPPORT)
			err = 0; /* a machine without IPv6 */
	}
	if (err) {
		transport_close(t);
		return err;
	}
	*out = t;
	return 0;
}

void transport_close(struct transport *t)
{
	if (!t)
		return;
	for (int i = 0; i < SOCKETS; i++) {
		if (t->fd[i] < 0)
			continue;
		loop_fd_del(t->loop, t->fd[i]);
		close(t->fd[i]);
	}
	free(t);
}

void transport_set_refused(struct transport *t, transport_refused_fn *fn)
{
	t->refused = fn;
}

void transport_set_trace(struct transport *t, struct trace *trace)
{
	t->trace = trace;
}

/* The address that the datagram bears: where the caller left it to the kernel we ask its routes. */
static void trace_sent(struct transport *t, int which, const struct addr *local,
    const struct addr *to, const void *data, size_t len)
{
	struct addr from;

	if (!t->trace)
		return;
	if (local && addr_is_set(local) && !addr_is_any(local))
		from = *local;
	else if (netif_source_for(to, &from) != 0)
		addr_any(&from, addr_family(to), 0);
	addr_set_port(&from, t->port[which]);
	trace_datagram(t->trace, &from, to, data, len);
}

int transport_send(struct transport *t, const void *data, size_t len, const struct addr *local,
    const struct addr *to)
{
	int which = addr_family(to) == AF_INET6 ? V6 : V4, err;

	if (t->fd[which] < 0)
		return EAFNOSUPPORT;
	err = udp_send(t->fd[which], data, len, local, to);
	if (!err)
		trace_sent(t, which, local, to, data, len);
	return err;
}
