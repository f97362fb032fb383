/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/ports.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define PAIRS_MAX (65536 / 2)

/*
 * A pair is either taken (a bit in `taken`) or, if it lies in the range, waits in `ring`, the
 * longest free one first. So the ring never holds more than the range has pairs.
 */
struct ports {
	uint16_t first; /* even port of the first pair */
	size_t total;
	uint16_t *ring; /* `total` slots */
	size_t head, count;
	uint8_t taken[PAIRS_MAX / 8];
};

static bool is_taken(const struct ports *p, uint16_t rtp)
{
	return p->taken[rtp / 16] & 1u << (rtp / 2 % 8);
}

static void mark(struct ports *p, uint16_t rtp, bool taken)
{
	uint8_t bit = (uint8_t)(1u << (rtp / 2 % 8));

	if (taken)
		p->taken[rtp / 16] |= bit;
	else
		p->taken[rtp / 16] &= (uint8_t)~bit;
}

static bool in_range(const struct ports *p, uint16_t rtp)
{
	return rtp >= p->first && (size_t)(rtp - p->first) / 2 < p->total;
}

static void enqueue(struct ports *p, uint16_t rtp)
{
	p->ring[(p->head + p->count) % p->total] = rtp;
	p->count++;
}

/* The pairs of low..high, both bounds inclusive; 0 when none fits. Port 0 is none. */
static size_t pairs_in(uint16_t low, uint16_t high, uint16_t *first)
{
	unsigned even = low < 2 ? 2 : (low + 1u) & ~1u;

	*first = (uint16_t)even;
	return even < high ? (high - even + 1u) / 2 : 0;
}

int ports_new(struct ports **out, uint16_t low, uint16_t high)
{
	struct ports *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return ENOMEM;
	err = ports_set_range(p, low, high);
	if (err) {
		ports_free(p);
		return err;
	}
	*out = p;
	return 0;
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	free(p->ring);
	free(p);
}

int ports_take(struct ports *p, uint16_t *rtp)
{
	if (!p->count)
		return ENOENT;
	*rtp = p->ring[p->head];
	p->head = (p->head + 1) % p->total;
	p->count--;
	mark(p, *rtp, true);
	return 0;
}

int ports_claim(struct ports *p, uint16_t rtp)
{
	size_t waiting = p->count;

	if (rtp % 2 || !rtp)
		return EINVAL;
	if (is_taken(p, rtp))
		return EBUSY;
	mark(p, rtp, true);
	/* Once around: the others keep their order. */
	while (waiting-- > 0) {
		uint16_t next = p->ring[p->head];

		p->head = (p->head + 1) % p->total;
		p->count--;
		if (next != rtp)
			enqueue(p, next);
	}
	return 0;
}

void ports_give(struct ports *p, uint16_t rtp)
{
	if (rtp % 2 || !is_taken(p, rtp))
		return;
	mark(p, rtp, false);
	if (in_range(p, rtp))
		enqueue(p, rtp);
}

int ports_set_range(struct ports *p, uint16_t low, uint16_t high)
{
	struct ports old = {.first = p->first,
	    .total = p->total,
	    .ring = p->ring,
	    .head = p->head,
	    .count = p->count};
	uint16_t first, *ring;
	size_t total = pairs_in(low, high, &first);

	if (!total)
		return EINVAL;
	ring = calloc(total, sizeof(*ring));
	if (!ring)
		return ENOMEM;
	p->first = first;
	p->total = total;
	p->ring = ring;
	p->head = p->count = 0;

	/* What is new has been quiet longest; what was free before keeps its order. */
	for (size_t i = 0; i < total; i++) {
		uint16_t rtp = (uint16_t)(first + 2 * i);

		if (!is_taken(p, rtp) && !in_range(&old, rtp))
			enqueue(p, rtp);
	}
	for (size_t i = 0; i < old.count; i++) {
		uint16_t rtp = old.ring[(old.head + i) % old.total];

		if (in_range(p, rtp))
			enqueue(p, rtp);
	}
	free(old.ring);
	return 0;
}

bool ports_in_range(const struct ports *p, uint16_t port)
{
	return in_range(p, port & 0xfffe);
}

size_t ports_free_count(const struct ports *p)
{
	return p->count;
}

size_t ports_total(const struct ports *p)
{
	return p->total;
}
