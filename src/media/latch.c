/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/latch.h"

/* addr_equal() and addr_equal_ip() where an unset address equals only another unset one. */
static bool same_addr(const struct addr *a, const struct addr *b)
{
	if (!addr_is_set(a) || !addr_is_set(b))
		return addr_is_set(a) == addr_is_set(b);
	return addr_equal(a, b);
}

static bool same_ip(const struct addr *a, const struct addr *b)
{
	return addr_is_set(a) && addr_is_set(b) && addr_equal_ip(a, b);
}

static bool ip_is_accepted(const struct latch *l, const struct addr *src)
{
	return same_ip(&l->rule.signalled, src) || same_ip(&l->rule.also, src) ||
	    (l->rule.any && same_ip(&l->seen, src));
}

void latch_set(struct latch *l, const struct latch_rule *rule)
{
	bool moved = !same_addr(&l->rule.signalled, &rule->signalled);

	l->rule = *rule;
	if (!addr_is_set(&rule->signalled) || !addr_port(&rule->signalled) ||
	    addr_is_any(&rule->signalled) || addr_is_multicast(&rule->signalled))
		l->rule.sendable = false;
	if (moved || !ip_is_accepted(l, &l->seen))
		*l = (struct latch){.rule = l->rule};
}

static bool goes_on(const struct latch *l, const struct rtp_header *h)
{
	uint16_t numbers = (uint16_t)(h->seq - l->last.seq);

	return l->has_last && h->ssrc == l->last.ssrc && numbers && numbers <= LATCH_NUMBERS_MAX &&
	    h->timestamp - l->last.timestamp <= LATCH_TIME_MAX;
}

static bool follows(const struct latch *l, const struct addr *src, const struct rtp_header *h,
    uint64_t now_ms)
{
	uint64_t silent_ms = now_ms - l->seen_ms;

	return h && silent_ms >= LATCH_FOLLOW_MS && silent_ms >= 2 * l->pause_ms &&
	    same_ip(&l->seen, src) && goes_on(l, h);
}

enum latch_match latch_match(const struct latch *l, const struct addr *src,
    const struct rtp_header *h, uint64_t now_ms)
{
	bool latched = addr_is_set(&l->seen);

	if (!addr_port(src)) /* nobody could be answered there */
		return LATCH_NO;
	if (addr_is_set(&l->rule.signalled) && addr_equal(src, &l->rule.signalled))
		return LATCH_SIGNALLED;
	if (latched && addr_equal(src, &l->seen))
		return LATCH_SEEN;
	if (latched && follows(l, src, h, now_ms))
		return LATCH_FOLLOWS;
	if (latched && now_ms < l->seen_ms + LATCH_QUIET_MS)
		return LATCH_NO;
	if (ip_is_accepted(l, src))
		return LATCH_IP;
	return l->rule.any && !latched ? LATCH_ANY : LATCH_NO;
}

void latch_take(struct latch *l, const struct addr *src, const struct rtp_header *h,
    uint64_t now_ms)
{
	l->seen = *src;
	l->seen_ms = now_ms;
	if (!h)
		return;
	l->pause_ms = now_ms - l->last_ms;
	l->last_ms = now_ms;
	l->last = *h;
	l->has_last = true;
}

const struct addr *latch_target(const struct latch *l)
{
	if (!addr_is_set(&l->rule.signalled))
		return NULL;
	if (addr_is_set(&l->seen))
		return &l->seen;
	return l->rule.sendable ? &l->rule.signalled : NULL;
}
