/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * txn_state: what the two kinds of transactions have in common, shared by the files that look
 * after them: transaction.c keeps the tables, the ends and the connections of all, server_txn.c
 * is RFC 3261 17.2, client_txn.c 17.1. Nobody else includes this.
 */
#ifndef PROXY_TXN_STATE_H
#define PROXY_TXN_STATE_H

#include "proxy/transaction.h"

#define TXN_GIVE_UP_MS (64 * SIP_T1_MS) /* timers B, F, H, J, L, M */
/* However long a call rings: what is older than this was forgotten by its owner. */
#define TXN_LAST_RESORT_MS (24 * 3600 * 1000)

struct transactions {
	struct timers *timers;
	struct txn_ops ops;
	uint8_t key[SIPHASH_KEY_LEN];
	size_t max;
	struct list lingering; /* longest first; without those that are about to go early */
	size_t n_lingering;    /* with them */
	struct hash servers, clients;
	struct hash servers_by_connection, clients_by_connection; /* of TCP alone */
};

/* No room for one more that waits. */
bool txn_full(const struct transactions *ts);

/* Calls fn(arg) in `ms` milliseconds, and not when it said before. ENOMEM. */
int txn_end_in(struct transactions *ts, struct txn_end *end, uint64_t ms, timer_fn *fn, void *arg);
/* The same; from here on it waits for repetitions alone. */
void txn_linger(struct transactions *ts, struct txn_end *end, uint64_t ms, timer_fn *fn, void *arg);
/* The transaction is going. */
void txn_end_done(struct transactions *ts, struct txn_end *end);

bool txn_is_reliable(const struct hop *hop);
/* Notes in `table` that it hangs on that connection now; 0 and UDP are in no table. */
void txn_move_to_connection(struct hash *table, struct hash_node *node, uint64_t connection);

/* At once, with the *_gone call. */
void server_txn_free(struct server_txn *st);
void client_txn_free(struct client_txn *ct);

#endif
