/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "failing_alloc.h"

#include <errno.h>

#include "media/flow.c"
#include "tap.h"

#define PHONE    "192.168.1.5"
#define CARRIER  "192.0.2.1"
#define FORK     "192.0.2.2"
#define STRANGER "203.0.113.66"

static struct addr at(const char *ip, uint16_t port)
{
	struct addr a = {0};

	addr_parse(&a, ip, port);
	return a;
}

static struct flow_peer peer(uint64_t id, const char *ip, uint16_t port)
{
	return (struct flow_peer){.id = id,
	    .rtp = {.signalled = at(ip, port), .sendable = true},
	    .rtcp = {.signalled = at(ip, (uint16_t)(port + 1)), .sendable = true}};
}

static void set(struct flow *f, unsigned leg, const struct flow_peer *p, size_t count)
{
	struct flow_peers *peers = flow_peers_new(p, count);

	if (peers)
		free(flow_set_peers(f, leg, peers));
}

static void set_one(struct flow *f, unsigned leg, struct flow_peer p)
{
	set(f, leg, &p, 1);
}

static const uint8_t voice[65536];

/* Who gets a packet of 10 bytes: "192.0.2.1:4000 192.0.2.2:4000", or "". */
static const char *heard_at(struct flow *f, unsigned leg, enum flow_channel ch, const char *ip,
    uint16_t port, uint64_t now_ms)
{
	static char text[FLOW_PEERS_MAX * (ADDR_TEXT_MAX + 1)];
	const struct addr *to[FLOW_PEERS_MAX];
	struct addr src = at(ip, port);
	size_t count = flow_receive(f, leg, ch, &src, voice, 10, now_ms * 1000, to), len = 0;
	char one[ADDR_TEXT_MAX];

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
		    addr_format(to[i], one));
	return text;
}

static struct flow_leg_stats stats(const struct flow *f, unsigned leg)
{
	struct flow_stats s;

	flow_stats(f, &s);
	return s.leg[leg];
}

static void test_stranger_in_every_phase(void)
{
	struct flow f = {0};

	is_str(heard_at(&f, 0, FLOW_RTP, STRANGER, 9, 0), "", "no peers: nobody hears a stranger");
	is_str(heard_at(&f, 1, FLOW_RTP, STRANGER, 9, 0), "", "... on either leg");
	set_one(&f, 0, peer(1, PHONE, 4000));
	is_str(heard_at(&f, 1, FLOW_RTP, STRANGER, 9, 0), "", "offered: nobody hears a stranger");
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), "", "offered: nobody is there to hear");
	is_int((long long)stats(&f, 0).packets, 1, "... but the phone's packet counts as life");
	set_one(&f, 1, peer(2, CARRIER, 6000));
	is_str(heard_at(&f, 1, FLOW_RTP, STRANGER, 9, 0), "", "answered: nobody hears a stranger");
	is_str(heard_at(&f, 1, FLOW_RTCP, STRANGER, 9, 0), "", "... nor its RTCP");
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6000", "the carrier hears");
	is_str(heard_at(&f, 1, FLOW_RTP, CARRIER, 6010, 0), PHONE ":4000", "the phone hears");
	is_str(heard_at(&f, 1, FLOW_RTP, STRANGER, 6010, 5), "",
	    "latched: nobody hears a stranger");
	is_str(heard_at(&f, 1, FLOW_RTP, STRANGER, 6010, 99999), "", "... even when it is quiet");
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6010",
	    "a stranger hears nothing");
	set_one(&f, 1, peer(2, FORK, 6000));
	is_str(heard_at(&f, 1, FLOW_RTP, CARRIER, 6010, 99999), "", "moved: the old peer is out");
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), FORK ":6000", "... and hears nothing");
	set(&f, 1, NULL, 0);
	is_str(heard_at(&f, 1, FLOW_RTP, FORK, 6000, 99999), "", "muted: the peer is not heard");
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), "", "... and hears nothing");
	flow_done(&f);
}

static void test_rtcp_is_its_own(void)
{
	struct flow f = {0};

	set_one(&f, 0, peer(1, PHONE, 4000));
	set_one(&f, 1, peer(2, CARRIER, 6000));
	is_str(heard_at(&f, 1, FLOW_RTP, CARRIER, 6010, 0), PHONE ":4000", "RTP to RTP");
	is_str(heard_at(&f, 1, FLOW_RTCP, CARRIER, 6333, 0), PHONE ":4001", "RTCP to RTCP");
	is_str(heard_at(&f, 0, FLOW_RTCP, PHONE, 4001, 0), CARRIER ":6333", "RTCP latched");
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6010", "RTP latched apart");
	is_int((long long)stats(&f, 1).packets, 2, "both count");
	is_int((long long)stats(&f, 1).rtcp_packets, 1, "RTCP once more");
	flow_done(&f);
}

