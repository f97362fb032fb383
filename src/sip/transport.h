/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transport: the SIP sockets, UDP and TCP alike, as one thing that hands up messages and takes
 * them down. Sockets are bound to the wildcard addresses so that they outlive a change of address
 * and serve a firewall's redirect. What belongs to which side it does not know: connections come
 * in groups that its owner names. RFC 3261 18.
 */
#ifndef SIP_TRANSPORT_H
#define SIP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "base/udp.h"
#include "sip/sip_uri.h"

struct trace;
struct transport;

/* Where a message came from. */
struct transport_from {
	struct udp_from at;
	enum sip_transport transport;
	uint64_t connection; /* of a stream; 0: none */
};

/* Where one goes. */
struct transport_to {
	const struct addr *peer;
	const struct addr *local; /* whose IP it comes from; NULL or any: the kernel chooses */
	enum sip_transport transport;
	/* That connection and no other; 0: one that leads to the peer, made if need be. */
	uint64_t connection;
	unsigned group; /* of one that is made */
};

typedef void transport_recv_fn(void *arg, const void *data, size_t len,
    const struct transport_from *from);

/* A datagram that was sent did not get there, by ICMP: `data` is what came back of it. */
typedef void transport_refused_fn(void *arg, const struct addr *peer, const void *data, size_t len);

#define TRANSPORT_GROUPS 2

struct transport_hooks {
	void *arg;
	transport_recv_fn *receive;
	transport_refused_fn *refused; /* not every system tells */
	/* Somebody connects: the group that he belongs to; -1 shuts the door. */
	int (*admit)(void *arg, const struct udp_from *at);
	/* Something still relies on that connection: it is not closed for being idle. */
	bool (*in_use)(void *arg, uint64_t connection);
	/* A connection has ended, or never came about. Called from the loop, never from within
	 * transport_send(). */
	void (*gone)(void *arg, uint64_t connection);
};

/* Connections at a time. All of them together stay below FD_SETSIZE with room to spare. */
struct transport_limits {
	unsigned accepted[TRANSPORT_GROUPS];
	unsigned per_peer[TRANSPORT_GROUPS]; /* of `accepted`, from one IP */
	unsigned opened;
};

struct transport_setup {
	struct loop *loop;
	uint16_t port;
	int dscp; /* 0: none */
	struct transport_hooks hooks;
	struct transport_limits limits;
};

/* IPv4 must work; IPv6 is opened where the machine has it. errno of bind, EADDRINUSE ..., and in
 * *failed which of the two could not have the port. */
int transport_open(struct transport **out, const struct transport_setup *setup,
    enum sip_transport *failed);
/* Ends every connection without a word. */
void transport_close(struct transport *t);
/* Idle and connect timeouts, and the time between keepalives (0: none), in milliseconds. */
void transport_set_times(struct transport *t, uint64_t idle_ms, uint64_t connect_ms,
    uint64_t keepalive_ms);
/* Everything that comes and leaves goes into the trace too, which stays the caller's; NULL: none.
 */
void transport_set_trace(struct transport *t, struct trace *trace);
/* *connection (may be NULL) is set to the one that took it. errno; ENOTCONN: that connection is no
 * more. */
int transport_send(struct transport *t, const void *data, size_t len, const struct transport_to *to,
    uint64_t *connection);

/* That connection is up, or about to be. */
bool transport_has_connection(const struct transport *t, uint64_t connection);
/* A TCP connection to the peer is up, or one could be made within the last hour. */
bool transport_speaks_tcp(const struct transport *t, const struct addr *peer);
/* Ends all connections of a group: their far ends have to come again. */
void transport_close_connections(struct transport *t, unsigned group);
size_t transport_connections(const struct transport *t);

#endif
