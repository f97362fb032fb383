/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/rtcp.h"

#include "media/counter.h"
#include "media/rtp.h"

enum { SENDER_REPORT = 200, RECEIVER_REPORT = 201, EXTENDED_REPORT = 207 };

#define HEADER_LEN     8 /* with the SSRC of who reports */
#define SENDER_LEN     20
#define BLOCK_LEN      24
#define VOIP_METRICS   7 /* RFC 3611 4.7 */
#define VOIP_LEN       36
#define ROUND_TRIP_MAX 60000000 /* microseconds */

struct reading {
	struct rtcp_stats *from;
	const struct rtcp_stats *other;
	uint32_t other_ssrc;
	uint64_t now_us;
};

/*
 * The sender report that the block answers passed through here, so its time and the block's are
 * both by our clock: what the far end kept it for goes off (RFC 3550 6.4.1, DLSR).
 */
static void read_round_trip(const struct reading *r, uint32_t last_ntp, uint32_t kept)
{
	uint64_t kept_us = (uint64_t)kept * 1000000 / 65536, passed_us;

	if (!last_ntp || !r->other->has_sent || last_ntp != r->other->sent_ntp)
		return;
	passed_us = r->now_us - r->other->sent_us;
	if (passed_us >= kept_us && passed_us - kept_us < ROUND_TRIP_MAX)
		counter32_set(&r->from->round_trip_us, (uint32_t)(passed_us - kept_us));
}

static void read_block(const struct reading *r, const uint8_t *p)
{
	uint32_t lost = rtp_read32(p + 4) & 0xffffff;

	if (rtp_read32(p) != r->other_ssrc)
		return;
	counter32_add(&r->from->reports, 1);
	counter32_set(&r->from->fraction_lost, p[4]);
	/* Repeated ones make it negative. */
	counter32_set(&r->from->lost, lost & 0x800000 ? 0 : lost);
	counter32_set(&r->from->jitter, rtp_read32(p + 12));
	read_round_trip(r, rtp_read32(p + 16), rtp_read32(p + 20));
}

static void read_blocks(const struct reading *r, const uint8_t *p, size_t len, unsigned count)
{
	for (; count && len >= BLOCK_LEN; count--, p += BLOCK_LEN, len -= BLOCK_LEN)
		read_block(r, p);
}

static void read_sender(const struct reading *r, const uint8_t *p)
{
	r->from->sent_ntp = rtp_read32(p + 2); /* of the 64 bits the middle ones */
	r->from->sent_us = r->now_us;
	r->from->has_sent = true;
}

static void read_extended(const struct reading *r, const uint8_t *p, size_t len)
{
	while (len >= 4) {
		size_t block = 4 * ((size_t)rtp_read16(p + 2) + 1);

		if (block > len)
			return;
		if (p[0] == VOIP_METRICS && block >= VOIP_LEN && rtp_read32(p + 4) == r->other_ssrc)
			counter32_set(&r->from->far_delay_us, 1000u * rtp_read16(p + 18));
		p += block;
		len -= block;
	}
}

static void read_packet(const struct reading *r, const uint8_t *p, size_t len)
{
	const uint8_t *body = p + HEADER_LEN;
	unsigned count = p[0] & 31;

	len -= HEADER_LEN;
	switch (p[1]) {
	case SENDER_REPORT:
		if (len < SENDER_LEN)
			return;
		read_sender(r, body);
		read_blocks(r, body + SENDER_LEN, len - SENDER_LEN, count);
		break;
	case RECEIVER_REPORT:
		read_blocks(r, body, len, count);
		break;
	case EXTENDED_REPORT:
		read_extended(r, body, len);
		break;
	default:
		break;
	}
}

void rtcp_stats_count(struct rtcp_stats *from, const struct rtcp_stats *other, uint32_t other_ssrc,
    const uint8_t *data, size_t len, uint64_t now_us)
{
	struct reading r = {from, other, other_ssrc, now_us};

	while (len >= HEADER_LEN && data[0] >> 6 == 2) {
		size_t packet = 4 * ((size_t)rtp_read16(data + 2) + 1);

		if (packet > len || packet < HEADER_LEN)
			return;
		read_packet(&r, data, packet);
		data += packet;
		len -= packet;
	}
}

void rtcp_stats_read(const struct rtcp_stats *s, struct rtcp_report *out)
{
	*out = (struct rtcp_report){
	    .reports = counter32_get(&s->reports),
	    .lost = counter32_get(&s->lost),
	    .fraction_lost = counter32_get(&s->fraction_lost),
	    .jitter = counter32_get(&s->jitter),
	    .round_trip_us = counter32_get(&s->round_trip_us),
	    .far_delay_us = counter32_get(&s->far_delay_us),
	};
}
