/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/transport.h"

#include <errno.h>
#include <stdlib.h>

#include "base/netif.h"
#include "base/trace.h"
#include "sip/transport_tcp.h"
#include "sip/transport_udp.h"

#define IDLE_MS    (600 * 1000)
#define CONNECT_MS 500

struct transport {
	struct transport_udp *udp;
	struct transport_tcp *tcp;
	struct transport_hooks hooks;
	uint16_t port;
	struct trace *trace; /* of datagrams; NULL: none */
};

static void received(void *arg, const void *data, size_t len, const struct transport_from *from)
{
	struct transport *t = arg;

	if (from->transport == SIP_UDP)
		trace_datagram(t->trace, &from->at.peer, &from->at.local, data, len);
	t->hooks.receive(t->hooks.arg, data, len, from);
}

int transport_open(struct transport **out, const struct transport_setup *setup,
    enum sip_transport *failed)
{
	struct transport *t = calloc(1, sizeof(*t));
	int err;

	*failed = SIP_UDP;
	if (!t)
		return ENOMEM;
	t->hooks = setup->hooks;
	t->port = setup->port;
	err = transport_udp_open(&t->udp, setup, received, t);
	if (!err) {
		*failed = SIP_TCP;
		err = transport_tcp_open(&t->tcp, setup, received, t);
	}
	if (err) {
		transport_close(t);
		return err;
	}
	transport_set_times(t, IDLE_MS, CONNECT_MS, 0);
	*out = t;
	return 0;
}

void transport_close(struct transport *t)
{
	if (!t)
		return;
	transport_udp_close(t->udp);
	transport_tcp_close(t->tcp);
	free(t);
}

void transport_set_times(struct transport *t, uint64_t idle_ms, uint64_t connect_ms,
    uint64_t keepalive_ms)
{
	struct connection_times times = {idle_ms, connect_ms, keepalive_ms};

	transport_tcp_set_times(t->tcp, &times);
}

void transport_set_trace(struct transport *t, struct trace *trace)
{
	t->trace = trace;
	transport_tcp_set_trace(t->tcp, trace);
}

/* The address that the datagram bears: where the caller left it to the kernel we ask its routes. */
static void trace_sent(struct transport *t, const struct addr *local, const struct addr *to,
    const void *data, size_t len)
{
	struct addr from;

	if (!t->trace)
		return;
	if (local && addr_is_set(local) && !addr_is_any(local))
		from = *local;
	else if (netif_source_for(to, &from) != 0)
		addr_any(&from, addr_family(to), 0);
	addr_set_port(&from, t->port);
	trace_datagram(t->trace, &from, to, data, len);
}

static int send_tcp(struct transport *t, const void *data, size_t len,
    const struct transport_to *to, uint64_t *connection)
{
	const struct connection *c;
	int err = transport_tcp_send(t->tcp, data, len, to, &c);

	if (err)
		return err;
	if (connection)
		*connection = c->id;
	return 0;
}

int transport_send(struct transport *t, const void *data, size_t len, const struct transport_to *to,
    uint64_t *connection)
{
	int err;

	if (to->transport == SIP_TCP)
		return send_tcp(t, data, len, to, connection);
	err = transport_udp_send(t->udp, data, len, to->local, to->peer);
	if (!err)
		trace_sent(t, to->local, to->peer, data, len);
	return err;
}

bool transport_has_connection(const struct transport *t, uint64_t connection)
{
	return connection && transport_tcp_find(t->tcp, connection);
}

bool transport_speaks_tcp(const struct transport *t, const struct addr *peer)
{
	return transport_tcp_reaches(t->tcp, peer);
}

void transport_close_connections(struct transport *t, unsigned group)
{
	transport_tcp_close_group(t->tcp, group);
}

size_t transport_connections(const struct transport *t)
{
	return transport_tcp_count(t->tcp);
}
