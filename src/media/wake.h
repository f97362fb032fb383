/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wake: a pipe by which one thread wakes another that waits for descriptors. However often it is
 * pulled before the other looks, the other wakes once. Owns the pipe.
 */
#ifndef MEDIA_WAKE_H
#define MEDIA_WAKE_H

struct wake {
	int read_fd; /* to wait for */
	int write_fd;
};

int wake_open(struct wake *w); /* errno of pipe(), fcntl() */
void wake_close(struct wake *w);
void wake_pull(struct wake *w);  /* any thread; never blocks */
void wake_clear(struct wake *w); /* the woken thread, before it looks for what there is to do */

#endif
