/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/rtcp.h"

#include <string.h>

#include "tap.h"

#define SSRC_A 0x11111111u /* the stream from A to B */
#define SSRC_B 0x22222222u

struct writer {
	uint8_t bytes[400];
	size_t len;
};

static void put32(struct writer *w, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		w->bytes[w->len++] = (uint8_t)(v >> shift);
}

static void head(struct writer *w, unsigned count, unsigned type, unsigned words, uint32_t ssrc)
{
	put32(w, 2u << 30 | count << 24 | type << 16 | words);
	put32(w, ssrc);
}

static void block(struct writer *w, uint32_t ssrc, uint32_t lost, uint32_t lsr, uint32_t dlsr)
{
	put32(w, ssrc);
	put32(w, lost);
	put32(w, 5000);
	put32(w, 33); /* jitter */
	put32(w, lsr);
	put32(w, dlsr);
}

static void sender_report(struct writer *w, uint32_t ssrc, uint32_t ntp)
{
	head(w, 0, 200, 6, ssrc);
	put32(w, ntp >> 16);
	put32(w, ntp << 16);
	put32(w, 160);
	put32(w, 10);
	put32(w, 1600);
}

static struct rtcp_report report(const struct rtcp_stats *s)
{
	struct rtcp_report r;

	rtcp_stats_read(s, &r);
	return r;
}

static void test_blocks(void)
{
	struct rtcp_stats a = {0}, b = {0};
	struct writer w = {.len = 0};

	head(&w, 2, 201, 13, SSRC_B);
	block(&w, 0x99, 0xff000001, 0, 0);
	block(&w, SSRC_A, 0x40000007, 0, 0);
	rtcp_stats_count(&b, &a, SSRC_A, w.bytes, w.len, 1000);
	is_int(report(&b).reports, 1, "B reports on A's stream; not on another one");
	is_int(report(&b).lost, 7, "... how many it misses");
	is_int(report(&b).fraction_lost, 64, "... of late a quarter");
	is_int(report(&b).jitter, 33, "... and the jitter");
	w.len = 0;
	head(&w, 1, 201, 7, SSRC_B);
	block(&w, SSRC_A, 0x00ffffff, 0, 0);
	rtcp_stats_count(&b, &a, SSRC_A, w.bytes, w.len, 1000);
	is_int(report(&b).lost, 0, "minus one, by repeated packets, is none");
}

static void test_round_trip(void)
{
	struct rtcp_stats a = {0}, b = {0};
	struct writer w = {.len = 0};

	sender_report(&w, SSRC_A, 0xabcd1234);
	rtcp_stats_count(&a, &b, SSRC_B, w.bytes, w.len, 1000000);
	w.len = 0;
	head(&w, 1, 201, 7, SSRC_B);
	block(&w, SSRC_A, 0, 0xabcd1234, 65536 / 2); /* kept for half a second */
	head(&w, 1, 202, 2, SSRC_B);                 /* SDES, and no more in it than a nought */
	put32(&w, 0);
	rtcp_stats_count(&b, &a, SSRC_A, w.bytes, w.len, 1580000);
	is_int(report(&b).round_trip_us, 80000, "80 ms to B and back");
	rtcp_stats_count(&b, &a, SSRC_A, w.bytes, w.len, 1400000);
	is_int(report(&b).round_trip_us, 80000, "one that is older than the clock is no measure");
	w.len = 0;
	head(&w, 1, 201, 7, SSRC_B);
	block(&w, SSRC_A, 0, 0xabcd9999, 0);
	rtcp_stats_count(&b, &a, SSRC_A, w.bytes, w.len, 1600000);
	is_int(report(&b).round_trip_us, 80000, "... nor an answer to what was not asked");
}

static void test_extended(void)
{
	struct rtcp_stats a = {0}, b = {0};
	struct writer w = {.len = 0};

	head(&w, 0, 207, 1 + 3 + 9, SSRC_B);
	put32(&w, 4u << 24 | 2); /* receiver reference time */
	put32(&w, 0);
	put32(&w, 0);
	put32(&w, 7u << 24 | 8);
	put32(&w, SSRC_A);
	put32(&w, 0);
	put32(&w, 0);
	put32(&w, 90 << 16 | 65);
	for (int i = 0; i < 4; i++)
		put32(&w, 0);
	rtcp_stats_count(&b, &a, SSRC_A, w.bytes, w.len, 0);
	is_int(report(&b).far_delay_us, 65000, "VoIP metrics: 65 ms within the phone");
}

/* Each length of a good packet, and lengths that lie. */
static void test_hostile(void)
{
	struct rtcp_stats a = {0}, b = {0};
	struct writer w = {.len = 0};

	sender_report(&w, SSRC_A, 1);
	w.bytes[0] |= 31; /* 31 blocks, none there */
	rtcp_stats_count(&a, &b, SSRC_B, w.bytes, w.len, 0);
	is_int(report(&a).reports, 0, "blocks that are not there");
	w.len = 0;
	head(&w, 1, 201, 7, SSRC_B);
	block(&w, SSRC_A, 5, 0, 0);
	for (size_t len = 0; len < w.len; len++)
		rtcp_stats_count(&b, &a, SSRC_A, w.bytes, len, 0);
	is_int(report(&b).reports, 0, "a packet cut short");
	w.bytes[3] = 0;
	rtcp_stats_count(&b, &a, SSRC_A, w.bytes, w.len, 0);
	w.bytes[3] = 255;
	rtcp_stats_count(&b, &a, SSRC_A, w.bytes, w.len, 0);
	is_int(report(&b).reports, 0, "... or with a length that is wrong");
}

int main(void)
{
	test_blocks();
	test_round_trip();
	test_extended();
	test_hostile();
	return tap_done();
}
