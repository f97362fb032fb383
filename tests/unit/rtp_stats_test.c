/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/rtp_stats.h"

#include <string.h>

#include "media/rtp.h"
#include "tap.h"

#define SSRC 0xcafe0001u

static struct rtp_stats s;
static uint64_t now_us;

static void begin(void)
{
	memset(&s, 0, sizeof(s));
	now_us = 5000000;
}

static void packet(uint32_t ssrc, uint8_t pt, uint16_t seq, uint32_t timestamp)
{
	struct rtp_header h = {.ssrc = ssrc,
	    .payload_type = pt,
	    .seq = seq,
	    .timestamp = timestamp};

	rtp_stats_count(&s, &h, now_us);
}

/* G.711: the n-th packet of a stream that starts with number `first`, 20 ms after the one before.
 */
static void voice(uint16_t first, unsigned n)
{
	now_us += 20000;
	packet(SSRC, 0, (uint16_t)(first + n), 160 * n);
}

static void stream(uint16_t first, unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++)
		voice(first, n);
}

static struct rtp_report report(void)
{
	struct rtp_report r;

	rtp_stats_read(&s, &r);
	return r;
}

static void test_kinds(void)
{
	uint8_t p[200] = {0x80, 0};

	is_int(rtp_kind(p, 172), RTP_MEDIA, "G.711 is RTP");
	is_int(rtp_kind(p, 12), RTP_MEDIA, "a header alone, too");
	is_int(rtp_kind(p, 11), RTP_OTHER, "less is none");
	p[0] = 0x8f;
	is_int(rtp_kind(p, 71), RTP_OTHER, "nor one whose sources do not fit");
	is_int(rtp_kind(p, 72), RTP_MEDIA, "... with them");
	p[0] = 0x80;
	p[1] = 0x80 | 96;
	is_int(rtp_kind(p, 172), RTP_MEDIA, "a marker and a dynamic type");
	for (unsigned type = 192; type <= 223; type++) {
		p[1] = (uint8_t)type;
		if (rtp_kind(p, 64) != RTP_CONTROL)
			is_int(type, 0, "a type of RTCP");
	}
	p[1] = 200;
	is_int(rtp_kind(p, 8), RTP_CONTROL, "a muxed RTCP packet");
	is_int(rtp_kind(p, 7), RTP_OTHER, "... not half of one");
	p[0] = 22;
	is_int(rtp_kind(p, 172), RTP_OTHER, "DTLS");
	p[0] = 0;
	is_int(rtp_kind(p, 28), RTP_OTHER, "STUN");
	is_int(rtp_kind(p, 0), RTP_OTHER, "nothing");
	p[0] = 0x80;
	p[1] = 0x80 | 101;
	p[2] = 0x12;
	p[3] = 0x34;
	p[7] = 7;
	p[11] = 9;
	{
		struct rtp_header h;

		rtp_header_read(&h, p);
		ok(h.marker && h.payload_type == 101 && h.seq == 0x1234 && h.timestamp == 7 &&
			h.ssrc == 9,
		    "the header's fields");
	}
}

static void test_clean(void)
{
	struct rtp_report r;

	begin();
	r = report();
	ok(r.packets == 0 && r.lost == 0 && r.last_ms == 0, "nothing came");
	is_int(rtp_report_loss_permille(&r), 0, "... and nothing was lost");
	voice(65000, 0);
	is_int(report().packets, 0, "one packet is no stream yet");
	stream(65000, 1, 1000); /* over the end of the numbers */
	r = report();
	is_int(r.packets, 1000, "a thousand packets");
	is_int(r.lost, 0, "none lost");
	is_int(r.reordered + r.duplicates + r.late + r.ssrc_changes, 0, "none out of order");
	is_int(r.jitter_us, 0, "no jitter");
	is_int(r.clock_hz, 8000, "the clock of PCMU");
	is_int(r.ssrc, SSRC, "its SSRC");
	is_int((long long)r.first_ms, 5040, "it began then");
	is_int((long long)r.last_ms, 5000 + 20000, "... and lasted until then");
}

