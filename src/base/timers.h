/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timers: a heap of one-shot timers. A timer lives inside the caller's struct and is started with
 * a delay; its callback may restart, stop or free it, or any other. Time is given by the caller,
 * in milliseconds of a clock that never jumps, so that tests own the clock.
 */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void timer_fn(void *arg);

struct timer {
	uint64_t due_ms;
	timer_fn *fn;
	void *arg;
	uint64_t order; /* of timers due at the same time the one started first runs first */
	size_t pos; /* in the heap, from 1; 0: not running. A zeroed timer is valid and stopped. */
};

/* The time stands in the heap too: a hundred thousand timers lie all over the memory, and to look
 * at each that one is compared with would cost more than all the rest. */
struct timers_entry {
	uint64_t due_ms;
	struct timer *timer;
};

struct timers {
	struct timers_entry *heap;
	size_t count, cap;
	uint64_t next_order;
	uint64_t now_ms;
};

void timers_init(struct timers *ts, uint64_t now_ms);
/* Stops all that run (so these must still exist) and frees the heap. */
void timers_done(struct timers *ts);
/*
 * Sets the clock and runs what is due at now_ms, in order of time, then of starting. What a
 * callback starts runs in a later call, even when it is due at once.
 */
void timers_run(struct timers *ts, uint64_t now_ms);
/* Milliseconds from now_ms to the next one; -1 when none runs. */
int64_t timers_next_ms(const struct timers *ts, uint64_t now_ms);
/* Sets the clock and runs nothing; never back. */
static inline void timers_set_now(struct timers *ts, uint64_t now_ms)
{
	if (now_ms > ts->now_ms)
		ts->now_ms = now_ms;
}

static inline uint64_t timers_now(const struct timers *ts)
{
	return ts->now_ms;
}

/* (Re)starts. ENOMEM when the heap cannot grow: the timer is then not running. Restarting one that
 * runs never fails. */
int timer_start(struct timers *ts, struct timer *t, uint64_t delay_ms, timer_fn *fn, void *arg);
void timer_stop(struct timers *ts, struct timer *t);
static inline bool timer_is_running(const struct timer *t)
{
	return t->pos != 0;
}

#endif
