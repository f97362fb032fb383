/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "failing_alloc.h"

#include "media/dejitter.c"

#include "tap.h"

#define SSRC     7u
#define DELAY_US 100000

static struct dejitter d;
static long budget;

static void begin(uint32_t delay_us)
{
	budget = DEJITTER_BUDGET;
	dejitter_init(&d, delay_us, &budget);
}

static void end(void)
{
	dejitter_done(&d);
	is_int(budget, DEJITTER_BUDGET, "all room is given back");
}

static bool put(uint32_t ssrc, uint16_t seq, uint32_t timestamp, uint64_t now_us)
{
	struct rtp_header h = {.ssrc = ssrc, .seq = seq, .timestamp = timestamp};
	uint8_t data[20] = {(uint8_t)seq};

	return dejitter_put(&d, &h, 8000, data, sizeof(data), now_us);
}

/* The number of the next packet, -1: none is due. */
static int next(uint64_t now_us)
{
	struct dejitter_packet *p = dejitter_next(&d, now_us);
	int seq = p ? p->seq : -1;

	if (p && (p->len != 20 || p->data[0] != (uint8_t)seq))
		seq = -2;
	free(p);
	return seq;
}

static void test_even(void)
{
	/* how much longer each one was under way than the quickest, in ms */
	static const unsigned longer_ms[] = {0, 18, 0, 12, 30, 15, 99, 80};
	bool even = true;

	begin(DELAY_US);
	ok(dejitter_due_us(&d) == UINT64_MAX && next(UINT64_MAX) == -1, "nothing waits");
	for (uint16_t n = 0; n < 8; n++) {
		uint64_t due_us = 1000000 + 20000 * n + DELAY_US;
		uint64_t now_us = 1000000 + 20000 * n + 1000 * longer_ms[n];

		put(SSRC, n, 160u * n, now_us);
		/* the base rises a little with each that is slow */
		even = even && d.due_us >= due_us && d.due_us < due_us + 1000;
		even = even && next(d.due_us - 1) == -1 && next(d.due_us) == n;
	}
	ok(even, "they leave evenly, however they came");
	end();
}

static void test_order(void)
{
	begin(DELAY_US);
	put(SSRC, 65534, 0, 0);
	put(SSRC, 0, 320, 40000);
	put(SSRC, 65535, 160, 41000);
	put(SSRC, 1, 480, 60000);
	put(SSRC, 0, 320, 61000);
	is_int(next(99999), -1, "not yet");
	is_int(next(DELAY_US), 65534, "the first");
	is_int(next(DELAY_US), -1, "... alone");
	is_int(next(121000), 65535, "the second, in its place");
	is_int(next(141000), 0, "the third");
	is_int(next(141000), 0, "... as often as it came");
	is_int(next(161000), 1, "the last");
	end();
}

static void test_late(void)
{
	begin(DELAY_US);
	put(SSRC, 0, 0, 0);
	put(SSRC, 2, 320, 40000);
	is_int(next(DELAY_US), 0, "one");
	is_int(next(141000), 2, "... and three");
	put(SSRC, 1, 160, 160000);
	is_int(next(160000), 1, "two comes too late, and leaves at once");
	for (uint16_t n = 3; n < 3 + LATE_MAX; n++)
		put(SSRC, n, 160u * n, 20000u * n + 300000);
	is_int((long long)d.due_us, 20000 * (2 + LATE_MAX) + 300000 + DELAY_US,
	    "when the way has become longer the buffer is there again");
	end();
}

static void test_jumps(void)
{
	begin(DELAY_US);
	put(SSRC, 0, 0, 1000000);
	put(SSRC, 1, 0x80000000, 1020000);
	is_int(next(1100000), 0, "one");
	is_int(next(1120000), 1, "timestamps that jump");
	put(SSRC, 2, 0x80000000 - 50000, 1140000);
	is_int(next(1240000), 2, "... and back");
	put(9, 700, 5, 1260000);
	put(SSRC, 3, 0x80000000 - 49840, 1261000);
	is_int(next(1360000), 700, "another stream");
	is_int(next(1361000), 3, "... and the old one again");
	put(SSRC, 4, 0x80000000 - 49680, 3000000); /* a pause in which its clock stood still */
	is_int(next(3000000 + DELAY_US), 4, "after a pause");
	end();
}

/* RFC 4733: the event's packets all have the timestamp of its beginning. */
static void test_event(void)
{
	begin(DELAY_US);
	put(SSRC, 0, 0, 0);
	for (uint16_t n = 1; n <= 5; n++)
		put(SSRC, n, 160, 20000u * n);
	is_int(next(DELAY_US), 0, "voice");
	for (uint16_t n = 1; n <= 5; n++) {
		ok(next(DELAY_US + 20000u * n - 1) == -1 && next(DELAY_US + 20000u * n) == n,
		    "an event keeps its pace");
	}
	put(SSRC, 6, 960, 120000);
	is_int(next(220000), 6, "... and the voice after it");
	end();
}

static void test_unknown_clock(void)
{
	struct rtp_header h = {.ssrc = SSRC, .seq = 5, .timestamp = 1};
	uint8_t data[20] = {5};

	begin(DELAY_US);
	dejitter_put(&d, &h, 0, data, sizeof(data), 0);
	h.seq = data[0] = 4;
	dejitter_put(&d, &h, 0, data, sizeof(data), 1000);
	is_int(next(DELAY_US), -1, "without a clock they are put in order only");
	is_int(next(DELAY_US + 1000), 4, "... the older one");
	is_int(next(DELAY_US + 1000), 5, "... first");
	end();
}

static void test_bounds(void)
{
	uint16_t n;
	int out = 0;

	begin(1500000);
	for (n = 0; n < DEJITTER_PACKETS_MAX; n++)
		put(SSRC, n, n, n);
	is_int(next(n), -1, "as many as fit wait");
	put(SSRC, n, n, n);
	is_int(next(n), 0, "one more, and the oldest leaves");
	is_int(next(n), -1, "... alone");
	while (next(UINT64_MAX) >= 0)
		out++;
	is_int(out, DEJITTER_PACKETS_MAX, "... and none is lost");
	end();

	begin(DELAY_US);
	put(SSRC, 0, 0, 0);
	put(SSRC, 1, 160, 20000);
	budget = 0; /* others have it all */
	put(SSRC, 2, 320, 40000);
	is_int(next(40000), 0, "where others need the room the oldest leaves, too");
	is_int(next(40000), -1, "... alone");
	is_int(next(120000), 1, "... and the others when they are due");
	is_int(next(140000), 2, "... with the new one");
	dejitter_done(&d);

	begin(DELAY_US);
	budget = 10;
	ok(!put(SSRC, 0, 0, 0), "no room at all: the packet is not held");
	budget = DEJITTER_BUDGET;
	put(SSRC, 0, 0, 0);
	alloc_until_failure = 0;
	ok(!put(SSRC, 1, 160, 20000), "nor without memory");
	is_int(next(20000), 0, "... and goes after what waited");
	end();
}

int main(void)
{
	test_even();
	test_order();
	test_late();
	test_jumps();
	test_event();
	test_unknown_clock();
	test_bounds();
	return tap_done();
}
