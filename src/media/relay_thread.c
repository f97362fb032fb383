/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/relay_parts.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#define BURST_MAX 16 /* packets from one socket before it is the next one's turn */

static bool must_stop(struct relay *r)
{
	bool stop;

	pthread_mutex_lock(&r->lock);
	stop = r->stop;
	pthread_mutex_unlock(&r->lock);
	return stop;
}

void relay_forget(struct relay *r, struct waiter_item *item)
{
	waiter_del(r->waiter, item);
	for (size_t i = 0; i < r->ready_count; i++)
		if (r->ready[i] == item)
			r->ready[i] = NULL;
}

static void carry_out(struct relay *r, struct relay_command *cmd)
{
	struct relay_flow *rf = cmd->on;

	switch (cmd->verb) {
	case SET_PEERS:
		cmd->peers = flow_set_peers(&rf->flow, cmd->leg, cmd->peers);
		relay_across_lead(&rf->across[cmd->leg], &cmd->across);
		relay_push(r, &r->spent, cmd);
		break;
	case REMOVE:
		for (int i = 0; i < 4; i++)
			relay_forget(r, &rf->sock[i / 2][i % 2].item);
		relay_across_done(rf);
		for (int leg = 0; leg < 2; leg++) {
			relay_twin_done(r, &rf->twin[leg]);
			relay_hold_stop(rf->hold[leg]);
		}
		/* From here on the flow is the main thread's again. */
		if (relay_push(r, &r->removed, cmd))
			wake_pull(&r->back);
		break;
	case SETTLE:
		pthread_mutex_lock(&r->lock);
		cmd->settled = true;
		pthread_cond_signal(&r->settled);
		pthread_mutex_unlock(&r->lock);
		break;
	}
}

static void carry_out_all(struct relay *r)
{
	struct relay_command *cmd;

	atomic_store(&r->ordered, false);
	while ((cmd = relay_pop(r, &r->todo)))
		carry_out(r, cmd);
}

/*
 * Of most streams one packet waits when they wake us, and asking for a second one would cost a
 * system call for nothing. Who is ready again in the same millisecond sends bursts (video): such
 * a socket may hand over more and more at once.
 */
static void serve(struct relay *r, struct relay_socket *in, uint64_t now_us)
{
	uint64_t now_ms = now_us / 1000;
	int err = 0;

	if (in->served_ms != now_ms)
		in->burst = 1;
	else if (in->burst < BURST_MAX)
		in->burst *= 2;
	in->served_ms = now_ms;
	/* Reading an ICMP error takes it off the socket: go on with the next packet. */
	for (unsigned i = 0; i < in->burst && err != EAGAIN && err != EWOULDBLOCK; i++)
		err = relay_move_one(r, in, now_us);
}

static int wait_ms(const struct relay *r)
{
	int64_t ms = r->holds.count ? timers_next_ms(&r->holds, loop_clock_ms()) : -1;

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* Not when more is waiting than one round holds. */
static void rest(struct relay *r, uint64_t looked_us)
{
	struct timespec ts = {0};

	ts.tv_nsec = 1000L * pace_rest_us(&r->pace, r->ready_count, looked_us, loop_clock_us());
	if (ts.tv_nsec && r->ready_count < RELAY_BATCH_MAX)
		nanosleep(&ts, NULL);
}

/*
 * Commands go before the packets that came with them: who was given a new address is never sent
 * to the old one, and nobody need wake us for the peers of a flow that is silent.
 */
void *relay_thread(void *arg)
{
	struct relay *r = arg;
	bool woken = false;

	while (!woken || !must_stop(r)) {
		uint64_t now_us;

		r->ready_count =
		    waiter_wait(r->waiter, r->ready, RELAY_BATCH_MAX, wait_ms(r), &woken);
		if (woken || atomic_load(&r->ordered))
			carry_out_all(r);
		now_us = loop_clock_us();
		timers_run(&r->holds, now_us / 1000);
		for (size_t i = 0; i < r->ready_count; i++)
			if (r->ready[i])
				serve(r, container_of(r->ready[i], struct relay_socket, item),
				    now_us);
		rest(r, now_us);
	}
	return NULL;
}
