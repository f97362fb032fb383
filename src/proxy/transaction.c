/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/txn_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int transactions_new(struct transactions **out, struct timers *timers, const struct txn_ops *ops,
    const uint8_t key[SIPHASH_KEY_LEN], size_t max)
{
	struct transactions *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return ENOMEM;
	ts->timers = timers;
	ts->ops = *ops;
	ts->max = max;
	list_init(&ts->lingering);
	memcpy(ts->key, key, sizeof(ts->key));
	if (hash_init(&ts->servers, 256) != 0 || hash_init(&ts->clients, 256) != 0 ||
	    hash_init(&ts->servers_by_connection, 16) != 0 ||
	    hash_init(&ts->clients_by_connection, 16) != 0) {
		transactions_free(ts);
		return ENOMEM;
	}
	*out = ts;
	return 0;
}

void transactions_set_max(struct transactions *ts, size_t max)
{
	ts->max = max;
}

size_t transactions_count(const struct transactions *ts)
{
	return ts->servers.count + ts->clients.count;
}

static size_t count_waiting(const struct transactions *ts)
{
	return transactions_count(ts) - ts->n_lingering;
}

bool txn_full(const struct transactions *ts)
{
	return count_waiting(ts) >= ts->max;
}

bool transactions_half_full(const struct transactions *ts)
{
	return count_waiting(ts) >= ts->max - ts->max / 2;
}

bool transactions_nearly_full(const struct transactions *ts)
{
	return count_waiting(ts) >= ts->max - ts->max / 10;
}

/* --- ends --------------------------------------------------------------------------------- */

int txn_end_in(struct transactions *ts, struct txn_end *end, uint64_t ms, timer_fn *fn, void *arg)
{
	return timer_start(ts->timers, &end->timer, ms, fn, arg);
}

/* It ends in the next round of the loop, and not under the feet of who is dealing with it. */
static void end_oldest(struct transactions *ts)
{
	struct txn_end *oldest = container_of(ts->lingering.next, struct txn_end, link);

	list_del(&oldest->link);
	txn_end_in(ts, oldest, 0, oldest->timer.fn, oldest->timer.arg);
}

void txn_linger(struct transactions *ts, struct txn_end *end, uint64_t ms, timer_fn *fn, void *arg)
{
	txn_end_in(ts, end, ms, fn, arg);
	if (end->lingers)
		return;
	end->lingers = true;
	list_add_tail(&ts->lingering, &end->link);
	if (++ts->n_lingering > ts->max * TXN_LINGER_FACTOR)
		end_oldest(ts);
}

void txn_end_done(struct transactions *ts, struct txn_end *end)
{
	timer_stop(ts->timers, &end->timer);
	list_del(&end->link);
	ts->n_lingering -= end->lingers;
}

/* --- connections -------------------------------------------------------------------------- */

bool txn_is_reliable(const struct hop *hop)
{
	return hop->transport == SIP_TCP;
}

void txn_move_to_connection(struct hash *table, struct hash_node *node, uint64_t connection)
{
	if (node->key == connection)
		return;
	if (node->key)
		hash_del(table, node);
	node->key = 0;
	if (connection)
		hash_add(table, node, connection);
}

void transactions_lost(struct transactions *ts, uint64_t connection)
{
	struct hash_node *n = hash_first(&ts->clients_by_connection, connection);

	/* They end in a later round of the loop, so the chain stays whole. */
	for (; n; n = hash_next(n)) {
		struct client_txn *ct = container_of(n, struct client_txn, by_connection);

		if (ct->state == TXN_TRYING)
			client_txn_fail(ct);
	}
}

bool transactions_use(const struct transactions *ts, uint64_t connection)
{
	return hash_first(&ts->clients_by_connection, connection) ||
	    hash_first(&ts->servers_by_connection, connection);
}

/* --- the end of all ----------------------------------------------------------------------- */

static void free_server_node(struct hash_node *node, void *arg)
{
	(void)arg;
	server_txn_free(container_of(node, struct server_txn, node));
}

static void free_client_node(struct hash_node *node, void *arg)
{
	(void)arg;
	client_txn_free(container_of(node, struct client_txn, node));
}

void transactions_free(struct transactions *ts)
{
	if (!ts)
		return;
	if (ts->clients.bucket)
		hash_each(&ts->clients, free_client_node, NULL);
	if (ts->servers.bucket)
		hash_each(&ts->servers, free_server_node, NULL);
	hash_done(&ts->clients_by_connection);
	hash_done(&ts->servers_by_connection);
	hash_done(&ts->clients);
	hash_done(&ts->servers);
	free(ts);
}
