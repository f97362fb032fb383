/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify: tells the supervisor that started us (systemd with Type=notify, or whoever speaks
 * sd_notify(3)'s protocol) that we are ready, reload, end, or live: one datagram each to the socket
 * that it named in our environment. The service owns the one there is. A NULL one, for a process
 * that nobody waits for, is fine everywhere, and nothing here ever blocks or fails a start.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdbool.h>

struct notify;

struct notify_env {
	const char *socket;       /* $NOTIFY_SOCKET; "@..." is a name of Linux's abstract ones */
	const char *watchdog_us;  /* $WATCHDOG_USEC: how often a sign of life is expected */
	const char *watchdog_pid; /* $WATCHDOG_PID: from whom; NULL: from us */
};

/* Connects, which must come before a chroot and the end of root's rights. Nobody waits: 0 and NULL.
 * EAFNOSUPPORT for an address of another kind, ENAMETOOLONG, or errno. */
int notify_open(struct notify **out, const struct notify_env *env);
void notify_close(struct notify *n);

/* Ready for work, at the start and after each notify_reloading(); `status` is one line for people,
 * NULL leaves the last one. */
void notify_ready(struct notify *n, const char *status);
void notify_reloading(struct notify *n);
void notify_stopping(struct notify *n);
/* To be called about once a second: tells that we live, if the supervisor asked for it. */
void notify_alive(struct notify *n);

#endif
