/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of running calls, as somebody may have left it who knows the key it is signed with. What
 * came of it must be able to live: it is sent, written again, answered, and ends in time.
 */
#include <stdbool.h>

/* The core's own claims are of no interest here. */
#define TAP_H
#define ok(claim, what) ((void)(claim), (void)(what))

#include "../unit/core.c"

#include "fuzz.h"
#include "proxy/snapshot.h"

#define BYE_FROM_WAN                                                                         \
	"BYE sip:alice@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKb\n" \
	"From: <sip:bob@198.51.100.7>;tag=bt\nTo: <sip:alice@198.51.100.7>;tag=af\n"         \
	"Call-ID: c1@192.168.1.10\nCSeq: 9 BYE\n\n"

/* All that is there, once more. */
static void write_again(struct core *c)
{
	struct buf out = BUF_INIT;
	struct snapshot_count n;

	snapshot_write(&c->sd, 1, SNAPSHOT_MAX, &out);
	HOLDS(!out.failed);
	if (out.len)
		snapshot_read(&c->sd, (struct str){out.data, out.len}, 1, 0, &n);
	buf_free(&out);
}

static int swallow(void *arg, const void *data, size_t len, struct hop *hop)
{
	(void)arg;
	HOLDS(data && len && addr_is_set(&hop->peer));
	return 0;
}

static bool is_at_rest(const struct core *c)
{
	return calls_count(c->sd.calls) == 0 && dialogs_count(c->sd.dialogs) == 0 &&
	    transactions_count(c->sd.transactions) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot_count n;
	struct core c;

	core_init(&c);
	c.config.max_calls = 8;
	c.config.max_transactions = 32;
	if (core_start(&c, false) != 0)
		abort();
	c.sd.send = swallow;
	snapshot_read(&c.sd, (struct str){(const char *)data, size}, 1700000000, 2, &n);
	HOLDS(n.calls <= 8 + 1 && n.calls == calls_count(c.sd.calls));
	HOLDS(transactions_count(c.sd.transactions) <= 32 + 8);
	write_again(&c);
	core_receive(&c, WAN, CORE_PROVIDER, BYE_FROM_WAN);
	core_resolve(NULL);
	/* A subscription may last for a week, and a call without media for a day. */
	for (unsigned hours = 0; hours < 9 * 24 && !is_at_rest(&c); hours++)
		core_wait(&c, 3600000);
	core_wait(&c, 1000); /* the relay lets go of the last ports */
	HOLDS(is_at_rest(&c));
	HOLDS(c.sd.forwards.count == 0);
	HOLDS(ports_free_count(c.sd.ports) == ports_total(c.sd.ports));
	core_stop(&c);
	return 0;
}
