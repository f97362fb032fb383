/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call's datagrams of any content: a byte that says from where (bit 0) and when, a byte for the
 * length, and the datagram. What is counted stays within what came. */
#include <string.h>

#include "fuzz.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "media/rtp_stats.h"

struct end {
	struct rtp_stats rtp;
	struct rtcp_stats rtcp;
};

static void feed(struct end *from, const struct end *other, const uint8_t *data, size_t len,
    uint64_t now_us)
{
	struct rtp_report r;
	struct rtp_header h;

	switch (rtp_kind(data, len)) {
	case RTP_MEDIA:
		rtp_header_read(&h, data);
		rtp_stats_count(&from->rtp, &h, now_us);
		break;
	case RTP_CONTROL:
		rtp_stats_read(&other->rtp, &r);
		rtcp_stats_count(&from->rtcp, &other->rtcp, r.ssrc, data, len, now_us);
		break;
	case RTP_OTHER:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct end end[2];
	uint64_t now_us = 1000000;
	uint32_t datagrams = 0;

	memset(end, 0, sizeof(end));
	while (size >= 2) {
		unsigned from = data[0] & 1;
		size_t len = data[1] < size - 2 ? data[1] : size - 2;
		uint8_t *exact = malloc(len ? len : 1); /* its end is the memory's end */

		if (!exact)
			return 0;
		memcpy(exact, data + 2, len);
		now_us += (uint64_t)(data[0] >> 1) * 1000;
		feed(&end[from], &end[!from], exact, len, now_us);
		free(exact);
		datagrams++;
		data += 2 + len;
		size -= 2 + len;
	}
	for (int i = 0; i < 2; i++) {
		struct rtp_report r;

		rtp_stats_read(&end[i].rtp, &r);
		/* the first packet of a stream is counted with the second one */
		HOLDS(r.packets <= 2 * datagrams && r.duplicates + r.reordered <= r.packets);
		HOLDS(r.late <= r.packets && rtp_report_loss_permille(&r) <= 1000);
		HOLDS(r.jitter_us <= 1000000);
	}
	return 0;
}
