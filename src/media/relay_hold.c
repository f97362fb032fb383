/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/relay_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "media/rtp.h"

int relay_hold_new(struct relay_flow *of, unsigned leg, uint32_t delay_us, struct relay_hold **out)
{
	struct relay_hold *hold;

	*out = NULL;
	if (!delay_us)
		return 0;
	hold = calloc(1, sizeof(*hold));
	if (!hold)
		return ENOMEM;
	hold->of = of;
	hold->leg = leg;
	dejitter_init(&hold->dejitter, delay_us, &of->relay->hold_budget);
	*out = hold;
	return 0;
}

void relay_hold_free(struct relay_hold *hold)
{
	if (!hold)
		return;
	dejitter_done(&hold->dejitter);
	free(hold);
}

void relay_hold_stop(struct relay_hold *hold)
{
	if (!hold)
		return;
	timer_stop(&hold->of->relay->holds, &hold->timer);
	dejitter_done(&hold->dejitter);
}

/* To who is the peer now, which may be another one than when the packet came. */
static void send_held(struct relay_hold *hold, struct dejitter_packet *held)
{
	struct relay_socket *out = &hold->of->sock[!hold->leg][FLOW_RTP];
	struct relay_packet p = {held->data, held->len, loop_clock_us(), out->dscp};
	const struct addr *to[FLOW_PEERS_MAX];
	size_t count = flow_targets(&hold->of->flow, hold->leg, FLOW_RTP, to);

	relay_send_to_all(out, &p, to, count);
	free(held);
}

static void on_due(void *arg);

/* What is due leaves, and the timer is set for what is due next. */
static void release(struct relay_hold *hold, uint64_t now_us)
{
	struct timers *holds = &hold->of->relay->holds;
	struct dejitter_packet *p;
	uint64_t due_ms;

	while ((p = dejitter_next(&hold->dejitter, now_us)))
		send_held(hold, p);
	if (!hold->dejitter.count)
		return;
	due_ms = (dejitter_due_us(&hold->dejitter) + 999) / 1000;
	if (timer_start(holds, &hold->timer, due_ms - timers_now(holds), on_due, hold) == 0)
		return;
	while ((p = dejitter_next(&hold->dejitter, UINT64_MAX))) /* no memory, no delay */
		send_held(hold, p);
}

static void on_due(void *arg)
{
	release(arg, loop_clock_us());
}

bool relay_hold_back(struct relay_hold *hold, const struct relay_packet *p)
{
	struct rtp_header h;
	uint32_t clock_hz;
	bool waits;

	if (!hold || rtp_kind(p->data, p->len) != RTP_MEDIA)
		return false;
	rtp_header_read(&h, p->data);
	if (!flow_is_stream(&hold->of->flow, hold->leg, &h, &clock_hz))
		return false;
	waits = dejitter_put(&hold->dejitter, &h, clock_hz, p->data, p->len, p->now_us);
	release(hold, p->now_us);
	return waits;
}
