/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connection: one TCP connection that carries SIP: opened or accepted, cut into messages, written
 * without ever blocking, and given up when it is idle, slow or broken. Owns its descriptor and
 * buffers. A connection that ends stays in memory until the next round of the loop, so whoever
 * holds one in a callback may go on. Used by transport_tcp, which keeps them in its tables.
 */
#ifndef SIP_CONNECTION_H
#define SIP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/timers.h"
#include "base/trace.h"
#include "base/udp.h"
#include "sip/sip_stream.h"

/* What may wait for a peer that does not read. */
#define CONNECTION_QUEUE_MAX (256 * 1024)
/* A message must be here, or have left, this long after its first byte; and the first one this
 * long after a stranger connected. */
#define CONNECTION_SLOW_MS 30000

struct connection;

struct connection_times {
	uint64_t idle_ms;
	uint64_t connect_ms;
	uint64_t keepalive_ms; /* 0: none are sent */
};

/* What all connections of one owner share; it outlives them. */
struct connection_owner {
	struct loop *loop;
	struct connection_times times;
	struct trace *trace; /* NULL: none */
	int dscp;
	void *arg;
	void (*message)(void *arg, struct connection *c, const char *data, size_t len);
	void (*connected)(void *arg, struct connection *c);
	bool (*in_use)(void *arg, const struct connection *c);
	/* It is about to be freed: forget it. */
	void (*closed)(void *arg, struct connection *c);
};

enum connection_state { CONNECTION_CONNECTING, CONNECTION_OPEN, CONNECTION_OVER };

struct connection {
	/* The owner's: */
	struct hash_node by_id, by_peer;
	struct list link;
	uint64_t id;
	unsigned group;
	/* Set here, to be read: */
	struct udp_from at; /* its two ends, and the interface if that is known */
	enum connection_state state;
	bool accepted;
	bool was_open;
	uint64_t active_ms; /* when something whole last came or went */
	/* connection.c's own: */
	const struct connection_owner *owner;
	int fd;
	struct sip_stream in;
	struct buf out;
	size_t written; /* of out */
	bool draining;  /* what still comes is of no interest */
	bool proved;    /* something whole has come */
	uint64_t in_since_ms, out_since_ms, keepalive_ms;
	struct timer watch;
	struct trace_stream traced;
};

/* Begins to connect. `local`: whose IP it comes from; NULL or any: the kernel's choice. errno:
 * ERANGE for a descriptor that the loop cannot hold. */
int connection_open(struct connection **out, const struct connection_owner *owner,
    const struct addr *peer, const struct addr *local);
/* Takes over an accepted descriptor, also when it fails. errno as above. */
int connection_accepted(struct connection **out, const struct connection_owner *owner, int fd,
    const struct udp_from *at);
/* Sends or queues. ENOTCONN: it is over; ENOBUFS: the peer does not read, and now it is over. */
int connection_send(struct connection *c, const void *data, size_t len);
/* Ends it now; closed() follows from the loop. `why` is for the log. */
void connection_end(struct connection *c, const char *why);
/* Frees it without a word. */
void connection_free(struct connection *c);

#endif
