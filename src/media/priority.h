/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * priority: real-time priority for the thread that moves voice, so that it does not wait for its
 * turn behind whatever else the machine computes. The lowest there is: everything else that is
 * real-time goes first. Owns nothing. Used by relay and service.
 */
#ifndef MEDIA_PRIORITY_H
#define MEDIA_PRIORITY_H

#include <pthread.h>

/* Before root is given up: allows this process priority_raise() afterwards, where a system knows
 * such a permission (RLIMIT_RTPRIO). Without root nothing changes. */
void priority_allow(void);
/* EPERM: not permitted. ENOTSUP. */
int priority_raise(pthread_t thread);

#endif
