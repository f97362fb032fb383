/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waiter: waits until one of many sockets has something to read. With Linux extras it is epoll
 * (waiter_epoll.c), elsewhere poll (waiter_poll.c). One thread waits; it owns nothing but the
 * waiter: sockets and items are the caller's. Used by relay.
 */
#ifndef MEDIA_WAITER_H
#define MEDIA_WAITER_H

#include <stdbool.h>
#include <stddef.h>

struct waiter;

/* Lives in the caller's struct, zeroed but for fd, from before waiter_add() to waiter_del(). */
struct waiter_item {
	int fd;
	size_t pos; /* waiter_poll's: its place, from 1; 0: not added */
};

int waiter_new(struct waiter **out);
void waiter_free(struct waiter *w);
/* Any thread. From now on the item may be reported. ENOMEM, or what the system says. */
int waiter_add(struct waiter *w, struct waiter_item *item);
/*
 * The waiting thread only, between two batches: from now on the item is not reported. The socket
 * must still be open. Harmless for an item that was never added.
 */
void waiter_del(struct waiter *w, struct waiter_item *item);
/* Any thread: the current or next waiter_wait() returns with *woken set. */
void waiter_wake(struct waiter *w);
/* Fills `ready` with up to max items that have something to read or an error to tell; returns
 * their number, 0 when only woken or when timeout_ms (-1: for ever) has passed. Allocates nothing.
 */
size_t waiter_wait(struct waiter *w, struct waiter_item *ready[], size_t max, int timeout_ms,
    bool *woken);

#endif
