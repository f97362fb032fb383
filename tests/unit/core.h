/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core: a struct siproxd for tests: its own clock, interfaces that need not exist, and every
 * message that it sends kept for the test to look at. The relay and the resolver are imitations
 * (their names are defined in core.c, so that the library's stay out): ports and flows without
 * sockets, answers when the test says so. A test includes core.c, not only this.
 *
 * LAN: eth1, 192.168.1.1/24 and fd00:1::1/64. WAN: eth0, 203.0.113.1/24 and 2001:db8:1::1/64.
 */
#ifndef TEST_CORE_H
#define TEST_CORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/netif.h"
#include "base/timers.h"
#include "config.h"
#include "media/relay.h"
#include "proxy/side.h"
#include "siproxd.h"

#define CORE_PHONE    "192.168.1.10:5060"
#define CORE_PHONE_2  "192.168.1.11:5060"
#define CORE_PROVIDER "198.51.100.7:5060"
#define CORE_STRANGER "192.0.2.66:5060"

struct core_sent {
	enum side side;
	struct addr to;
	char *text;
	size_t len;
	enum sip_transport transport;
	uint64_t connection;
};

struct core {
	struct siproxd sd;
	struct config config;
	struct timers timers;
	struct core_sent *sent;
	size_t n_sent, cap_sent, n_read;
	int send_err;             /* what sending to the WAN returns */
	bool leaked;              /* the WAN got to see what it must not */
	bool muted;               /* keep nothing of what is sent */
	uint64_t connection;      /* what arrives comes by that TCP connection; 0: by UDP */
	uint64_t lost;            /* a connection that is no more */
	uint64_t last_connection; /* made by siproxd: from 1000 on */
	bool speaks_tcp;          /* what siproxd knows of every peer */
};

/* Fills the two interfaces; `one` for a machine in front of the router, with 192.168.1.1 only. */
void core_interfaces(struct netif_set *set, bool one);

/* `config` may be changed before core_start() (zeroed but for what must have a value). */
void core_init(struct core *c);
/* 0, or the errno of what could not be made. */
int core_start(struct core *c, bool one_interface);
void core_stop(struct core *c);
void core_free(struct core *c); /* the same without a TAP line */

/* Time passes, timers run. */
void core_wait(struct core *c, uint64_t ms);
extern int64_t core_unix_time;

/*
 * A message arrives from "ip:port" on that side. Line ends may be "\n"; a Content-Length is put in
 * when there is none.
 */
void core_receive(struct core *c, enum side side, const char *peer, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The next message that was sent and not looked at yet; NULL. Good until core_forget(). */
const struct core_sent *core_next(struct core *c);
void core_forget(struct core *c);
/* A message that core_forget() and a growing list cannot take away; its text is the caller's. */
struct core_sent core_keep(const struct core_sent *m);
/* The next one goes to that side and begins so: a TAP line. Never NULL: an empty one if not. */
const struct core_sent *core_expect(struct core *c, enum side side, const char *start,
    const char *what);
/* Nothing more was sent: a TAP line. */
void core_expect_silence(struct core *c, const char *what);
/* Nothing is kept any more: no transaction, forward, dialog, call, port. A TAP line. */
void core_expect_rest(struct core *c, const char *what);
/* The end of most tests: that much time passes, then core_expect_rest() and core_stop(). */
void core_finish(struct core *c, uint64_t ms, const char *what);

/* The n-th line of that header (by its full name, also where it is compact); "" when it is not
 * there. One of eight buffers. */
const char *core_header(const struct core_sent *m, const char *name, unsigned n);
unsigned core_count(const struct core_sent *m, const char *name);
bool core_has(const struct core_sent *m, const char *text);
/* The end of the Request-URI's line start: "INVITE sip:a@b SIP/2.0" -> "sip:a@b". */
const char *core_uri(const struct core_sent *m);
const char *core_body(const struct core_sent *m);

/*
 * Whoever got the request `m` answers it: Vias, Record-Routes, From, To (with `tag` unless it has
 * one, or tag is NULL), Call-ID and CSeq from it, then `extra` lines and the body (may be NULL).
 */
void core_answer(struct core *c, const struct core_sent *m, const char *status, const char *tag,
    const char *extra, const char *body);

/* Writes `value` where `mark` stands in a text that has room for `size` bytes. */
void core_put(char *text, size_t size, const char *mark, const char *value);

/* A phone registers with us; its contact is <sip:USER@PEER>. */
void core_register(struct core *c, const char *peer, const char *user);

/* --- the imitations ----------------------------------------------------------------------- */

/* The peers of the n-th flow that is open, in order of opening. */
size_t core_flow_peers(const struct core *c, unsigned n, unsigned leg,
    const struct flow_peer **out);
/* What one of its legs is bound to. Returns buf. */
const char *core_flow_local(const struct core *c, unsigned n, unsigned leg,
    char buf[static ADDR_TEXT_MAX]);
/* Packets are counted for it as of now. */
void core_flow_heard(const struct core *c, unsigned n, unsigned leg);
extern int core_relay_err; /* what relay_flow_add() returns */
/* Answers all look-ups, and those that follow from them: every name has this address, and no
 * records; addr NULL: no such name. */
void core_resolve(const char *addr);
/* The same from lines like "sip.test A 192.0.2.1", "_sip._udp.test SRV 10 0 5060 sip.test",
 * "test NAPTR 10 10 s sip+d2u _sip._udp.test"; up to NULL. Among equals the first line wins. */
void core_resolve_zone(const char *const *zone);
size_t core_lookups(void);

#endif
