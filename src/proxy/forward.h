/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forward: one request on its way: the response context of RFC 3261 16.7. It ties a server
 * transaction to the branches that it was sent on, and keeps what a response needs to become the
 * one that the sender expects. Lives until both its server transaction is answered and its
 * branches are done, which linger without it. Owns its strings; the transactions own themselves.
 */
#ifndef PROXY_FORWARD_H
#define PROXY_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "proxy/side.h"
#include "proxy/transaction.h"
#include "sip/sip_msg.h"

struct failover;
struct locate_query;
struct registration;
struct siproxd;

#define FORWARD_TARGETS_MAX 16 /* branches of a fork */

/* Where a branch goes. */
struct target {
	char *uri;   /* new Request-URI; NULL: as it came */
	char *route; /* Route values to put on top, or NULL */
	struct hop hop;
	char *binding; /* mask_user of the phone that it is for, or NULL */
};

struct forward {
	struct siproxd *sd;
	struct hash_node node; /* by Call-ID and From tag: to know loops and merged requests */
	struct server_txn *st; /* NULL once that is gone */
	struct list branches;  /* of struct client_txn */
	enum sip_method method;
	struct hop from;
	bool hashed;
	bool final_sent;
	bool cancelled;

	/* The request as it came, for the responses: */
	char *reply_head; /* of answers that we make ourselves; NULL after the last one */
	char *vias;       /* its Via lines, with received and rport */
	char *from_value, *to_value;
	char *from_tag, *to_tag; /* of the request; to_tag empty: none */
	char *call_id;
	char *contact;      /* its first Contact URI; NULL */
	char *record_route; /* its Record-Route lines; NULL: none */
	char *timestamp;    /* its Timestamp, for a 100 (8.2.6.1); NULL: none */
	char *route_behind; /* mask_route_behind() of it */
	uint32_t cseq;
	char *request_uri;
	int64_t max_forwards;
	bool in_dialog; /* it had a To tag */
	bool had_offer;
	unsigned offer;     /* call_last_offer() when its offer had passed */
	uint64_t accepted;  /* tag_id() of the first 2xx to an INVITE; 0: none yet */
	int64_t expires_s;  /* its Expires; -1: none */
	uint64_t event;     /* of SUBSCRIBE, REFER, NOTIFY: subscription_read() */
	int64_t state_s;    /* what a NOTIFY says of it */
	unsigned notifiers; /* dialogs that a NOTIFY began before the answer */

	unsigned call;  /* number of the call that it belongs to; 0: none. Calls end on their own */
	bool made_call; /* this INVITE did: its failure ends the call */
	struct registration *registration; /* of a REGISTER */

	/* While the next hop's name is looked up: */
	struct sip_msg *parked;
	struct locate_query *query;
	/* Once that is known: which server has it, and which ones it may go to next. */
	struct failover *failover;

	int best_status; /* 16.7 step 6; 0: none yet */
	struct buf best;
	struct buf challenges;   /* what other 401 and 407 ask for (16.7 step 7) */
	struct timer long_wait;  /* of a request that is no INVITE: RFC 4320 4.1 */
	bool refused_by_timeout; /* a next hop said 408 to one that is no INVITE */
};

int forward_new(struct siproxd *sd, struct server_txn *st, const struct sip_msg *req,
    struct forward **out);
/* One of an earlier run, whose strings are all there, belongs to that server transaction. */
void forward_restored(struct forward *fw, struct server_txn *st);
/* Detaches its transactions and frees it. */
void forward_free(struct forward *fw);
/* Frees it if nothing needs it any more. True: it is gone. */
bool forward_settle(struct forward *fw);
/* Answers with a response of our own, or with silence if there is no memory for one. `extra` as in
 * sip_reply_write(). */
void forward_reply(struct forward *fw, int status, const char *extra);
/* 100 Trying: at once for an INVITE; for others when the sender would soon give up. */
void forward_trying(struct forward *fw);
/* Hands a final response up, once; further ones but 2xx to INVITE are swallowed. */
void forward_respond(struct forward *fw, int status, const void *data, size_t len);
/* Timer C of one of an earlier run. */
void forward_watch_for(struct client_txn *ct, uint64_t ms);
/* (Re)starts timer C of an INVITE branch (RFC 3261 16.6 step 11, 16.7 step 2). */
void forward_watch(struct client_txn *ct);
/* Every branch that is still ringing. */
void forward_cancel(struct forward *fw, const struct client_txn *but);

void target_done(struct target *t);

/* Another pending request of the same Call-ID, From tag, CSeq number and method; from NULL or the
 * one found before. NULL at the end. */
struct forward *forward_twin(const struct siproxd *sd, const struct sip_msg *req,
    const struct forward *after);
/* The branch that this response answers, by Call-ID, From tag, CSeq and the side it came from,
 * where its Via does not tell; NULL. */
struct client_txn *forward_answered(const struct siproxd *sd, const struct sip_msg *response,
    enum side from);
/* The pending SUBSCRIBE or REFER from the LAN that this NOTIFY from the WAN is for; NULL. */
struct forward *forward_notified(const struct siproxd *sd, const struct sip_msg *notify);

#endif
