/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/pace.h"

static void count(struct pace *p, size_t packets, uint64_t now_us)
{
	uint64_t passed_us = now_us - p->since_us;

	if (passed_us >= PACE_WINDOW_US) {
		p->before = passed_us < 2 * PACE_WINDOW_US ? p->packets : 0;
		p->packets = 0;
		p->since_us = now_us;
	}
	p->packets += packets;
}

unsigned pace_rest_us(struct pace *p, size_t packets, uint64_t looked_us, uint64_t now_us)
{
	uint64_t pause_us, moved_us = now_us - looked_us;

	count(p, packets, looked_us);
	if (p->before < PACE_PACKETS_MIN)
		return 0;
	pause_us = PACE_TOGETHER * PACE_WINDOW_US / p->before;
	if (pause_us > PACE_REST_MAX_US)
		pause_us = PACE_REST_MAX_US;
	return moved_us < pause_us ? (unsigned)(pause_us - moved_us) : 0;
}
