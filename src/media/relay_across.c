/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/relay_parts.h"

static bool is_leg_at(const struct relay_flow *rf, unsigned leg, const struct addr *a)
{
	return !rf->leaving && addr_equal(&rf->sock[leg][FLOW_RTP].local, a);
}

/* Looked for when a peer has the IP of the leg itself, which is rare: else nobody goes through all
 * flows. */
void relay_across_look(const struct relay *r, const struct relay_flow *rf, unsigned leg,
    const struct flow_peer *peer, struct relay_across *out)
{
	const struct addr *far = &peer->rtp.signalled;
	struct list *pos, *tmp;

	if (!addr_is_set(far) || !addr_equal_ip(far, &rf->sock[leg][FLOW_RTP].local))
		return;
	list_each(pos, tmp, &r->flows) {
		struct relay_flow *other = container_of(pos, struct relay_flow, link);

		for (unsigned i = 0; i < 2 && other != rf; i++)
			if (is_leg_at(other, i, far))
				*out = (struct relay_across){.to = other, .leg = i};
	}
}

void relay_across_init(struct relay_flow *rf)
{
	list_init(&rf->led_to);
	for (int leg = 0; leg < 2; leg++)
		list_init(&rf->across[leg].link);
}

static void lead_nowhere(struct relay_across *a)
{
	list_del(&a->link);
	a->to = NULL;
}

void relay_across_lead(struct relay_across *a, const struct relay_across *wanted)
{
	lead_nowhere(a);
	if (!wanted->to)
		return;
	a->to = wanted->to;
	a->leg = wanted->leg;
	list_add_tail(&a->to->led_to, &a->link);
}

void relay_across_done(struct relay_flow *rf)
{
	struct list *l, *tmp;

	list_each(l, tmp, &rf->led_to)
		lead_nowhere(container_of(l, struct relay_across, link));
	for (int leg = 0; leg < 2; leg++)
		lead_nowhere(&rf->across[leg]);
}

struct relay_socket *relay_across_find(const struct relay_socket *out, const struct addr *to)
{
	const struct relay_across *across = &out->of->across[out->leg];

	if (!across->to || out->of->relay->crossing)
		return NULL;
	for (int ch = 0; ch < FLOW_CHANNELS; ch++)
		if (addr_equal(&across->to->sock[across->leg][ch].local, to))
			return &across->to->sock[across->leg][ch];
	return NULL;
}

void relay_across_send(struct relay_socket *out, struct relay_socket *across,
    const struct relay_packet *p)
{
	flow_sent(&out->of->flow, out->leg, 0);
	out->of->relay->crossing = true;
	relay_take(across, &out->local, p);
	out->of->relay->crossing = false;
}
