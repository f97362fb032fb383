/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/waiter.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "media/wake.h"

#define BATCH_MAX 64

struct waiter {
	int epoll_fd;
	struct wake wake;
};

/* item NULL: our own pipe. Level-triggered: what is not read now is reported again. */
static int watch(struct waiter *w, int fd, struct waiter_item *item)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = item};

	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? errno : 0;
}

int waiter_new(struct waiter **out)
{
	struct waiter *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return ENOMEM;
	err = wake_open(&w->wake);
	if (err)
		goto no_wake;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0) {
		err = errno;
		goto no_epoll;
	}
	err = watch(w, w->wake.read_fd, NULL);
	if (err)
		goto no_watch;
	*out = w;
	return 0;

no_watch:
	close(w->epoll_fd);
no_epoll:
	wake_close(&w->wake);
no_wake:
	free(w);
	return err;
}

void waiter_free(struct waiter *w)
{
	if (!w)
		return;
	close(w->epoll_fd);
	wake_close(&w->wake);
	free(w);
}

int waiter_add(struct waiter *w, struct waiter_item *item)
{
	return watch(w, item->fd, item);
}

void waiter_del(struct waiter *w, struct waiter_item *item)
{
	/* Closing is not enough: a child between fork and exec may still hold the socket. */
	epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, item->fd, NULL);
}

void waiter_wake(struct waiter *w)
{
	wake_pull(&w->wake);
}

size_t waiter_wait(struct waiter *w, struct waiter_item *ready[], size_t max, int timeout_ms,
    bool *woken)
{
	struct epoll_event events[BATCH_MAX];
	size_t count = 0;
	int n;

	*woken = false;
	n = epoll_wait(w->epoll_fd, events, max < BATCH_MAX ? (int)max : BATCH_MAX, timeout_ms);
	if (n < 0 && errno != EINTR)
		poll(NULL, 0, 10); /* cannot happen; if it does, not in a busy loop */
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			ready[count++] = events[i].data.ptr;
		else
			*woken = true;
	}
	if (*woken)
		wake_clear(&w->wake);
	return count;
}