static void test_early_dialogs(void)
{
	struct flow f = {0};
	struct flow_peer both[2] = {peer(2, CARRIER, 6000), peer(3, FORK, 7000)};

	set_one(&f, 0, peer(1, PHONE, 4000));
	set(&f, 1, both, 2);
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6000 " FORK ":7000",
	    "early: both hear the caller");
	is_str(heard_at(&f, 1, FLOW_RTP, CARRIER, 6000, 0), PHONE ":4000", "the caller hears one");
	is_str(heard_at(&f, 1, FLOW_RTP, FORK, 7010, 0), PHONE ":4000", "... and the other");
	is_str(heard_at(&f, 1, FLOW_RTP, STRANGER, 7000, 0), "", "... and no stranger");
	set(&f, 1, &both[1], 1);
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), FORK ":7010",
	    "the one that answered keeps what it latched on");
	is_str(heard_at(&f, 1, FLOW_RTP, CARRIER, 6000, 99999), "", "the other one is out");
	flow_done(&f);
}

/* Two branches of one carrier behind one media gateway. */
static void test_peers_that_share_an_ip(void)
{
	struct flow f = {0};
	struct flow_peer both[2] = {peer(2, CARRIER, 6000), peer(3, CARRIER, 7000)};

	set_one(&f, 0, peer(1, PHONE, 4000));
	set(&f, 1, both, 2);
	is_str(heard_at(&f, 1, FLOW_RTP, CARRIER, 7000, 0), PHONE ":4000", "the second one sends");
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6000 " CARRIER ":7000",
	    "... and the first has not latched on it");
	is_str(heard_at(&f, 1, FLOW_RTP, CARRIER, 6010, 0), PHONE ":4000",
	    "the first from elsewhere");
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6010 " CARRIER ":7000",
	    "... latches the first");

	set(&f, 1, NULL, 0);
	set(&f, 1, both, 2);
	heard_at(&f, 1, FLOW_RTP, CARRIER, 6500, 0);
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6500 " CARRIER ":7000",
	    "a port that could be either's is the first one's");

	set_one(&f, 1, peer(4, CARRIER, 8000));
	is_str(heard_at(&f, 1, FLOW_RTP, CARRIER, 9000, 0), PHONE ":4000",
	    "one peer, another port");
	both[0] = peer(4, CARRIER, 8000);
	both[1] = peer(5, CARRIER, 9000);
	set(&f, 1, both, 2);
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":9000",
	    "two peers at one address get one copy");
	flow_done(&f);
}

static void test_update_keeps_latch(void)
{
	struct flow f = {0};

	set_one(&f, 0, peer(1, PHONE, 4000));
	set_one(&f, 1, peer(2, CARRIER, 6000));
	heard_at(&f, 1, FLOW_RTP, CARRIER, 6010, 0);
	heard_at(&f, 1, FLOW_RTCP, CARRIER, 6011, 0);
	set_one(&f, 1, peer(2, CARRIER, 6000));
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6010",
	    "same peer: RTP latch kept");
	is_str(heard_at(&f, 0, FLOW_RTCP, PHONE, 4001, 0), CARRIER ":6011", "... and RTCP's");
	set_one(&f, 1, peer(3, CARRIER, 6000));
	is_str(heard_at(&f, 0, FLOW_RTP, PHONE, 4000, 0), CARRIER ":6000",
	    "another id starts anew");
	flow_done(&f);
}

static void test_counters(void)
{
	struct flow f = {0};
	const struct addr *to[FLOW_PEERS_MAX];
	struct addr phone = at(PHONE, 4000);

	set_one(&f, 0, peer(1, PHONE, 4000));
	set_one(&f, 1, peer(2, CARRIER, 6000));
	is_int((long long)flow_receive(&f, 0, FLOW_RTP, &phone, voice, 0, 70000, to), 0,
	    "empty: dropped");
	is_int((long long)stats(&f, 0).empty, 1, "... counted");
	is_int((long long)stats(&f, 0).packets, 0, "... is no packet");
	is_int((long long)stats(&f, 0).last_seen_ms, 0, "... and no life");
	is_int((long long)flow_receive(&f, 0, FLOW_RTP, &phone, voice, 172, 71000, to), 1,
	    "172 bytes");
	is_int((long long)flow_receive(&f, 0, FLOW_RTP, &phone, voice, 65507, 99000, to), 1,
	    "65507 bytes");
	flow_sent(&f, 1, 0);
	flow_sent(&f, 1, ENETUNREACH);
	heard_at(&f, 0, FLOW_RTP, STRANGER, 9, 1000);
	is_int((long long)stats(&f, 0).packets, 2, "two packets");
	is_int((long long)stats(&f, 0).bytes, 172 + 65507, "... their bytes");
	is_int((long long)stats(&f, 0).rejected, 1, "one rejected");
	is_int((long long)stats(&f, 0).last_seen_ms, 99, "a stranger is no life");
	is_int((long long)stats(&f, 1).sent, 1, "one left by the other leg");
	is_int((long long)stats(&f, 1).unsent, 1, "one could not");
	is_int((long long)stats(&f, 1).packets, 0, "that leg received none");
	flow_done(&f);
}

