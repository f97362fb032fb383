/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/relay_parts.h"

#include "base/fd.h"
#include "media/sockets.h"

void relay_twin_init(struct relay_twin *twin, const struct relay_socket *first)
{
	twin->sock = *first;
	twin->sock.item.fd = -1;
}

void relay_twin_done(struct relay *r, struct relay_twin *twin)
{
	if (twin->sock.item.fd >= 0)
		relay_forget(r, &twin->sock.item);
}

/* Without one all goes on by the first socket. */
static void open_twin(struct relay *r, struct relay_twin *twin)
{
	struct relay_socket *first = &twin->sock.of->sock[twin->sock.leg][FLOW_RTP];

	relay_twin_done(r, twin);
	fd_close(&twin->sock.item.fd);
	if (sockets_open_twin(first->item.fd, &first->local, &twin->source, twin->sock.of->dscp,
		&twin->sock.item.fd) != 0)
		return;
	twin->peer = twin->source;
	if (waiter_add(r->waiter, &twin->sock.item) != 0)
		fd_close(&twin->sock.item.fd);
	/* What waits there came before all that will come to the twin. */
	first->burst = RELAY_DRAIN_MAX;
}

/* Opening one takes as long as moving several packets, and after a restart all calls are due
 * together: one in each look, and nobody waits for it. */
static bool is_due(struct relay *r, struct relay_twin *twin, uint64_t now_us)
{
	if (twin->tried || ++twin->steady < RELAY_STEADY_MAX || r->twin_us == now_us)
		return false;
	r->twin_us = now_us;
	twin->tried = true;
	return true;
}

/* Copied marks change too often to keep two sockets alike. */
void relay_twin_note(struct relay *r, const struct relay_socket *in, const struct addr *src,
    uint64_t now_us)
{
	struct relay_twin *twin = &in->of->twin[in->leg];

	if (in == &twin->sock || in->channel != FLOW_RTP || in->of->copy_dscp)
		return;
	if (!addr_is_set(&twin->source) || !addr_equal(&twin->source, src)) {
		twin->source = *src;
		twin->steady = 0;
		twin->tried = false;
	}
	if (is_due(r, twin, now_us))
		open_twin(r, twin);
}

int relay_twin_to(const struct relay_socket *out, const struct addr *to)
{
	const struct relay_twin *twin = &out->of->twin[out->leg];

	if (out->channel != FLOW_RTP || twin->sock.item.fd < 0 || !addr_equal(&twin->peer, to))
		return -1;
	return twin->sock.item.fd;
}
