/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtp: what a datagram on a media port is, and the header of an RTP packet (RFC 3550 5.1). Pure.
 * Used by rtp_stats, dejitter, latch and flow.
 */
#ifndef MEDIA_RTP_H
#define MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RTP_OTHER: DTLS, STUN, ZRTP, TURN channels (RFC 7983 7), T.38 and whatever else there is. */
enum rtp_kind { RTP_OTHER, RTP_MEDIA, RTP_CONTROL };

struct rtp_header {
	uint32_t ssrc, timestamp;
	uint16_t seq;
	uint8_t payload_type;
	bool marker;
};

/* By the first two bytes, as RFC 5761 4 and RFC 7983 7 tell them apart. A T.38 packet may look
 * like RTP: only what follows shows that it is none. */
enum rtp_kind rtp_kind(const uint8_t *data, size_t len);
/* Of a packet that is RTP_MEDIA. */
void rtp_header_read(struct rtp_header *h, const uint8_t *data);
/* The clock of a static payload type (RFC 3551 6); 0: of a dynamic one, nobody knows. */
uint32_t rtp_clock_hz(uint8_t payload_type);

static inline uint16_t rtp_read16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t rtp_read32(const uint8_t *p)
{
	return (uint32_t)rtp_read16(p) << 16 | rtp_read16(p + 2);
}

#endif
