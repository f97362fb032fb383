/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/pace.h"

unsigned pace_rest_us(struct pace *p, size_t packets, uint64_t now_us)
{
	uint64_t passed_us = now_us - p->since_us;

	if (passed_us >= PACE_WINDOW_US) {
		p->before = passed_us < 2 * PACE_WINDOW_US ? p->packets : 0;
		p->packets = 0;
		p->since_us = now_us;
	}
	p->packets += packets;
	return p->before >= PACE_PACKETS_MIN ? PACE_REST_US : 0;
}
