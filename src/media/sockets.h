/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sockets: opens the sockets of media and keeps their descriptors out of select()'s way. Owns
 * nothing. Used by relay, in the main thread.
 */
#ifndef MEDIA_SOCKETS_H
#define MEDIA_SOCKETS_H

#include <stdbool.h>

#include "base/addr.h"

/* Before there is a second thread. Raises the soft limit of open files to the hard one, as far as
 * the system lets us. */
void sockets_prepare(void);
/*
 * Non-blocking, close-on-exec, bound to `local`, DSCP 0..63 set (-1: left alone; one that cannot
 * be set is logged and done without), with tell_dscp ready for udp_recv_dscp(). *fd is at or above
 * FD_SETSIZE where the limit of open files allows. errno of socket and bind; EMFILE when only
 * numbers kept for others are left; *fd is then -1.
 */
int sockets_open(const struct addr *local, int dscp, bool tell_dscp, int *fd);
/* udp_open_twin(), above FD_SETSIZE and with the same DSCP. EMFILE also when more than half of the
 * descriptors are in use: they are for calls. */
int sockets_open_twin(int fd, const struct addr *local, const struct addr *peer, int dscp,
    int *twin);

#endif
