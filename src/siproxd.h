/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * siproxd: the one context of the program. service owns it and, through it, every object below it;
 * proxy/ gets it as the first parameter of its steps. A test makes one of its own, with its own
 * clock and send function and without sockets.
 */
#ifndef SIPROXD_H
#define SIPROXD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/siphash.h"
#include "proxy/side.h"

struct authenticator;
struct calls;
struct config;
struct dialogs;
struct limit;
struct location;
struct locator;
struct loop;
struct plugins;
struct ports;
struct public_addr;
struct registrars;
struct registrations;
struct relay;
struct resolver;
struct servers;
struct snapshot;
struct timers;
struct transactions;
struct transport;

/* What happened to the messages that came; SIGUSR1 and the log tell. */
struct counters {
	uint64_t received, forwarded, answered;
	uint64_t dropped_bad, dropped_stray, dropped_stranger;
	uint64_t calls, calls_refused, sends_failed;
};

struct siproxd {
	const struct config *config;
	struct loop *loop;     /* NULL in tests */
	struct timers *timers; /* the loop's, or a test's */
	struct side_map *sides;
	struct transport *transport;
	struct transactions *transactions;
	struct location *location;
	struct registrations *registrations; /* their file; NULL: none */
	struct snapshot *snapshot;           /* the one of calls; NULL: none */
	struct dialogs *dialogs;
	struct hash forwards; /* of struct forward */
	struct calls *calls;
	struct ports *ports;
	struct relay *relay; /* NULL: rtp_proxy_enable = 0 */
	struct resolver *resolver;
	struct public_addr *public_addr;     /* NULL in tests: STUN is dropped */
	struct plugins *plugins;             /* NULL: none is loaded */
	struct authenticator *authenticator; /* NULL: in tests without passwords */
	struct locator *locator;
	struct servers *servers;       /* which of them answer, and for whom */
	struct registrars *registrars; /* from where our providers call */
	struct limit *strangers;       /* what they are answered */
	struct limit *callers;         /* how often one WAN source begins something new */
	struct counters counters;
	uint8_t key[SIPHASH_KEY_LEN]; /* for branches, tags and tokens; kept over restarts */

	/* The transport's functions, or a test's. Sends one message; errno, ENOTCONN when
	 * hop->connection is no more; it is set to the one that took the message. */
	int (*send)(void *arg, const void *data, size_t len, struct hop *hop);
	/* That connection is up. */
	bool (*has_connection)(void *arg, uint64_t connection);
	/* That peer has let us connect lately. */
	bool (*speaks_tcp)(void *arg, const struct addr *peer);
	void *send_arg;
	/* Unix time as it was at the start, plus what has passed since: a router without a clock
	 * gets the right time in one jump, and its phones must not expire by it. */
	int64_t (*now_s)(void);
};

#endif
