/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/dejitter.h"

#include <stdlib.h>
#include <string.h>

#include "media/rtp.h"

#define MISORDER_MAX 100     /* as far back a packet is put in order */
#define JUMP_US      1000000 /* timestamps that are off by more began anew */
#define LATE_MAX     10      /* so many late ones in a row, and the way has become longer */
#define SLOWNESS     512     /* packets over which a longer way, or a slower clock, is believed */

static struct dejitter_packet *packet_of(struct list *link)
{
	return container_of(link, struct dejitter_packet, link);
}

void dejitter_init(struct dejitter *d, uint32_t delay_us, long *budget)
{
	memset(d, 0, sizeof(*d));
	list_init(&d->queue);
	d->delay_us = delay_us;
	d->budget = budget;
}

static struct dejitter_packet *take_first(struct dejitter *d)
{
	struct dejitter_packet *p = packet_of(d->queue.next);

	list_del(&p->link);
	d->count--;
	d->bytes -= p->len;
	*d->budget += (long)p->len;
	return p;
}

void dejitter_done(struct dejitter *d)
{
	while (!list_is_empty(&d->queue))
		free(take_first(d));
}

struct dejitter_packet *dejitter_next(struct dejitter *d, uint64_t now_us)
{
	return !list_is_empty(&d->queue) && dejitter_due_us(d) <= now_us ? take_first(d) : NULL;
}

uint64_t dejitter_due_us(const struct dejitter *d)
{
	return list_is_empty(&d->queue) ? UINT64_MAX : packet_of(d->queue.next)->due_us;
}

/* --- when it is to leave ---------------------------------------------------------------------- */

static void rebase(struct dejitter *d, int64_t way_us)
{
	d->base_us = way_us;
	d->late = 0;
}

static void begin_stream(struct dejitter *d, const struct rtp_header *h, uint32_t clock_hz)
{
	d->ssrc = h->ssrc;
	d->clock_hz = clock_hz;
	d->timestamp = h->timestamp;
	d->has_base = false;
}

/*
 * The base follows the quickest packets: down at once, up slowly, as a clock that runs slower than
 * ours needs it. A sender whose timestamps have stood still in a pause says so with the marker, or
 * is found out by a row of late packets.
 */
static void follow(struct dejitter *d, const struct rtp_header *h, int64_t way_us)
{
	int64_t above = way_us - d->base_us;

	if (!d->has_base || above < 0 || above > d->delay_us + JUMP_US) {
		rebase(d, way_us);
	} else if (above <= d->delay_us) {
		d->base_us += above / SLOWNESS;
		d->late = 0;
	} else if (h->marker || ++d->late >= LATE_MAX) {
		rebase(d, way_us);
	}
	d->has_base = true;
}

/* Telephone events (RFC 4733) repeat one timestamp over their whole length, a picture does over all
 * its packets: they keep the distance in which they came. */
static bool repeats_timestamp(const struct dejitter *d, const struct rtp_header *h)
{
	return d->has_base && h->timestamp == (uint32_t)d->timestamp &&
	    (int16_t)(h->seq - d->seq) > 0;
}

static uint64_t due(struct dejitter *d, const struct rtp_header *h, uint32_t clock_hz,
    uint64_t now_us)
{
	int64_t sent_us, timestamp, due_us;

	if (!d->has_base || h->ssrc != d->ssrc || clock_hz != d->clock_hz)
		begin_stream(d, h, clock_hz);
	if (!clock_hz)
		return now_us + d->delay_us;
	if (repeats_timestamp(d, h))
		return d->due_us + (now_us - d->arrival_us);
	timestamp = d->timestamp + (int32_t)(h->timestamp - (uint32_t)d->timestamp);
	sent_us = timestamp * 1000000 / clock_hz;
	follow(d, h, (int64_t)now_us - sent_us);
	if (timestamp > d->timestamp)
		d->timestamp = timestamp;
	due_us = d->base_us + sent_us + d->delay_us;
	return due_us > (int64_t)now_us ? (uint64_t)due_us : now_us;
}

/* --- the queue -------------------------------------------------------------------------------- */

/* Lets the oldest ones leave now, until another len bytes have room; false when they never have. */
static bool make_room(struct dejitter *d, size_t len)
{
	size_t count = d->count, bytes = d->bytes;
	long left = *d->budget;
	struct list *l = d->queue.next;

	while (count &&
	    (count >= DEJITTER_PACKETS_MAX || bytes + len > DEJITTER_BYTES_MAX ||
		left < (long)len)) {
		struct dejitter_packet *p = packet_of(l);

		p->due_us = 0;
		count--;
		bytes -= p->len;
		left += (long)p->len;
		l = l->next;
	}
	return left >= (long)len;
}

/* Behind what has a lower number. Another stream is behind it all. */
static void insert(struct dejitter *d, struct dejitter_packet *p)
{
	struct list *before = d->queue.prev;

	for (unsigned i = 0; i < MISORDER_MAX && before != &d->queue; i++) {
		const struct dejitter_packet *other = packet_of(before);

		if (other->ssrc != p->ssrc || (int16_t)(p->seq - other->seq) >= 0)
			break;
		before = before->prev;
	}
	list_add_tail(before->next, &p->link);
	d->count++;
	d->bytes += p->len;
	*d->budget -= (long)p->len;
}

static void let_all_go(struct dejitter *d)
{
	for (struct list *l = d->queue.next; l != &d->queue; l = l->next)
		packet_of(l)->due_us = 0;
}

bool dejitter_put(struct dejitter *d, const struct rtp_header *h, uint32_t clock_hz,
    const uint8_t *data, size_t len, uint64_t now_us)
{
	uint64_t due_us = due(d, h, clock_hz, now_us);
	struct dejitter_packet *p = make_room(d, len) ? malloc(sizeof(*p) + len) : NULL;

	d->arrival_us = now_us;
	d->due_us = due_us;
	d->seq = h->seq;
	if (!p) {
		let_all_go(d);
		return false;
	}
	p->due_us = due_us;
	p->ssrc = h->ssrc;
	p->seq = h->seq;
	p->len = len;
	memcpy(p->data, data, len);
	insert(d, p);
	return true;
}
