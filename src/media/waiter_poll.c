/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/waiter.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "media/wake.h"

#define CAP_FIRST 64

/*
 * `items` is the truth, under the lock. `fds` is what the waiting thread gave to poll(): it is
 * made anew from the items when they changed. Whoever adds an item also allocates the larger
 * array that the waiting thread will then need, as that one allocates nothing.
 */
struct waiter {
	pthread_mutex_t lock;
	struct waiter_item **items;
	size_t count, cap;
	struct pollfd *spare; /* cap + 1 of them, to replace fds; NULL: fds is large enough */
	bool changed;

	/* the waiting thread's */
	struct pollfd *fds; /* [0] is the pipe, [i + 1] items[i] */
	size_t polled;      /* items in fds */
	size_t start;       /* where to look first, so that a busy socket cannot starve others */

	struct wake wake;
};

static int grow(struct waiter *w)
{
	size_t cap = w->cap ? 2 * w->cap : CAP_FIRST;
	struct pollfd *spare = calloc(cap + 1, sizeof(*spare));
	struct waiter_item **items;

	if (!spare)
		return ENOMEM;
	items = realloc(w->items, cap * sizeof(struct waiter_item *));
	if (!items) {
		free(spare);
		return ENOMEM;
	}
	free(w->spare);
	w->spare = spare;
	w->items = items;
	w->cap = cap;
	return 0;
}

int waiter_new(struct waiter **out)
{
	struct waiter *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return ENOMEM;
	err = grow(w);
	if (err)
		goto fail;
	err = wake_open(&w->wake);
	if (err)
		goto fail;
	err = pthread_mutex_init(&w->lock, NULL);
	if (err)
		goto no_lock;
	w->changed = true;
	*out = w;
	return 0;

no_lock:
	wake_close(&w->wake);
fail:
	free(w->items);
	free(w->spare);
	free(w);
	return err;
}

void waiter_free(struct waiter *w)
{
	if (!w)
		return;
	pthread_mutex_destroy(&w->lock);
	wake_close(&w->wake);
	free(w->items);
	free(w->spare);
	free(w->fds);
	free(w);
}

int waiter_add(struct waiter *w, struct waiter_item *item)
{
	int err = 0;

	pthread_mutex_lock(&w->lock);
	if (w->count == w->cap)
		err = grow(w);
	if (!err) {
		w->items[w->count++] = item;
		item->pos = w->count;
		w->changed = true;
	}
	pthread_mutex_unlock(&w->lock);
	if (!err)
		waiter_wake(w);
	return err;
}

void waiter_del(struct waiter *w, struct waiter_item *item)
{
	struct waiter_item *last;

	pthread_mutex_lock(&w->lock);
	if (item->pos) {
		last = w->items[--w->count];
		w->items[item->pos - 1] = last;
		last->pos = item->pos;
		item->pos = 0;
		w->changed = true;
	}
	pthread_mutex_unlock(&w->lock);
}

void waiter_wake(struct waiter *w)
{
	wake_pull(&w->wake);
}

static void take_changes(struct waiter *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->changed) {
		if (w->spare) {
			free(w->fds);
			w->fds = w->spare;
			w->spare = NULL;
		}
		w->fds[0] = (struct pollfd){.fd = w->wake.read_fd, .events = POLLIN};
		for (size_t i = 0; i < w->count; i++)
			w->fds[i + 1] = (struct pollfd){.fd = w->items[i]->fd, .events = POLLIN};
		w->polled = w->count;
		w->changed = false;
	}
	pthread_mutex_unlock(&w->lock);
}

static size_t collect(struct waiter *w, struct waiter_item *ready[], size_t max)
{
	size_t first = w->polled ? w->start % w->polled : 0, count = 0, i;

	pthread_mutex_lock(&w->lock); /* another thread may be adding, and moving the array */
	for (i = 0; i < w->polled && count < max; i++) {
		size_t at = (first + i) % w->polled;

		if (w->fds[at + 1].revents)
			ready[count++] = w->items[at];
	}
	pthread_mutex_unlock(&w->lock);
	w->start = first + i;
	return count;
}

size_t waiter_wait(struct waiter *w, struct waiter_item *ready[], size_t max, int timeout_ms,
    bool *woken)
{
	int n;

	*woken = false;
	take_changes(w);
	n = poll(w->fds, (nfds_t)w->polled + 1, timeout_ms);
	if (n < 0) {
		if (errno != EINTR)
			poll(NULL, 0, 10); /* the kernel is out of memory: no busy loop */
		return 0;
	}
	if (w->fds[0].revents) {
		*woken = true;
		wake_clear(&w->wake);
	}
	return collect(w, ready, max);
}