static void test_full_house(void)
{
	struct flow f = {0};
	struct flow_peer many[FLOW_PEERS_MAX];
	const struct addr *to[FLOW_PEERS_MAX];
	struct addr phone = at(PHONE, 4000);

	for (unsigned i = 0; i < FLOW_PEERS_MAX; i++)
		many[i] = peer(10 + i, CARRIER, (uint16_t)(6000 + 2 * i));
	set_one(&f, 0, peer(1, PHONE, 4000));
	set(&f, 1, many, FLOW_PEERS_MAX);
	is_int((long long)flow_receive(&f, 0, FLOW_RTP, &phone, voice, 1, 0, to), FLOW_PEERS_MAX,
	    "the largest number of peers all hear");
	flow_done(&f);
}

static void test_no_memory(void)
{
	struct flow_peer p = peer(1, PHONE, 4000);

	alloc_until_failure = 0;
	ok(!flow_peers_new(&p, 1), "no memory, no peers");
}

static void hear(struct flow *f, unsigned leg, enum flow_channel ch, const struct addr *src,
    const uint8_t *data, size_t len, uint64_t now_us)
{
	const struct addr *to[FLOW_PEERS_MAX];

	flow_receive(f, leg, ch, src, data, len, now_us, to);
}

/* RTP is counted from whom it is taken; RTCP on its own port, or muxed, is related to the other
 * end's stream. */
static void test_streams(void)
{
	struct flow f = {0};
	struct addr phone = at(PHONE, 4000), stranger = at(STRANGER, 9),
		    carrier = at(CARRIER, 6000);
	uint8_t rtp[172] = {0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};
	uint8_t rr[32] = {0x81, 201, 0, 7, 0, 0, 0, 6, 0, 0, 0, 5, 128, 0, 0, 3};
	uint8_t dtls[40] = {22, 0xfe, 0xfd};

	set_one(&f, 0, peer(1, PHONE, 4000));
	set_one(&f, 1, peer(2, CARRIER, 6000));
	for (uint8_t n = 0; n < 10; n++) {
		rtp[3] = n;
		rtp[7] = (uint8_t)(160 * n);
		rtp[6] = (uint8_t)(160 * n >> 8);
		hear(&f, 0, FLOW_RTP, &phone, rtp, sizeof(rtp), 20000u * n);
		hear(&f, 1, FLOW_RTP, &stranger, rtp, sizeof(rtp), 20000u * n);
	}
	hear(&f, 0, FLOW_RTP, &phone, dtls, sizeof(dtls), 200000);
	is_int(stats(&f, 0).rtp.packets, 10, "RTP is counted");
	is_int(stats(&f, 0).rtp.payload_type, 8, "... its payload type known");
	is_int((long long)stats(&f, 0).packets, 11, "DTLS is a packet, too");
	is_int(stats(&f, 1).rtp.packets, 0, "a stranger's is not counted");
	is_int((long long)stats(&f, 1).rejected, 10, "... but that it was rejected");
	hear(&f, 1, FLOW_RTP, &carrier, rr, sizeof(rr), 300000);
	is_int((long long)stats(&f, 1).rtcp_packets, 1, "muxed RTCP is RTCP");
	is_int(stats(&f, 1).rtcp.lost, 3, "... read");
	carrier = at(CARRIER, 6001);
	hear(&f, 1, FLOW_RTCP, &carrier, rr, sizeof(rr), 400000);
	is_int(stats(&f, 1).rtcp.reports, 2, "... and so it is on its own port");
	is_int(stats(&f, 1).rtp.packets, 0, "none of it is RTP");
	flow_done(&f);
}

int main(void)
{
	test_stranger_in_every_phase();
	test_rtcp_is_its_own();
	test_early_dialogs();
	test_peers_that_share_an_ip();
	test_update_keeps_latch();
	test_counters();
	test_full_house();
	test_no_memory();
	test_streams();
	return tap_done();
}
