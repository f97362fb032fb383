/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets and changes of peers in any order, three bytes each: a stranger never gets through, and
 * nothing is ever sent to one, also where its RTP goes on with somebody's stream. */
#include <string.h>

#include "fuzz.h"
#include "media/flow.h"

#define HOSTS 4 /* 10.0.0.0 .. 10.0.0.3; the last one belongs to nobody */

static struct addr host(unsigned ip, unsigned port)
{
	struct addr a;

	addr_parse(&a, "10.0.0.0", (uint16_t)(4000 + port % 4));
	a.u.in.sin_addr.s_addr |= htonl(ip % HOSTS);
	return a;
}

/* Two bits each: how many peers, where they are, whether they may be sent to at once. */
static void set_peers(struct flow *f, unsigned leg, uint8_t what)
{
	struct flow_peer peer[3];
	struct flow_peers *peers;

	memset(peer, 0, sizeof(peer));
	for (unsigned i = 0; i < 3; i++) {
		unsigned ip = ((what >> 2) + i) % (HOSTS - 1);

		peer[i].id = i;
		peer[i].rtp =
		    (struct latch_rule){.signalled = host(ip, what >> 4), .sendable = what & 64};
		peer[i].rtcp = peer[i].rtp;
		if (what & 128)
			peer[i].rtp.also = host(ip + 1 < HOSTS - 1 ? ip + 1 : 0, 0);
	}
	peers = flow_peers_new(peer, what & 3);
	if (peers)
		free(flow_set_peers(f, leg, peers));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct addr *to[FLOW_PEERS_MAX];
	struct addr stranger = host(HOSTS - 1, 0);
	struct flow f = {0};
	uint64_t now_ms = 0;
	uint8_t packet[16] = {0};

	for (; size >= 3; data += 3, size -= 3) {
		unsigned leg = data[0] & 1;
		struct addr src = host(data[1], data[1] >> 2);
		size_t n;

		now_ms += data[2] >> 4 << 7;
		if (data[0] & 2) {
			set_peers(&f, leg, data[1]);
			continue;
		}
		packet[0] = data[0] & 8 ? 0x80 : 0; /* RTP, or nothing that we know */
		packet[3] = data[0] >> 4;           /* its number */
		n = flow_receive(&f, leg, data[0] & 4 ? FLOW_RTCP : FLOW_RTP, &src, packet,
		    data[2] & 15, now_ms * 1000, to);
		HOLDS(n <= FLOW_PEERS_MAX && (n == 0 || !addr_equal_ip(&src, &stranger)));
		for (size_t i = 0; i < n; i++)
			HOLDS(!addr_equal_ip(to[i], &stranger));
	}
	flow_done(&f);
	return 0;
}
