/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/pace.h"

#include "tap.h"

#define PACKET_US(streams) (10000.0 / (streams)) /* both directions, 20 ms */
#define MOVED_US           7                     /* what it takes to move a packet */

struct looks {
	unsigned count, rests, longest_us;
};

/* So many streams for that long: what has come while it moved and rested is found by the next look.
 */
static struct looks stream(struct pace *p, unsigned streams, unsigned long_us, uint64_t *now_us)
{
	uint64_t end_us = *now_us + long_us;
	double due_us = (double)*now_us;
	struct looks looks = {0};

	while (*now_us < end_us) {
		uint64_t looked_us;
		unsigned packets = 0, rest_us;

		if (*now_us < (uint64_t)due_us)
			*now_us = (uint64_t)due_us;
		looked_us = *now_us;
		for (; due_us <= (double)looked_us; due_us += PACKET_US(streams))
			packets++;
		*now_us += MOVED_US * packets + 1;
		rest_us = pace_rest_us(p, packets, looked_us, *now_us);
		*now_us += rest_us;
		looks.count++;
		looks.rests += rest_us != 0;
		looks.longest_us = rest_us > looks.longest_us ? rest_us : looks.longest_us;
	}
	return looks;
}

/* Of streams that come steadily: a second's looks, when it knows how many there are. */
static struct looks second_of(unsigned streams)
{
	struct pace p = {0};
	uint64_t now_us = 1000000;

	stream(&p, streams, 3 * PACE_WINDOW_US, &now_us);
	return stream(&p, streams, 1000000, &now_us);
}

static void test_few(void)
{
	is_int(second_of(1).rests, 0, "one call never rests");
	is_int(second_of(10).rests, 0, "ten do not");
}

static void test_many(void)
{
	struct looks hundred = second_of(100), five = second_of(500), thousand = second_of(1000);

	ok(hundred.rests > hundred.count * 9 / 10, "a hundred rest after nearly each look");
	ok(hundred.count < 10000 / 3, "... so that several packets wait for the next");
	ok(hundred.longest_us <= PACE_REST_MAX_US, "... and none waits long");
	ok(five.longest_us < hundred.longest_us, "the more come, the shorter it rests");
	ok(five.count < 50000 / 9, "... and still several wait together");
	ok(thousand.longest_us < five.longest_us / 2, "... of a thousand streams hardly at all");
	ok(thousand.count < 100000 / 9, "... and several wait");
}

static void test_behind(void)
{
	struct pace p = {0};
	uint64_t now_us = 1000000;

	stream(&p, 1000, 3 * PACE_WINDOW_US, &now_us);
	ok(pace_rest_us(&p, 8, now_us, now_us + 10) > 0, "who is done early rests");
	is_int(pace_rest_us(&p, 64, now_us, now_us + 64 * MOVED_US), 0,
	    "... who has been moving packets since does not");
}

static void test_changes(void)
{
	struct pace p = {0};
	uint64_t now_us = 1000000;

	is_int(pace_rest_us(&p, 1, now_us, now_us), 0, "the first packet goes at once");
	stream(&p, 100, 1000000, &now_us);
	ok(stream(&p, 1, 1000000, &now_us).rests < 4, "it stops resting when one call is left");
	is_int(pace_rest_us(&p, 64, now_us, now_us), 0, "a burst is no stream");
	now_us += 3600000000;
	is_int(pace_rest_us(&p, 64, now_us, now_us), 0, "... nor is the next one, much later");
}

int main(void)
{
	test_few();
	test_many();
	test_behind();
	test_changes();
	return tap_done();
}
