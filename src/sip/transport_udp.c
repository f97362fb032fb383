/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/transport_udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sip/sip_msg.h"

/* Datagrams read before the loop looks after timers and other sockets again. */
#define BURST         64
#define REFUSED_BURST 16
/* What may wait while we are busy: some hundred phones register at once after a power cut, and in
 * the time that voice may take the processor from us a thousand messages come. */
#define ROOM (2 << 20)

enum { V4, V6, SOCKETS };

struct transport_udp {
	struct loop *loop;
	int fd[SOCKETS];
	uint16_t port;
	transport_recv_fn *fn;
	void *arg;
	struct transport_hooks hooks;
	char data[SIP_MSG_MAX + 1];
};

/* Few at a time: the rest are found when the loop comes round. */
static void take_refused(struct transport_udp *u, int which)
{
	struct addr peer;
	size_t len;

	for (int i = 0; i < REFUSED_BURST; i++) {
		int err = udp_refused(u->fd[which], u->data, SIP_MSG_MAX, &len, &peer);

		if (err == EAGAIN)
			return;
		if (!err && u->hooks.refused)
			u->hooks.refused(u->hooks.arg, &peer, u->data, len);
	}
}

static void readable(struct transport_udp *u, int which)
{
	for (int i = 0; i < BURST; i++) {
		struct transport_from from = {.transport = SIP_UDP};
		size_t len;
		int err = udp_recv(u->fd[which], u->data, SIP_MSG_MAX, &len, &from.at);

		if (err == EMSGSIZE)
			continue;
		if (err && i == 0)
			take_refused(u, which); /* woken, and no datagram: that may be why */
		if (err)
			return;
		addr_set_port(&from.at.local, u->port);
		u->fn(u->arg, u->data, len, &from);
	}
}

static void v4_readable(void *arg, unsigned events)
{
	(void)events;
	readable(arg, V4);
}

static void v6_readable(void *arg, unsigned events)
{
	(void)events;
	readable(arg, V6);
}

static int open_family(struct transport_udp *u, int which, int family, int dscp)
{
	int err = udp_open_any(family, u->port, &u->fd[which]);

	if (err)
		return err;
	udp_set_room(u->fd[which], ROOM);
	udp_tell_refusals(u->fd[which], family); /* where the system can */
	if (dscp > 0 && udp_set_dscp(u->fd[which], family, dscp) != 0)
		log_warn(LOG_NET, "sip_dscp = %d could not be set on the SIP socket", dscp);
	return loop_fd_add(u->loop, u->fd[which], LOOP_READ,
	    which == V4 ? v4_readable : v6_readable, u);
}

int transport_udp_open(struct transport_udp **out, const struct transport_setup *setup,
    transport_recv_fn *fn, void *arg)
{
	struct transport_udp *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return ENOMEM;
	u->loop = setup->loop;
	u->port = setup->port;
	u->fd[V4] = u->fd[V6] = -1;
	u->hooks = setup->hooks;
	u->fn = fn;
	u->arg = arg;
	err = open_family(u, V4, AF_INET, setup->dscp);
	if (!err) {
		err = open_family(u, V6, AF_INET6, setup->dscp);
		if (err == EAFNOSUPPORT || err == EADDRNOTAVAIL || err == EPROTONOSUPPORT)
			err = 0; /* a machine without IPv6 */
	}
	if (err) {
		transport_udp_close(u);
		return err;
	}
	*out = u;
	return 0;
}

void transport_udp_close(struct transport_udp *u)
{
	if (!u)
		return;
	for (int i = 0; i < SOCKETS; i++) {
		if (u->fd[i] < 0)
			continue;
		loop_fd_del(u->loop, u->fd[i]);
		close(u->fd[i]);
	}
	free(u);
}

int transport_udp_send(struct transport_udp *u, const void *data, size_t len,
    const struct addr *local, const struct addr *to)
{
	int which = addr_family(to) == AF_INET6 ? V6 : V4;

	if (u->fd[which] < 0)
		return EAFNOSUPPORT;
	return udp_send(u->fd[which], data, len, local, to);
}
