/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transport_tcp: the TCP half of transport, which owns it: a listener for each family, the table
 * of connections and their limits. RFC 3261 18, RFC 5626 3.5.1.
 */
#ifndef SIP_TRANSPORT_TCP_H
#define SIP_TRANSPORT_TCP_H

#include "sip/connection.h"
#include "sip/transport.h"

struct transport_tcp;

/* fn gets every message. errno as of transport_open(). */
int transport_tcp_open(struct transport_tcp **out, const struct transport_setup *setup,
    transport_recv_fn *fn, void *arg);
void transport_tcp_close(struct transport_tcp *t);
void transport_tcp_set_times(struct transport_tcp *t, const struct connection_times *times);
/* NULL: none */
void transport_tcp_set_trace(struct transport_tcp *t, struct trace *trace);
/* *used (may be NULL): the connection that took it, still there for the caller to look at. */
int transport_tcp_send(struct transport_tcp *t, const void *data, size_t len,
    const struct transport_to *to, const struct connection **used);
const struct connection *transport_tcp_find(const struct transport_tcp *t, uint64_t id);
bool transport_tcp_reaches(const struct transport_tcp *t, const struct addr *peer);
void transport_tcp_close_group(struct transport_tcp *t, unsigned group);
size_t transport_tcp_count(const struct transport_tcp *t);

#endif
