/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/rtp_stats.h"

#include <stdlib.h>

#include "media/counter.h"
#include "media/rtp.h"

#define DROPOUT_MAX  3000 /* RFC 3550 A.1 */
#define MISORDER_MAX 100
#define WINDOW       64
/* A step of the timestamps against the clock that is no jitter: the sender began anew. */
#define JUMP_US 1000000
/* How long a dynamic payload type's clock is measured. */
#define CLOCK_US      400000
#define CLOCK_PACKETS 10

/* --- the clock of the timestamps ------------------------------------------------------------- */

static void measure_from(struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us)
{
	s->clock_timestamp = h->timestamp;
	s->clock_us = now_us;
	s->clock_packets = 0;
}

/* The usual rate that is next to the one measured, within an eighth; 0: none. */
static uint32_t usual_rate(uint64_t measured)
{
	static const uint32_t rates[] = {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000,
	    90000};
	uint32_t best = 0;

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++)
		if (llabs((long long)measured - rates[i]) < llabs((long long)measured - best))
			best = rates[i];
	return llabs((long long)measured - best) <= best / 8 ? best : 0;
}

/* Of a dynamic payload type only the description of the call knows the clock; but timestamps
 * advance with time, and there are few rates. */
static void measure_clock(struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us)
{
	uint64_t passed_us = now_us - s->clock_us;

	if (++s->clock_packets < CLOCK_PACKETS || passed_us < CLOCK_US)
		return;
	counter32_set(&s->clock_hz,
	    usual_rate(
		(uint64_t)(uint32_t)(h->timestamp - s->clock_timestamp) * 1000000 / passed_us));
	measure_from(s, h, now_us);
}

static void note_payload_type(struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us)
{
	uint32_t clock_hz = rtp_clock_hz(h->payload_type);

	/* Telephone events (RFC 4733) and comfort noise run on their stream's clock. */
	if (counter32_get(&s->payload_type) != h->payload_type) {
		counter32_set(&s->payload_type, h->payload_type);
		if (clock_hz)
			counter32_set(&s->clock_hz, clock_hz);
	}
	if (!counter32_get(&s->clock_hz))
		measure_clock(s, h, now_us);
}

/* --- time ------------------------------------------------------------------------------------- */

/* How much longer this packet was under way than the one that arrived before it. */
static int64_t longer_us(const struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us,
    uint32_t clock_hz)
{
	int64_t sent_us = (int64_t)(int32_t)(h->timestamp - s->timestamp) * 1000000 / clock_hz;

	return (int64_t)(now_us - s->arrival_us) - sent_us;
}

static void count_time(struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us)
{
	uint32_t clock_hz = counter32_get(&s->clock_hz);
	int64_t longer;

	/* Equal timestamps: packets of one picture, or of one telephone event. */
	if (s->has_arrival && h->timestamp == s->timestamp)
		return;
	if (s->has_arrival && clock_hz) {
		longer = longer_us(s, h, now_us, clock_hz);
		if (llabs(longer) < JUMP_US) {
			s->jitter_x16 += (uint32_t)llabs(longer) - ((s->jitter_x16 + 8) >> 4);
			counter32_set(&s->jitter_us, s->jitter_x16 >> 4);
			s->delay_us += longer;
			s->mean_delay_x128 += s->delay_us - s->mean_delay_x128 / 128;
			if (s->delay_us - s->mean_delay_x128 / 128 > RTP_LATE_US)
				counter32_add(&s->late, 1);
		} else {
			s->delay_us = s->mean_delay_x128 = 0;
		}
	}
	s->has_arrival = true;
	s->timestamp = h->timestamp;
	s->arrival_us = now_us;
}

/* --- sequence --------------------------------------------------------------------------------- */

/* That many packets before h are there, too. What was lost of the stream before stays lost. */
static void begin(struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us, uint32_t before)
{
	s->max_seq = h->seq;
	s->window = before ? 3 : 1;
	s->is_far = false;
	s->has_arrival = false;
	s->delay_us = s->mean_delay_x128 = 0;
	counter32_add(&s->expected, 1 + before);
	counter32_add(&s->packets, 1 + before);
	measure_from(s, h, now_us);
}

