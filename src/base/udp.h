/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udp: sockets bound to the wildcard address that tell for each datagram which local address and
 * interface it came to, and send each one from the local address that the caller names
 * (IP_PKTINFO, or IP_RECVDSTADDR and IP_SENDSRCADDR; RFC 3542 for IPv6). The one file that knows
 * how systems differ in this.
 */
#ifndef BASE_UDP_H
#define BASE_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/addr.h"

struct udp_from {
	struct addr peer;
	struct addr local; /* where it was sent to; port 0: the caller knows its socket's */
	unsigned ifindex;  /* interface that it arrived on; 0 unknown */
};

/* Non-blocking, close-on-exec, wildcard of `family`, IPv6 sockets take IPv6 only. errno of bind. */
int udp_open_any(int family, uint16_t port, int *fd);
/* Bound to exactly that address, for media: non-blocking, close-on-exec. */
int udp_open(const struct addr *local, int *fd);
/*
 * A second socket beside `fd`, which udp_open() has bound to `local`, connected to `peer`: what
 * that one sends comes to the second socket, all else to the first; while the two are being set up
 * either may get either, so look who sent it. Nobody else can share the port by it. ENOTSUP where
 * the system does not tell the two apart; else errno of bind, connect.
 */
int udp_open_twin(int fd, const struct addr *local, const struct addr *peer, int *twin);
/* One datagram. 0 and *len (0 for an empty one); EAGAIN; EMSGSIZE when it was longer than size (it
 * is gone then, but *from is told). ICMP errors about earlier datagrams are not reported. */
int udp_recv(int fd, void *data, size_t size, size_t *len, struct udp_from *from);
/* From `local`'s IP (port ignored; NULL or the wildcard: the kernel chooses; NULL for
 * a socket of udp_open(), since some systems refuse an address there). EAFNOSUPPORT when the
 * two are of different families, else errno of sendmsg. */
int udp_send(int fd, const void *data, size_t len, const struct addr *local, const struct addr *to);
/* From now on udp_refused() tells which datagrams came back. ENOSYS: this system does not say. */
int udp_tell_refusals(int fd, int family);
/* The next datagram that the network said could not be delivered (ICMP: no such port, host, net):
 * where it went, and as much of its beginning as came back. EAGAIN: none; any other errno: one that
 * says nothing, to be asked for the next. */
int udp_refused(int fd, void *data, size_t size, size_t *len, struct addr *dest);
/* So many bytes of datagrams, as the system counts them, may wait to be read; as many as it
 * permits. */
void udp_set_room(int fd, int bytes);
/* 0..63, both families; errno. */
int udp_set_dscp(int fd, int family, int dscp);
/* From now on udp_recv_dscp() knows the mark of each datagram that comes; errno. */
int udp_tell_dscp(int fd, int family);
/* One datagram for a socket of udp_open(), with its DSCP; *dscp is -1 when the system did not tell
 * it. 0; EAGAIN; errno of recvmsg, ICMP errors about earlier datagrams among them. */
int udp_recv_dscp(int fd, void *data, size_t size, size_t *len, struct addr *peer, int *dscp);

#endif
