/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp: listening, accepting and connecting without ever blocking, with what udp.h tells of a
 * datagram told of a connection: both ends, and the interface that it came in by.
 */
#ifndef BASE_TCP_H
#define BASE_TCP_H

#include "base/addr.h"
#include "base/udp.h"

/* Listens on the wildcard of `family`; IPv6 takes IPv6 only. errno of bind. */
int tcp_listen_any(int family, uint16_t port, int *fd);
/* One connection, prepared (fd.h). EAGAIN: there is none; ECONNABORTED: it has gone again; EMFILE
 * and the like. */
int tcp_accept(int listener, int *fd, struct udp_from *at);
/* Begins to connect from `local`'s IP (port ignored; NULL or the wildcard: the kernel chooses). The
 * descriptor becomes writable when that is decided. Both ends go into *at. errno. */
int tcp_connect(const struct addr *peer, const struct addr *local, int *fd, struct udp_from *at);
/* What became of it: 0, or errno. */
int tcp_connect_result(int fd);
/* Small messages leave at once, and a peer that has died is noticed some day. */
void tcp_tune(int fd);

#endif
