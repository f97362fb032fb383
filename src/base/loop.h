/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop: the main thread's select() loop: descriptors, timers and signals as callbacks. A callback
 * may remove itself or anything else. Descriptors at or above FD_SETSIZE are refused (ERANGE).
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timers.h"

struct loop;

enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void loop_fd_fn(void *arg, unsigned events);
typedef void loop_signal_fn(void *arg, int signo);

int loop_new(struct loop **out);
void loop_free(struct loop *loop);
/* Runs until loop_stop() (also one that came before), ends the round, and returns 0, or errno of a
 * select() that failed for good. */
int loop_run(struct loop *loop);
/* One round (signals and descriptors, then timers), waiting at most max_wait_ms (-1: as long as it
 * takes); for tests. */
int loop_once(struct loop *loop, int64_t max_wait_ms);
void loop_stop(struct loop *loop);

/*
 * EEXIST, or ERANGE for a descriptor that select() cannot hold. Take it out before it is closed;
 * one that is added during a round (even under a number just freed) is first looked at in the next.
 */
int loop_fd_add(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn, void *arg);
void loop_fd_events(struct loop *loop, int fd, unsigned events);
void loop_fd_del(struct loop *loop, int fd);

/*
 * From then on the signal arrives as a call from the loop, with its old action put back by
 * loop_free(). EEXIST: one callback per signal in the whole process. errno of sigaction().
 */
int loop_signal_add(struct loop *loop, int signo, loop_signal_fn *fn, void *arg);

/* The loop's timers; their clock is CLOCK_MONOTONIC, read once a round. */
struct timers *loop_timers(struct loop *loop);
uint64_t loop_clock_ms(void);
/* The same clock, finer. */
uint64_t loop_clock_us(void);

#endif
