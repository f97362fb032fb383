/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/rtp.h"

#define HEADER_LEN  12
#define CONTROL_MIN 8

enum rtp_kind rtp_kind(const uint8_t *data, size_t len)
{
	if (len < CONTROL_MIN || data[0] >> 6 != 2)
		return RTP_OTHER;
	/* 192 to 223 would be the marker and payload types 64 to 95, which RTP keeps clear of. */
	if (data[1] >= 192 && data[1] <= 223)
		return RTP_CONTROL;
	return len >= HEADER_LEN + 4u * (data[0] & 15) ? RTP_MEDIA : RTP_OTHER;
}

void rtp_header_read(struct rtp_header *h, const uint8_t *data)
{
	h->marker = data[1] & 0x80;
	h->payload_type = data[1] & 0x7f;
	h->seq = rtp_read16(data + 2);
	h->timestamp = rtp_read32(data + 4);
	h->ssrc = rtp_read32(data + 8);
}

uint32_t rtp_clock_hz(uint8_t payload_type)
{
	switch (payload_type) {
	case 6: /* DVI4 */
		return 16000;
	case 10: /* L16 */
	case 11:
		return 44100;
	case 14: /* MPA */
		return 90000;
	case 16: /* DVI4 */
		return 11025;
	case 17:
		return 22050;
	default: /* G722 (9) counts 8000, too, whatever it samples */
		if (payload_type <= 18)
			return 8000;
		return payload_type >= 25 && payload_type <= 34 ? 90000 : 0;
	}
}
