/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/pace.h"

#include "tap.h"

#define PACKET_US(streams) (10000 / (streams)) /* both directions, 20 ms */

/* So many streams for that long, each packet by itself. Returns how many of them it rested after.
 */
static unsigned stream(struct pace *p, unsigned streams, unsigned long_us, uint64_t *now_us)
{
	uint64_t end_us = *now_us + long_us;
	unsigned rests = 0;

	for (; *now_us < end_us; *now_us += PACKET_US(streams))
		rests += pace_rest_us(p, 1, *now_us) != 0;
	return rests;
}

int main(void)
{
	struct pace p = {0};
	uint64_t now_us = 1000000;

	is_int(pace_rest_us(&p, 1, now_us), 0, "the first packet goes at once");
	is_int(stream(&p, 1, 1000000, &now_us), 0, "one call never rests");
	is_int(stream(&p, 10, 1000000, &now_us), 0, "ten do not");
	ok(stream(&p, 100, 1000000, &now_us) > 9000, "a hundred do nearly always");
	is_int(pace_rest_us(&p, 1, now_us), PACE_REST_US, "... for that long");
	ok(stream(&p, 1, 1000000, &now_us) < 4, "... and stop when one is left");
	is_int(pace_rest_us(&p, 64, now_us), 0, "a burst is no stream");
	now_us += 3600000000;
	is_int(pace_rest_us(&p, 64, now_us), 0, "... nor is the next one, much later");
	return tap_done();
}
