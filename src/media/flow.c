/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/flow.h"

#include <stdlib.h>

#include "media/counter.h"

struct flow_peers *flow_peers_new(const struct flow_peer *peer, size_t count)
{
	struct flow_peers *set = calloc(1, sizeof(*set) + count * sizeof(set->peer[0]));

	if (!set)
		return NULL;
	set->count = count;
	for (size_t i = 0; i < count; i++) {
		set->peer[i].id = peer[i].id;
		latch_set(&set->peer[i].latch[FLOW_RTP], &peer[i].rtp);
		latch_set(&set->peer[i].latch[FLOW_RTCP], &peer[i].rtcp);
	}
	return set;
}

void flow_done(struct flow *f)
{
	free(f->leg[0].peers);
	free(f->leg[1].peers);
}

static const struct flow_peer_state *find_peer(const struct flow_peers *set, uint64_t id)
{
	for (size_t i = 0; set && i < set->count; i++) {
		if (set->peer[i].id == id)
			return &set->peer[i];
	}
	return NULL;
}

static void carry_over(struct latch *to, const struct latch *from)
{
	struct latch_rule rule = to->rule;

	*to = *from;
	latch_set(to, &rule);
}

struct flow_peers *flow_set_peers(struct flow *f, unsigned leg, struct flow_peers *peers)
{
	struct flow_peers *old = f->leg[leg].peers;

	for (size_t i = 0; i < peers->count; i++) {
		struct flow_peer_state *peer = &peers->peer[i];
		const struct flow_peer_state *was = find_peer(old, peer->id);

		for (int ch = 0; was && ch < FLOW_CHANNELS; ch++)
			carry_over(&peer->latch[ch], &was->latch[ch]);
	}
	f->leg[leg].peers = peers;
	return old;
}

/* Early dialogs often share one media gateway's IP: the peer that the source fits best has it. */
static struct latch *best_match(struct flow_peers *set, enum flow_channel channel,
    const struct addr *src, const struct rtp_header *h, uint64_t now_ms)
{
	enum latch_match best = LATCH_NO;
	struct latch *found = NULL;

	for (size_t i = 0; set && i < set->count; i++) {
		struct latch *l = &set->peer[i].latch[channel];
		enum latch_match match = latch_match(l, src, h, now_ms);

		if (match > best) {
			best = match;
			found = l;
		}
	}
	return found;
}

/* Two peers may have come to the same address; it gets one copy. */
static size_t targets(const struct flow_peers *set, enum flow_channel channel,
    const struct addr *to[static FLOW_PEERS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; set && i < set->count; i++) {
		const struct addr *target = latch_target(&set->peer[i].latch[channel]);
		size_t same = 0;

		if (!target)
			continue;
		while (same < count && !addr_equal(to[same], target))
			same++;
		if (same == count)
			to[count++] = target;
	}
	return count;
}

/* A datagram as it came. */
struct came {
	unsigned leg;
	enum flow_channel channel;
	enum rtp_kind kind;
	bool is_stream;           /* RTP where RTP is expected, */
	struct rtp_header header; /* and its header */
	const uint8_t *data;
	size_t len;
};

static void look_at(struct came *p)
{
	p->kind = rtp_kind(p->data, p->len);
	p->is_stream = p->kind == RTP_MEDIA && p->channel == FLOW_RTP;
	if (p->is_stream)
		rtp_header_read(&p->header, p->data);
}

/* What an accepted packet tells. RTCP may be muxed (RFC 5761). */
static void count(struct flow *f, const struct came *p, uint64_t now_us)
{
	struct flow_leg *in = &f->leg[p->leg], *other = &f->leg[!p->leg];

	counter64_add(&in->count.packets, 1);
	counter64_add(&in->count.bytes, p->len);
	if (p->is_stream)
		rtp_stats_count(&in->rtp, &p->header, now_us);
	if (p->kind == RTP_CONTROL)
		rtcp_stats_count(&in->rtcp, &other->rtcp, counter32_get(&other->rtp.ssrc), p->data,
		    p->len, now_us);
	if (p->kind == RTP_CONTROL || p->channel == FLOW_RTCP)
		counter64_add(&in->count.rtcp_packets, 1);
	counter64_set(&in->count.last_seen_ms, now_us / 1000);
}

size_t flow_receive(struct flow *f, unsigned leg, enum flow_channel channel, const struct addr *src,
    const uint8_t *data, size_t len, uint64_t now_us, const struct addr *to[static FLOW_PEERS_MAX])
{
	struct came p = {.leg = leg, .channel = channel, .data = data, .len = len};
	const struct rtp_header *h;
	struct flow_leg *in = &f->leg[leg];
	struct latch *latch;

	if (len == 0) {
		counter64_add(&in->count.empty, 1);
		return 0;
	}
	look_at(&p);
	h = p.is_stream ? &p.header : NULL;
	latch = best_match(in->peers, channel, src, h, now_us / 1000);
	if (!latch) {
		counter64_add(&in->count.rejected, 1);
		return 0;
	}
	latch_take(latch, src, h, now_us / 1000);
	count(f, &p, now_us);
	return targets(f->leg[!leg].peers, channel, to);
}

size_t flow_targets(const struct flow *f, unsigned leg, enum flow_channel channel,
    const struct addr *to[static FLOW_PEERS_MAX])
{
	return targets(f->leg[!leg].peers, channel, to);
}

bool flow_is_stream(const struct flow *f, unsigned leg, const struct rtp_header *h,
    uint32_t *clock_hz)
{
	const struct rtp_stats *s = &f->leg[leg].rtp;

	*clock_hz = counter32_get(&s->clock_hz);
	return counter32_get(&s->packets) && counter32_get(&s->ssrc) == h->ssrc;
}

void flow_sent(struct flow *f, unsigned leg, int err)
{
	struct flow_counters *c = &f->leg[leg].count;

	counter64_add(err ? &c->unsent : &c->sent, 1);
}

void flow_stats(const struct flow *f, struct flow_stats *out)
{
	for (int i = 0; i < 2; i++) {
		const struct flow_counters *c = &f->leg[i].count;

		out->leg[i] = (struct flow_leg_stats){
		    .packets = counter64_get(&c->packets),
		    .bytes = counter64_get(&c->bytes),
		    .rejected = counter64_get(&c->rejected),
		    .empty = counter64_get(&c->empty),
		    .sent = counter64_get(&c->sent),
		    .unsent = counter64_get(&c->unsent),
		    .last_seen_ms = counter64_get(&c->last_seen_ms),
		    .rtcp_packets = counter64_get(&c->rtcp_packets),
		};
		rtp_stats_read(&f->leg[i].rtp, &out->leg[i].rtp);
		rtcp_stats_read(&f->leg[i].rtcp, &out->leg[i].rtcp);
	}
}
