/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtcp: what the far end of one leg reports of what it hears (RFC 3550 6.4, RFC 3611 4.7), and the
 * round trip to it. Pure: the clock is given. What is encrypted (SRTCP) reports on no stream that
 * we see, and is passed over. One thread reads packets, any thread may read the report. Lives in
 * its owner's struct, zeroed; owned by flow.
 */
#ifndef MEDIA_RTCP_H
#define MEDIA_RTCP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As the far end says. All 0 where it said nothing. */
struct rtcp_report {
	uint32_t reports;       /* how many there were of the stream that we send it */
	uint32_t lost;          /* of that stream since its beginning; it may know better than us */
	uint32_t fraction_lost; /* since the report before, of 256 */
	uint32_t jitter;        /* in units of the stream's clock */
	uint32_t round_trip_us; /* from us to that end and back; 0: not known */
	uint32_t far_delay_us;  /* within the far end (XR, VoIP metrics: end system delay) */
};

struct rtcp_stats {
	_Atomic uint32_t reports, lost, fraction_lost, jitter, round_trip_us, far_delay_us;

	/* of the last sender report that came from this end */
	uint32_t sent_ntp; /* the middle of its NTP time; reports refer to it so */
	uint64_t sent_us;
	bool has_sent;
};

/*
 * An RTP_CONTROL packet came from this end. `from` is its end's, `other` is the one of the end
 * that sends the stream with that SSRC to it.
 */
void rtcp_stats_count(struct rtcp_stats *from, const struct rtcp_stats *other, uint32_t other_ssrc,
    const uint8_t *data, size_t len, uint64_t now_us);
/* Any thread. */
void rtcp_stats_read(const struct rtcp_stats *s, struct rtcp_report *out);

#endif
