/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/netwatch.h"

struct netwatch {
	struct loop *loop;
	int fd;
	netwatch_fn *fn;
	void *arg;
	struct timer settled;
	uint64_t latest_ms; /* the burst is over then at the latest */
};

static void on_settled(void *arg)
{
	struct netwatch *w = arg;

	w->fn(w->arg);
}

/* Read until there is nothing: what stands in the messages we shall ask for ourselves, and messages
 * that were lost (ENOBUFS) mean a change as well. */
static bool drain(int fd)
{
	char message[8192];
	bool any = false;

	for (int i = 0; i < 256; i++) {
		ssize_t n = recv(fd, message, sizeof(message), 0);

		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			break;
		any = true;
	}
	return any;
}

static void readable(void *arg, unsigned events)
{
	struct netwatch *w = arg;
	struct timers *timers = loop_timers(w->loop);
	uint64_t now = timers_now(timers), delay = NETWATCH_SETTLE_MS;

	(void)events;
	if (!drain(w->fd))
		return;
	if (!timer_is_running(&w->settled))
		w->latest_ms = now + NETWATCH_LONGEST_MS;
	if (now + delay > w->latest_ms)
		delay = w->latest_ms > now ? w->latest_ms - now : 0;
	timer_start(timers, &w->settled, delay, on_settled, w);
}

static int open_netlink(int *fd)
{
	struct sockaddr_nl groups = {
	    .nl_family = AF_NETLINK,
	    .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};

	*fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (*fd < 0)
		return errno;
	if (fd_prepare(*fd) == 0 && bind(*fd, (struct sockaddr *)&groups, sizeof(groups)) == 0)
		return 0;
	fd_close(fd);
	return errno;
}

int netwatch_open(struct netwatch **out, struct loop *loop, netwatch_fn *fn, void *arg)
{
	struct netwatch *w = calloc(1, sizeof(*w));
	int err;

	*out = NULL;
	if (w == NULL)
		return ENOMEM;
	*w = (struct netwatch){.loop = loop, .fd = -1, .fn = fn, .arg = arg};
	err = open_netlink(&w->fd);
	if (err == 0)
		err = loop_fd_add(loop, w->fd, LOOP_READ, readable, w);
	if (err != 0) {
		fd_close(&w->fd);
		free(w);
		return err;
	}
	*out = w;
	return 0;
}

void netwatch_close(struct netwatch *w)
{
	if (w == NULL)
		return;
	timer_stop(loop_timers(w->loop), &w->settled);
	loop_fd_del(w->loop, w->fd);
	fd_close(&w->fd);
	free(w);
}
