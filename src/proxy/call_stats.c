/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/call_stats.h"

#include <stdio.h>

#include "base/log.h"
#include "media/mos.h"
#include "proxy/call_state.h"

/* What phones add between mouth and ear besides the network: packets of 20 ms, coding, and a
 * buffer that holds twice the jitter. */
#define PHONES_MS      40
#define JITTER_BUFFERS 2

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Whoever sees more of the way knows of more losses: the end that hears it, if it tells. */
static unsigned loss_permille(const struct rtp_report *rtp, const struct rtcp_report *far)
{
	uint64_t expected = (uint64_t)rtp->packets + rtp->lost;
	unsigned seen = rtp_report_loss_permille(rtp), told;

	if (!far->reports || !expected || far->lost > expected)
		return seen;
	told = (unsigned)((uint64_t)far->lost * 1000 / expected);
	return told > seen ? told : seen;
}

static unsigned estimate_mos(const struct rtp_report *rtp, unsigned loss,
    const struct flow_leg_stats leg[2])
{
	double network_ms =
	    (leg[0].rtcp.round_trip_us + (double)leg[1].rtcp.round_trip_us) / 2 / 1000;
	double delay_ms = network_ms + PHONES_MS + JITTER_BUFFERS * (rtp->jitter_us / 1000.0);
	struct mos_codec codec;

	mos_codec_of(rtp->payload_type, &codec);
	return (unsigned)(100 * mos_of_rating(mos_rating(&codec, loss / 10.0, delay_ms)) + 0.5);
}

/* A picture has no MOS; its clock tells it from a voice (RFC 3551 5). */
static bool is_voice(const struct rtp_report *rtp)
{
	return rtp->packets && rtp->clock_hz && rtp->clock_hz != 90000;
}

static void add_rtp(struct call_direction *d, const struct flow_leg_stats leg[2], int from)
{
	const struct rtp_report *rtp = &leg[from].rtp;
	unsigned loss = loss_permille(rtp, &leg[!from].rtcp);

	if (!rtp->packets)
		return;
	/* The voice is what a record is about, also when a picture came after it. */
	if (is_voice(rtp) || !d->rtp_packets) {
		d->payload_type = rtp->payload_type;
		d->loss_permille = loss;
		d->mos_x100 = is_voice(rtp) ? estimate_mos(rtp, loss, leg) : 0;
	}
	if (!d->first_ms || rtp->first_ms < d->first_ms)
		d->first_ms = rtp->first_ms;
	d->last_ms = max64(d->last_ms, rtp->last_ms);
	d->rtp_packets += rtp->packets;
	d->lost += rtp->lost;
	d->reordered += rtp->reordered;
	d->duplicates += rtp->duplicates;
	d->late += rtp->late;
	d->ssrc_changes += rtp->ssrc_changes;
	if (rtp->jitter_us > d->jitter_us)
		d->jitter_us = rtp->jitter_us;
}

void call_stats_add(struct call_stats *sum, const struct flow_stats *flow)
{
	for (int from = 0; from < 2; from++) {
		struct call_direction *d = &sum->from[from];
		const struct flow_leg_stats *leg = &flow->leg[from];

		if (!d->rtp_packets)
			d->payload_type = -1;
		d->packets += leg->packets;
		d->bytes += leg->bytes;
		d->rtcp_packets += leg->rtcp_packets;
		d->rejected += leg->rejected;
		if (leg->rtcp.round_trip_us > d->round_trip_us)
			d->round_trip_us = leg->rtcp.round_trip_us;
		add_rtp(d, flow->leg, from);
	}
}

void call_stats(const struct call *call, struct call_stats *out)
{
	struct flow_stats flow;

	*out = call->ended ? *call->ended : (struct call_stats){0};
	for (unsigned i = 0; i < call->n_m; i++) {
		if (!call->m[i].flow)
			continue;
		relay_flow_stats(call->m[i].flow, &flow);
		call_stats_add(out, &flow);
	}
	for (int from = 0; from < 2; from++)
		if (!out->from[from].rtp_packets)
			out->from[from].payload_type = -1;
}

/* "1500 packets, 0.2 % lost, jitter 1.3 ms, MOS 4.38" */
static void describe(const struct call_direction *d, char *out, size_t size)
{
	int len = snprintf(out, size, "%llu packets", (unsigned long long)d->packets);

	if (d->rtp_packets)
		len += snprintf(out + len, size - (size_t)len, ", %u.%u %% lost, jitter %u.%u ms",
		    d->loss_permille / 10, d->loss_permille % 10, d->jitter_us / 1000,
		    d->jitter_us / 100 % 10);
	if (d->mos_x100)
		snprintf(out + len, size - (size_t)len, ", MOS %u.%02u", d->mos_x100 / 100,
		    d->mos_x100 % 100);
}

void call_stats_log(const struct call *call)
{
	char caller[128], callee[128];
	struct call_stats stats;

	call_stats(call, &stats);
	if (!stats.from[CALLER].packets && !stats.from[CALLEE].packets)
		return;
	describe(&stats.from[CALLER], caller, sizeof(caller));
	describe(&stats.from[CALLEE], callee, sizeof(callee));
	log_info(LOG_RTP, "call %u: the caller sent %s; the callee sent %s", call->number, caller,
	    callee);
}