static void begin_source(struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us)
{
	if (counter32_get(&s->packets))
		counter32_add(&s->ssrc_changes, 1);
	else
		counter64_set(&s->first_ms, now_us / 1000);
	counter32_set(&s->ssrc, h->ssrc);
	counter32_set(&s->clock_hz, rtp_clock_hz(h->payload_type));
	s->on_probation = false;
	begin(s, h, now_us, 1);
}

/* True when it is the second packet in sequence of a new source. */
static bool passes_probation(struct rtp_stats *s, const struct rtp_header *h)
{
	bool passes = s->on_probation && s->new_ssrc == h->ssrc && s->new_seq == h->seq;

	s->on_probation = true;
	s->new_ssrc = h->ssrc;
	s->new_seq = (uint16_t)(h->seq + 1);
	return passes;
}

static void advance(struct rtp_stats *s, uint16_t by)
{
	s->window = by < WINDOW ? s->window << by | 1 : 1;
	s->max_seq = (uint16_t)(s->max_seq + by);
	counter32_add(&s->expected, by);
}

/* `back` packets before the newest. One so old that nobody remembers is taken for a new one. */
static void count_old(struct rtp_stats *s, uint16_t back)
{
	uint64_t bit = back < WINDOW ? UINT64_C(1) << back : 0;

	if (s->window & bit)
		counter32_add(&s->duplicates, 1);
	else
		counter32_add(&s->reordered, 1);
	s->window |= bit;
}

void rtp_stats_count(struct rtp_stats *s, const struct rtp_header *h, uint64_t now_us)
{
	uint16_t ahead = (uint16_t)(h->seq - s->max_seq), back = (uint16_t)(s->max_seq - h->seq);

	if (!counter32_get(&s->packets) || h->ssrc != counter32_get(&s->ssrc)) {
		if (!passes_probation(s, h))
			return;
		begin_source(s, h, now_us);
	} else if (ahead && ahead < DROPOUT_MAX) {
		counter32_add(&s->packets, 1);
		advance(s, ahead);
	} else if (back < MISORDER_MAX) {
		counter32_add(&s->packets, 1);
		count_old(s, back);
	} else if (s->is_far && s->far_seq == h->seq) { /* the sender began anew */
		begin(s, h, now_us, 1);
	} else {
		s->is_far = true;
		s->far_seq = (uint16_t)(h->seq + 1);
		return;
	}
	note_payload_type(s, h, now_us);
	count_time(s, h, now_us);
	counter64_set(&s->last_ms, now_us / 1000);
}

void rtp_stats_read(const struct rtp_stats *s, struct rtp_report *out)
{
	uint32_t expected = counter32_get(&s->expected), there;

	*out = (struct rtp_report){
	    .packets = counter32_get(&s->packets),
	    .reordered = counter32_get(&s->reordered),
	    .duplicates = counter32_get(&s->duplicates),
	    .late = counter32_get(&s->late),
	    .jitter_us = counter32_get(&s->jitter_us),
	    .ssrc = counter32_get(&s->ssrc),
	    .ssrc_changes = counter32_get(&s->ssrc_changes),
	    .clock_hz = counter32_get(&s->clock_hz),
	    .payload_type = (uint8_t)counter32_get(&s->payload_type),
	    .first_ms = counter64_get(&s->first_ms),
	    .last_ms = counter64_get(&s->last_ms),
	};
	there = out->packets - out->duplicates;
	out->lost = expected > there ? expected - there : 0;
}

unsigned rtp_report_loss_permille(const struct rtp_report *r)
{
	uint64_t expected = (uint64_t)r->packets - r->duplicates + r->lost;

	return expected ? (unsigned)(((uint64_t)r->lost * 1000 + expected / 2) / expected) : 0;
}
