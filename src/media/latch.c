/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/latch.h"

#include <string.h>

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
	if (moved || !ip_is_accepted(l, &l->seen)) {
		memset(&l->seen, 0, sizeof(l->seen));
		l->seen_ms = 0;
	}
}

enum latch_match latch_match(const struct latch *l, const struct addr *src, uint64_t now_ms)
{
	bool latched = addr_is_set(&l->seen);

	if (!addr_port(src)) /* nobody could be answered there */
		return LATCH_NO;
	if (addr_is_set(&l->rule.signalled) && addr_equal(src, &l->rule.signalled))
		return LATCH_SIGNALLED;
	if (latched && addr_equal(src, &l->seen))
		return LATCH_SEEN;
	if (latched && now_ms < l->seen_ms + LATCH_QUIET_MS)
		return LATCH_NO;
	if (ip_is_accepted(l, src))
		return LATCH_IP;
	return l->rule.any && !latched ? LATCH_ANY : LATCH_NO;
}

void latch_take(struct latch *l, const struct addr *src, uint64_t now_ms)
{
	l->seen = *src;
	l->seen_ms = now_ms;
}

const struct addr *latch_target(const struct latch *l)
{
	if (!addr_is_set(&l->rule.signalled))
		return NULL;
	if (addr_is_set(&l->seen))
		return &l->seen;
	return l->rule.sendable ? &l->rule.signalled : NULL;
}
