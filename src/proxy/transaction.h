/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transaction: the state machines of RFC 3261 17 with RFC 6026's Accepted state and RFC 4320's
 * rules, server and client, for a stateful proxy: retransmissions are absorbed, or made over UDP,
 * ACKs to failures are answered here. It knows no addresses but the hops it is told, asks no
 * clock but the given timers, and sends through the given function. Owns all transactions. Each
 * one has its end timer running from its birth, so none can stay for ever.
 */
#ifndef PROXY_TRANSACTION_H
#define PROXY_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/siphash.h"
#include "base/timers.h"
#include "proxy/side.h"
#include "sip/sip_msg.h"

/* RFC 3261 17.1.1.1, table 4; milliseconds */
#define SIP_T1_MS 500
#define SIP_T2_MS 4000
#define SIP_T4_MS 5000

/* A branch of ours with its NUL: the cookie, and up to 128 bits in hex. */
#define TXN_BRANCH_SIZE 40

struct transactions;
struct forward; /* proxy/forward.h: what a server transaction is answered from */

enum txn_state {
	TXN_TRYING, /* non-INVITE before a provisional; INVITE client: Calling */
	TXN_PROCEEDING,
	TXN_COMPLETED,
	TXN_CONFIRMED,
	TXN_ACCEPTED, /* RFC 6026 */
	TXN_TERMINATED,
};

/* When a transaction ends; and, once it waits for nothing but what may be repeated, its place
 * among the others of which that is true, in the order in which it became so. */
struct txn_end {
	struct timer timer;
	struct list link;
	bool lingers;
};

struct server_txn {
	struct hash_node node, by_connection;
	struct transactions *owner;
	enum txn_state state;
	enum sip_method method;
	char *key;      /* branch, sent-by and method, as one string */
	struct hop hop; /* who sent the request */
	/* Where its responses go (RFC 3261 18.2.2, RFC 3581); over TCP, once hop.connection is gone
	 */
	struct addr reply_to;
	struct buf last;      /* the last response */
	uint64_t interval_ms; /* timer G */
	struct timer retransmit;
	struct txn_end end;
	struct forward *forward; /* NULL once that is gone */
};

struct client_txn {
	struct hash_node node, by_connection;
	struct list link; /* among its forward's branches */
	struct transactions *owner;
	enum txn_state state;
	enum sip_method method;
	char branch[TXN_BRANCH_SIZE];
	struct hop hop; /* where the request went, and by which connection */
	/* The request, for retransmission, CANCEL and ACK; of an INVITE in Accepted only its first
	 * line and our Via; nothing of others once they are answered. */
	struct buf sent;
	uint64_t interval_ms; /* timer A or E */
	struct timer retransmit;
	struct txn_end end;
	struct timer timer_c; /* RFC 3261 16.6 step 11; the forward's to start and stop */
	int status;           /* of the last response; 0: none */
	bool cancel_wanted;   /* send CANCEL as soon as a provisional response is here (9.1) */
	bool cancelled;
	bool abandoned; /* another server has the request now */
	bool unsent;    /* the transport failed: nobody has got the request */
	struct forward *forward;
	char *target; /* the forward's note of the phone that this branch is for; NULL */
};

struct txn_ops {
	void *arg;
	/* errno of the sending; an ICMP error counts as one. As sd->send() it notes the connection.
	 */
	int (*send)(void *arg, const void *data, size_t len, struct hop *hop);
	/* A response for the core: every 1xx but retransmitted ones it may ignore, the first final
	 * one, and each 2xx to INVITE. */
	void (*response)(void *arg, struct client_txn *ct, struct sip_msg *msg);
	/* Timer B or F, or the transport failed: no response will come. */
	void (*timeout)(void *arg, struct client_txn *ct);
	/* The transaction is about to be freed: forget it. */
	void (*server_gone)(void *arg, struct server_txn *st);
	void (*client_gone)(void *arg, struct client_txn *ct);
};

/*
 * key: for branches; the same key gives a retransmission the same branch after a restart.
 * max: how many there may be that wait for an answer, or for the ACK to one. What lingers after
 * that, mostly for 32 seconds, to absorb repetitions, does not count: of those there are at most
 * TXN_LINGER_FACTOR times as many, and then the oldest one goes early. It is the one that is needed
 * least, since who repeats does so every four seconds at least.
 */
