/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/timers.h"

#include <stdlib.h>

#include "tap.h"

static struct timers ts;
static char ran[64];

static void note(void *arg)
{
	strncat(ran, arg, sizeof(ran) - strlen(ran) - 1);
}

static const char *run(uint64_t now_ms)
{
	ran[0] = '\0';
	timers_run(&ts, now_ms);
	return ran;
}

static void test_order(void)
{
	struct timer a = {0}, b = {0}, c = {0}, d = {0};

	timers_init(&ts, 1000);
	is_int(timers_next_ms(&ts, 1000), -1, "no timer, no end of waiting");
	ok(!timer_is_running(&a), "a zeroed timer is stopped");
	timer_stop(&ts, &a);
	is_int(timer_start(&ts, &a, 30, note, "a"), 0, "start");
	timer_start(&ts, &b, 10, note, "b");
	timer_start(&ts, &c, 20, note, "c");
	timer_start(&ts, &d, 20, note, "d");
	is_int(timers_next_ms(&ts, 1000), 10, "the next one");
	is_int(timers_next_ms(&ts, 1005), 5, "... from later on");
	is_int(timers_next_ms(&ts, 2000), 0, "... when overdue");
	is_str(run(1009), "", "too early");
	is_str(run(1020), "bcd", "in order of time, then of starting");
	ok(!timer_is_running(&b) && timer_is_running(&a), "one-shot");
	timer_start(&ts, &a, 100, note, "A");
	is_str(run(1119), "", "a restart moves it");
	is_str(run(1120), "A", "... to its new time");
	timer_start(&ts, &a, UINT64_MAX, note, "a");
	is_str(run(UINT64_MAX / 2), "", "for ever is far away");
	is_int(timers_next_ms(&ts, 0), INT64_MAX, "... and no overflow");
	is_str(run(5), "", "the clock never goes back");
	ok(timers_now(&ts) == UINT64_MAX / 2, "... whatever it is told");
	timer_stop(&ts, &a);
	timer_stop(&ts, &a);
	is_int(timers_next_ms(&ts, 0), -1, "stopped, twice");
	timer_start(&ts, &a, 1, note, "a");
	timers_done(&ts);
	ok(!timer_is_running(&a), "the end stops what runs");
	timer_stop(&ts, &a);
}

static struct timer again;
static int again_count;

static void start_again(void *arg)
{
	(void)arg;
	again_count++;
	timer_start(&ts, &again, 0, start_again, NULL);
}

static void test_again(void)
{
	struct timer late = {0};

	timers_init(&ts, 0);
	again_count = 0;
	timer_start(&ts, &again, 0, start_again, NULL);
	timer_start(&ts, &late, 5, note, "late");
	is_str(run(5), "late", "all that was due runs");
	is_int(again_count, 1, "a timer that starts itself at once does not hold the loop");
	is_int(timers_next_ms(&ts, 5), 0, "... but is due");
	run(5);
	is_int(again_count, 2, "... in the next round");
	timer_stop(&ts, &again);
	timers_done(&ts);
}

struct victim {
	struct timer timer;
	struct victim *other;
};

static int freed;

static void free_both(void *arg)
{
	struct victim *v = arg;

	timer_stop(&ts, &v->other->timer);
	free(v->other);
	free(v);
	freed++;
}

static void test_free(void)
{
	struct victim *v[2];

	timers_init(&ts, 0);
	for (int i = 0; i < 2; i++) {
		v[i] = calloc(1, sizeof(*v[i]));
		if (v[i] == NULL)
			exit(99);
		timer_start(&ts, &v[i]->timer, 1, free_both, v[i]);
	}
	v[0]->other = v[1];
	v[1]->other = v[0];
	freed = 0;
	run(1);
	is_int(freed, 1, "a callback may free itself and another that was due with it");
	is_int((long long)ts.count, 0, "... which then does not run");
	timers_done(&ts);
}

#define MANY 500
static struct timer many[MANY];
static uint64_t last_due;
static int n_ran, n_wrong;

static void check_due(void *arg)
{
	struct timer *t = arg;

	n_ran++;
	n_wrong += t->due_ms < last_due || t->due_ms > timers_now(&ts);
	last_due = t->due_ms;
}

static void test_many(void)
{
	unsigned seed = 12345;
	int running = 0;

	timers_init(&ts, 0);
	for (int round = 0; round < 20000; round++) {
		struct timer *t;

		seed = seed * 1103515245 + 12345;
		t = &many[(seed >> 8) % MANY];
		if (seed & 0x80000000)
			timer_stop(&ts, t);
		else
			timer_start(&ts, t, (seed >> 4) % 997, check_due, t);
	}
	for (int i = 0; i < MANY; i++) {
		running += timer_is_running(&many[i]);
		n_wrong += many[i].pos != 0 && ts.heap[many[i].pos - 1].timer != &many[i];
	}
	is_int((long long)ts.count, running, "the heap holds what runs");
	for (uint64_t now = 0; now <= 1000; now += 10)
		timers_run(&ts, now);
	is_int(n_ran, running, "each runs once");
	is_int(n_wrong, 0, "... in order, never too early");
	timers_done(&ts);
}

int main(void)
{
	test_order();
	test_again();
	test_free();
	test_many();
	return tap_done();
}
