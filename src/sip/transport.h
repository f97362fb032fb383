/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transport: owns the SIP sockets, bound to the wildcard addresses so that they outlive a change
 * of address and serve a firewall's redirect. Hands up each datagram with its peer and the local
 * address and interface it came to; takes down bytes, local address and destination.
 * RFC 3261 18 (UDP).
 */
#ifndef SIP_TRANSPORT_H
#define SIP_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "base/udp.h"

struct trace;
struct transport;

typedef void transport_recv_fn(void *arg, const void *data, size_t len,
    const struct udp_from *from);

/* A datagram that was sent did not get there, by ICMP: `data` is what came back of it. */
typedef void transport_refused_fn(void *arg, const struct addr *peer, const void *data, size_t len);

/* IPv4 must work; IPv6 is opened where the machine has it. errno of bind: EADDRINUSE ... */
int transport_open(struct transport **out, struct loop *loop, uint16_t port, int dscp,
    transport_recv_fn *fn, void *arg);
void transport_close(struct transport *t);
/* `arg` as in transport_open(). Not every system tells. */
void transport_set_refused(struct transport *t, transport_refused_fn *fn);
/* Everything that comes and leaves goes into the trace too, which stays the caller's; NULL: none.
 */
void transport_set_trace(struct transport *t, struct trace *trace);
int transport_send(struct transport *t, const void *data, size_t len, const struct addr *local,
    const struct addr *to);

#endif
