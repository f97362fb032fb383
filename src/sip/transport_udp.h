/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transport_udp: the UDP half of transport, which owns it: a wildcard socket for each family.
 */
#ifndef SIP_TRANSPORT_UDP_H
#define SIP_TRANSPORT_UDP_H

#include "sip/transport.h"

struct transport_udp;

/* fn gets every datagram, from.local with the socket's port. errno as of transport_open(). */
int transport_udp_open(struct transport_udp **out, const struct transport_setup *setup,
    transport_recv_fn *fn, void *arg);
void transport_udp_close(struct transport_udp *u);
/* As udp_send(); EAFNOSUPPORT without a socket of that family. */
int transport_udp_send(struct transport_udp *u, const void *data, size_t len,
    const struct addr *local, const struct addr *to);

#endif
