/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/relay_parts.h"

#include <errno.h>

#include "base/udp.h"

static ssize_t send_once(const struct relay_socket *out, const void *data, size_t len,
    const struct addr *to)
{
	int twin = relay_twin_to(out, to);

	if (twin >= 0)
		return send(twin, data, len, 0);
	return sendto(out->item.fd, data, len, 0, &to->u.sa, addr_len(to));
}

static void send_to(struct relay_socket *out, const void *data, size_t len, const struct addr *to)
{
	ssize_t n = send_once(out, data, len, to);

	/* An ICMP error about an earlier packet; some systems tell it here, instead of sending. */
	if (n < 0 && errno == ECONNREFUSED)
		n = send_once(out, data, len, to);
	flow_sent(&out->of->flow, out->leg, n < 0 ? errno : 0);
}

void relay_send_to_all(struct relay_socket *out, const struct relay_packet *p,
    const struct addr *const to[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct relay_socket *across = relay_across_find(out, to[i]);

		if (across)
			relay_across_send(out, across, p);
		else
			send_to(out, p->data, p->len, to[i]);
	}
}

static int receive(struct relay *r, const struct relay_socket *in, struct addr *src, size_t *len,
    int *dscp)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t n;

	if (in->of->copy_dscp)
		return udp_recv_dscp(in->item.fd, r->datagram, sizeof(r->datagram), len, src, dscp);
	n = recvfrom(in->item.fd, r->datagram, sizeof(r->datagram), 0, (struct sockaddr *)&from,
	    &from_len);
	if (n < 0)
		return errno;
	*len = (size_t)n;
	return addr_set(src, (struct sockaddr *)&from, from_len);
}

/* A stream's mark hardly ever changes. One that cannot be set is not tried with each packet. */
static void copy_mark(struct relay_socket *out, int dscp)
{
	if (dscp <= 0)
		dscp = out->of->dscp;
	if (dscp == out->dscp)
		return;
	udp_set_dscp(out->item.fd, addr_family(&out->local), dscp);
	out->dscp = dscp;
}

bool relay_take(struct relay_socket *in, const struct addr *src, const struct relay_packet *p)
{
	struct relay_socket *out = &in->of->sock[!in->leg][in->channel];
	const struct addr *to[FLOW_PEERS_MAX];
	size_t count =
	    flow_receive(&in->of->flow, in->leg, in->channel, src, p->data, p->len, p->now_us, to);

	if (!count)
		return false;
	if (in->of->copy_dscp)
		copy_mark(out, p->dscp);
	if (in->channel != FLOW_RTP || !relay_hold_back(in->of->hold[in->leg], p))
		relay_send_to_all(out, p, to, count);
	return true;
}

int relay_move_one(struct relay *r, struct relay_socket *in, uint64_t now_us)
{
	struct relay_packet p = {.data = r->datagram, .now_us = now_us, .dscp = -1};
	struct addr src;
	int err = receive(r, in, &src, &p.len, &p.dscp);

	if (!err && relay_take(in, &src, &p))
		relay_twin_note(r, in, &src, now_us);
	return err;
}
