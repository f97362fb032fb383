/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/call_stats.h"

#include <string.h>

#include "proxy/call.h"
#include "tap.h"

/* A minute of G.711 each way. */
static struct flow_stats a_minute(void)
{
	struct flow_stats f;

	memset(&f, 0, sizeof(f));
	for (int i = 0; i < 2; i++)
		f.leg[i] = (struct flow_leg_stats){.packets = 3012,
		    .bytes = 3000 * 172,
		    .rtcp_packets = 12,
		    .rejected = 1,
		    .rtp = {.packets = 3000,
			.clock_hz = 8000,
			.payload_type = 8,
			.first_ms = 1000,
			.last_ms = 61000}};
	return f;
}

static void test_clean(void)
{
	struct call_stats sum = {0};
	struct flow_stats f = a_minute();

	call_stats_add(&sum, &f);
	is_int((long long)sum.from[CALLER].packets, 3012, "all packets");
	is_int((long long)sum.from[CALLER].rtcp_packets, 12, "... RTCP");
	is_int((long long)sum.from[CALLER].rtp_packets, 3000, "... RTP");
	is_int(sum.from[CALLEE].payload_type, 8, "payload type");
	is_int(sum.from[CALLEE].loss_permille, 0, "no loss");
	/* R = 93.2 - 0.024 * 40 */
	is_int(sum.from[CALLEE].mos_x100, 439, "MOS 4.39: G.711, and 40 ms within the phones");
}

static void test_losses(void)
{
	struct call_stats sum = {0};
	struct flow_stats f = a_minute();

	f.leg[CALLER].rtp.lost = 158; /* 5 % */
	f.leg[CALLER].rtcp.lost = 300;
	f.leg[CALLER].rtcp.reports = 12; /* of the callee's stream */
	f.leg[CALLEE].rtcp.lost = 10;
	f.leg[CALLEE].rtcp.reports = 12;
	call_stats_add(&sum, &f);
	is_int(sum.from[CALLER].loss_permille, 50, "lost before us: what we saw counts");
	is_int(sum.from[CALLEE].loss_permille, 100, "lost behind us: what the other end says");
	ok(sum.from[CALLER].mos_x100 < 400 && sum.from[CALLEE].mos_x100 < sum.from[CALLER].mos_x100,
	    "the more is lost, the lower the MOS");
	f.leg[CALLER].rtcp.lost = 0x7fffff;
	memset(&sum, 0, sizeof(sum));
	call_stats_add(&sum, &f);
	is_int(sum.from[CALLEE].loss_permille, 0, "a report that cannot be is not believed");
}

static void test_delay(void)
{
	struct call_stats near = {0}, far = {0};
	struct flow_stats f = a_minute();

	call_stats_add(&near, &f);
	f.leg[CALLER].rtcp.round_trip_us = 20000;
	f.leg[CALLEE].rtcp.round_trip_us = 600000; /* a satellite */
	call_stats_add(&far, &f);
	is_int(far.from[CALLEE].round_trip_us, 600000, "the round trip to one end");
	ok(far.from[CALLER].mos_x100 < near.from[CALLER].mos_x100, "... is heard");
	is_int(far.from[CALLER].mos_x100, far.from[CALLEE].mos_x100, "... by both");
}

static void test_picture(void)
{
	struct call_stats sum = {0};
	struct flow_stats voice = a_minute(), picture = a_minute();

	picture.leg[CALLER].rtp.clock_hz = 90000;
	picture.leg[CALLER].rtp.payload_type = 97;
	picture.leg[CALLER].rtp.jitter_us = 9000;
	memset(&picture.leg[CALLEE], 0, sizeof(picture.leg[CALLEE]));
	call_stats_add(&sum, &picture);
	is_int(sum.from[CALLER].mos_x100, 0, "a picture has no MOS");
	call_stats_add(&sum, &voice);
	call_stats_add(&sum, &picture);
	is_int(sum.from[CALLER].payload_type, 8, "the voice is the call's");
	is_int(sum.from[CALLER].mos_x100, 439, "... and its MOS");
	is_int(sum.from[CALLER].jitter_us, 9000, "the worst jitter");
	is_int((long long)sum.from[CALLER].rtp_packets, 9000, "all packets");
}

int main(void)
{
	test_clean();
	test_losses();
	test_delay();
	test_picture();
	return tap_done();
}