static void test_loss_and_order(void)
{
	struct rtp_report r;

	begin();
	stream(100, 0, 10);
	stream(100, 15, 20);
	is_int(report().lost, 5, "five lost");
	voice(100, 12);
	r = report();
	is_int(r.lost, 4, "... one of them comes after all");
	is_int(r.reordered, 1, "... out of order");
	voice(100, 12);
	voice(100, 19);
	r = report();
	is_int(r.duplicates, 2, "two come twice");
	is_int(r.lost, 4, "... which brings no other back");
	is_int(r.packets, 18, "... all are counted");
	is_int(rtp_report_loss_permille(&r), 200, "4 of 20 is 20 %");
	stream(100, 119, 120); /* the 70th before the newest has left the window */
	voice(100, 119 - 70);
	is_int(report().reordered, 2, "an old one is taken for new");
}

static void test_new_numbers(void)
{
	begin();
	stream(100, 0, 10);
	now_us += 20000;
	packet(SSRC, 0, 40000, 0);
	is_int(report().packets, 10, "a number far off does not count");
	voice(100, 10);
	is_int(report().packets, 11, "... and does not disturb");
	stream(50000, 0, 10);
	is_int(report().packets, 21, "a sender that begins anew is followed");
	is_int(report().lost, 0, "... nothing was lost by it");
	is_int(report().ssrc_changes, 0, "... it has kept its SSRC");
}

static void test_new_source(void)
{
	begin();
	stream(100, 0, 10);
	stream(100, 12, 20);
	for (unsigned n = 0; n < 10; n++) {
		now_us += 20000;
		packet(0xbeef, 8, (uint16_t)(7000 + n), 5000 + 160 * n);
	}
	is_int(report().ssrc_changes, 1, "another source");
	is_int(report().ssrc, 0xbeef, "... is told");
	is_int(report().payload_type, 8, "... with its payload type");
	is_int(report().packets, 28, "... and counted with the first");
	is_int(report().lost, 2, "... whose losses remain");
}

/* UDPTL has its own number in front; a T.38 packet may look like RTP of any kind. */
static void test_fax(void)
{
	begin();
	for (unsigned n = 0; n < 500; n++) {
		now_us += 20000;
		packet(0x06c00000 + n * 77, (uint8_t)n & 127, 0x0142, 0xdeadbe00 + n);
	}
	is_int(report().packets, 0, "T.38 is no RTP");
}

static void test_jitter(void)
{
	begin();
	for (unsigned n = 0; n < 400; n++) {
		now_us = 5000000 + n * 20000 + (n % 2) * 4000;
		packet(SSRC, 0, (uint16_t)n, 160 * n);
	}
	/* each comes 4 ms sooner or later than the one before: A.8 goes to 4 ms */
	ok(report().jitter_us > 3900 && report().jitter_us <= 4100, "jitter goes to 4 ms");
	is_int(report().late, 0, "that is not late");
	now_us += 20000 + 180000;
	packet(SSRC, 0, 400, 160 * 400);
	is_int(report().late, 1, "180 ms behind is");
}

static void test_clock(void)
{
	begin();
	for (unsigned n = 0; n < 100; n++) {
		now_us += 20000;
		packet(SSRC, 111, (uint16_t)n, 960 * n);
	}
	is_int(report().clock_hz, 48000, "the clock of a dynamic type is measured");
	is_int(report().jitter_us, 0, "... and right");
	for (unsigned n = 0; n < 20; n++) { /* an event keeps its timestamp (RFC 4733) */
		now_us += 20000;
		packet(SSRC, 101, (uint16_t)(100 + n), 960 * 100);
	}
	now_us += 20000;
	packet(SSRC, 111, 120, 960 * 120);
	is_int(report().jitter_us, 0, "an event is no jitter");
	is_int(report().lost, 0, "... and no loss");
	now_us += 20000;
	packet(SSRC, 111, 121, 960 * 120 + 0x40000000);
	is_int(report().jitter_us, 0, "nor is a jump of the timestamps");
}

int main(void)
{
	test_kinds();
	test_clean();
	test_loss_and_order();
	test_new_numbers();
	test_new_source();
	test_fax();
	test_jitter();
	test_clock();
	return tap_done();
}