#define TXN_LINGER_FACTOR 5
int transactions_new(struct transactions **out, struct timers *timers, const struct txn_ops *ops,
    const uint8_t key[SIPHASH_KEY_LEN], size_t max);
/* Frees all of them, with their *_gone calls. */
void transactions_free(struct transactions *ts);
void transactions_set_max(struct transactions *ts, size_t max);
size_t transactions_count(const struct transactions *ts); /* all */
bool transactions_half_full(const struct transactions *ts);
bool transactions_nearly_full(const struct transactions *ts); /* nine tenths */

/* That connection has ended: what was sent on it and had no response is taken for lost (18.4). */
void transactions_lost(struct transactions *ts, uint64_t connection);
/* One of them waits for something on that connection. */
bool transactions_use(const struct transactions *ts, uint64_t connection);

/* --- server ------------------------------------------------------------------------------- */

/* The transaction that this request belongs to, a CANCEL excepted (17.2.3); an ACK finds its
 * INVITE's. NULL. */
struct server_txn *server_txn_find(struct transactions *ts, const struct sip_msg *req,
    enum side from);
/* The INVITE that this CANCEL means (9.2); NULL. */
struct server_txn *server_txn_find_cancelled(struct transactions *ts, const struct sip_msg *cancel,
    enum side from);
/* ENOMEM, ENOSPC when there are too many. */
int server_txn_new(struct transactions *ts, const struct sip_msg *req, const struct hop *from,
    struct server_txn **out);
/* One of an earlier run that still waits for its answer, or (TXN_ACCEPTED) may pass on more of
 * them: an INVITE's, with its key and its last response (may be empty). ENOMEM, ENOSPC, EEXIST. */
int server_txn_restore(struct transactions *ts, const struct server_txn *as,
    struct server_txn **out);
/* A retransmission or an ACK came. */
void server_txn_retransmitted(struct server_txn *st, const struct sip_msg *req);
/* Sends a response and moves on as 17.2 says; after a final one only a further 2xx to INVITE is
 * still sent. */
void server_txn_respond(struct server_txn *st, int status, const void *data, size_t len);
/* No answer will ever be sent: forgets the request without a word (RFC 4320 4.2). */
void server_txn_abandon(struct server_txn *st);
/* The same, but it goes on absorbing retransmissions for as long as they may come. */
void server_txn_linger(struct server_txn *st);

/* --- client ------------------------------------------------------------------------------- */

/*
 * Our branch for a request: a keyed hash over its own branch and sent-by, CSeq number, INVITE
 * standing for its CANCEL and ACK, and the target. Stable over retransmission and restart.
 */
void txn_branch(const struct transactions *ts, const struct sip_msg *req, const char *target,
    char out[TXN_BRANCH_SIZE]);
/* Starts with a copy of `data` and sends it. ENOMEM, ENOSPC; EEXIST when that branch is already
 * under way; a failed send is a timeout() later. */
int client_txn_new(struct transactions *ts, const char *branch, enum sip_method method,
    const struct hop *to, const void *data, size_t len, struct client_txn **out);
/* One of an earlier run, an INVITE's: `as` says what it was, and `sent` is copied. Its timers begin
 * anew. ENOMEM, ENOSPC, EEXIST. */
int client_txn_restore(struct transactions *ts, const struct client_txn *as,
    struct client_txn **out);
/* The transaction of a response whose top Via is ours; NULL for a stray one. */
struct client_txn *client_txn_find(struct transactions *ts, const struct sip_msg *response);
/* Feeds it; may call response(). */
void client_txn_received(struct client_txn *ct, struct sip_msg *msg);
/* Asks the far end to stop (9.1): now, or once a provisional response came. */
void client_txn_cancel(struct client_txn *ct);
/* After a restart: the CANCEL that was sent may have been lost. */
void client_txn_cancel_again(struct client_txn *ct);
/* The network says that this datagram, of which `data` is the beginning, did not get there: its
 * transaction fails as by client_txn_fail(), unless it has had a response. */
void client_txn_refused(struct transactions *ts, const struct addr *peer, const void *data,
    size_t len);
/* The transport lost the request, or its way back is gone: timeout() follows from the loop, with
 * `unsent` set. A transaction that has its final response goes on. */
void client_txn_fail(struct client_txn *ct);
/* It is asked no more: nothing is sent again, and an INVITE that rings after all is cancelled. What
 * still comes is reported as ever. */
void client_txn_abandon(struct client_txn *ct);

#endif
