/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/timers.h"

#include <errno.h>
#include <stdlib.h>

#define TIMERS_MIN_CAP 64

void timers_init(struct timers *ts, uint64_t now_ms)
{
	*ts = (struct timers){.now_ms = now_ms};
}

void timers_done(struct timers *ts)
{
	/* Their owners may go later than we and stop them then: that must find them stopped. */
	for (size_t i = 0; i < ts->count; i++)
		ts->heap[i].timer->pos = 0;
	free(ts->heap);
	timers_init(ts, ts->now_ms);
}

static bool is_earlier(const struct timers_entry *a, const struct timers_entry *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->timer->order < b->timer->order;
}

static void place(struct timers *ts, const struct timers_entry *e, size_t i)
{
	ts->heap[i] = *e;
	e->timer->pos = i + 1;
}

/* Puts `e` where the hole at `i` may move up to. */
static void sift_up(struct timers *ts, const struct timers_entry *e, size_t i)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (!is_earlier(e, &ts->heap[parent]))
			break;
		place(ts, &ts->heap[parent], i);
		i = parent;
	}
	place(ts, e, i);
}

static void sift_down(struct timers *ts, const struct timers_entry *e, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= ts->count)
			break;
		if (child + 1 < ts->count && is_earlier(&ts->heap[child + 1], &ts->heap[child]))
			child++;
		if (!is_earlier(&ts->heap[child], e))
			break;
		place(ts, &ts->heap[child], i);
		i = child;
	}
	place(ts, e, i);
}

static int reserve_one(struct timers *ts)
{
	size_t cap = ts->cap > 0 ? ts->cap * 2 : TIMERS_MIN_CAP;
	struct timers_entry *heap;

	if (ts->count < ts->cap)
		return 0;
	if (cap > SIZE_MAX / sizeof(*heap))
		return ENOMEM;
	heap = realloc(ts->heap, cap * sizeof(*heap));
	if (heap == NULL)
		return ENOMEM;
	ts->heap = heap;
	ts->cap = cap;
	return 0;
}

int timer_start(struct timers *ts, struct timer *t, uint64_t delay_ms, timer_fn *fn, void *arg)
{
	struct timers_entry e;

	timer_stop(ts, t);
	if (reserve_one(ts) != 0)
		return ENOMEM;
	t->due_ms = delay_ms > UINT64_MAX - ts->now_ms ? UINT64_MAX : ts->now_ms + delay_ms;
	t->order = ts->next_order++;
	t->fn = fn;
	t->arg = arg;
	e = (struct timers_entry){t->due_ms, t};
	sift_up(ts, &e, ts->count++);
	return 0;
}

void timer_stop(struct timers *ts, struct timer *t)
{
	size_t hole = t->pos - 1;
	struct timers_entry last;

	if (t->pos == 0)
		return;
	t->pos = 0;
	last = ts->heap[--ts->count];
	if (last.timer == t)
		return;
	if (hole > 0 && is_earlier(&last, &ts->heap[(hole - 1) / 2]))
		sift_up(ts, &last, hole);
	else
		sift_down(ts, &last, hole);
}

void timers_run(struct timers *ts, uint64_t now_ms)
{
	/* What callbacks start from here on sorts behind all that is due: it waits its turn. */
	uint64_t first_new = ts->next_order;

	timers_set_now(ts, now_ms);
	while (ts->count > 0) {
		struct timer *t = ts->heap[0].timer;

		if (t->due_ms > ts->now_ms || t->order >= first_new)
			break;
		timer_stop(ts, t);
		t->fn(t->arg);
	}
}

int64_t timers_next_ms(const struct timers *ts, uint64_t now_ms)
{
	uint64_t wait;

	if (ts->count == 0)
		return -1;
	if (ts->heap[0].due_ms <= now_ms)
		return 0;
	wait = ts->heap[0].due_ms - now_ms;
	return wait > INT64_MAX ? INT64_MAX : (int64_t)wait;
}
