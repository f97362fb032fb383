/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/relay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/list.h"
#include "media/dejitter.h"
#include "media/flow.h"
#include "media/priority.h"
#include "media/relay_parts.h"
#include "media/sockets.h"
#include "media/waiter.h"
#include "media/wake.h"

#define KICK_MS 20 /* how long a command may wait for a packet to come with */

bool relay_push(struct relay *r, struct list *queue, struct relay_command *cmd)
{
	bool first;

	pthread_mutex_lock(&r->lock);
	first = list_is_empty(queue);
	list_add_tail(queue, &cmd->link);
	pthread_mutex_unlock(&r->lock);
	return first;
}

struct relay_command *relay_pop(struct relay *r, struct list *queue)
{
	struct relay_command *cmd = NULL;

	pthread_mutex_lock(&r->lock);
	if (!list_is_empty(queue)) {
		cmd = container_of(queue->next, struct relay_command, link);
		list_del(&cmd->link);
	}
	pthread_mutex_unlock(&r->lock);
	return cmd;
}

static void on_kick(void *arg)
{
	struct relay *r = arg;

	if (atomic_load(&r->ordered))
		waiter_wake(r->waiter);
}

/* Waking another thread costs more than all else that a call asks of the relay. So the next
 * packet brings it to the queue; where none comes, a timer does, for all commands until then. */
static void order(struct relay *r, struct relay_command *cmd)
{
	relay_push(r, &r->todo, cmd);
	atomic_store(&r->ordered, true);
	if (!timer_is_running(&r->kick) &&
	    timer_start(loop_timers(r->loop), &r->kick, KICK_MS, on_kick, r) != 0)
		waiter_wake(r->waiter);
}

static void command_free(struct relay_command *cmd)
{
	free(cmd->peers);
	free(cmd);
}

static void free_spent(struct relay *r)
{
	struct relay_command *cmd;

	while ((cmd = relay_pop(r, &r->spent)))
		command_free(cmd);
}

/* No thread knows the flow any more. */
static void flow_close(struct relay_flow *rf)
{
	for (int i = 0; i < 4; i++)
		fd_close(&rf->sock[i / 2][i % 2].item.fd);
	for (int leg = 0; leg < 2; leg++)
		fd_close(&rf->twin[leg].sock.item.fd);
	for (int leg = 0; leg < 2; leg++)
		relay_hold_free(rf->hold[leg]);
	flow_done(&rf->flow);
	free(rf);
}

static void take_back(struct relay *r)
{
	struct relay_command *cmd;

	free_spent(r);
	while ((cmd = relay_pop(r, &r->removed))) {
		struct relay_flow *rf = cmd->on;
		relay_gone_fn *gone = rf->gone;
		void *gone_arg = rf->gone_arg;

		list_del(&rf->link);
		r->flow_count--;
		flow_close(rf);
		if (gone)
			gone(gone_arg);
	}
}

static void on_removed(void *arg, unsigned events)
{
	struct relay *r = arg;

	(void)events;
	wake_clear(&r->back);
	take_back(r);
}

/* Signals are the main loop's: the thread gets none. */
static int start_thread(struct relay *r)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	err = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (err)
		return err;
	err = pthread_create(&r->thread, NULL, relay_thread, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

int relay_new(struct relay **out, struct loop *loop)
{
	struct relay *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return ENOMEM;
	sockets_prepare();
	r->loop = loop;
	list_init(&r->flows);
	list_init(&r->todo);
	list_init(&r->removed);
	list_init(&r->spent);
	timers_init(&r->holds, loop_clock_ms());
	r->hold_budget = DEJITTER_BUDGET;
	err = pthread_mutex_init(&r->lock, NULL);
	if (err)
		goto no_lock;
	err = pthread_cond_init(&r->settled, NULL);
	if (err)
		goto no_cond;
	err = waiter_new(&r->waiter);
	if (err)
		goto no_waiter;
	err = wake_open(&r->back);
	if (err)
		goto no_wake;
	err = loop_fd_add(loop, r->back.read_fd, LOOP_READ, on_removed, r);
	if (err)
		goto no_loop;
	err = start_thread(r);
	if (err)
		goto no_thread;
	*out = r;
	return 0;

no_thread:
	loop_fd_del(loop, r->back.read_fd);
no_loop:
	wake_close(&r->back);
no_wake:
	waiter_free(r->waiter);
no_waiter:
	pthread_cond_destroy(&r->settled);
no_cond:
	pthread_mutex_destroy(&r->lock);
no_lock:
	free(r);
	return err;
}

int relay_raise_priority(struct relay *r)
{
	return priority_raise(r->thread);
}

void relay_free(struct relay *r)
{
	struct list *pos, *tmp;
	struct relay_command *cmd;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
	waiter_wake(r->waiter);
	pthread_join(r->thread, NULL);

	while ((cmd = relay_pop(r, &r->todo))) {
		if (cmd->verb == SET_PEERS)
			command_free(cmd);
	}
	free_spent(r);
	timers_done(&r->holds);
	list_each(pos, tmp, &r->flows)
		flow_close(container_of(pos, struct relay_flow, link));
	timer_stop(loop_timers(r->loop), &r->kick);
	loop_fd_del(r->loop, r->back.read_fd);
	wake_close(&r->back);
	waiter_free(r->waiter);
	pthread_cond_destroy(&r->settled);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static int socket_open(struct relay_socket *s, const struct flow_setup *setup)
{
	s->local = setup->local[s->leg];
	addr_set_port(&s->local, (uint16_t)(addr_port(&s->local) + s->channel));
	s->dscp = s->of->dscp;
	return sockets_open(&s->local, setup->dscp, setup->copy_dscp, &s->item.fd);
}

static struct relay_flow *flow_new(struct relay *r, const struct flow_setup *setup)
{
	struct relay_flow *rf = calloc(1, sizeof(*rf));
	int err = 0;

	if (!rf)
		return NULL;
	for (uint8_t i = 0; i < 4; i++) {
		struct relay_socket *s = &rf->sock[i / 2][i % 2];

		s->of = rf;
		s->leg = i / 2;
		s->channel = i % 2;
		s->item.fd = -1;
	}
	rf->relay = r;
	rf->copy_dscp = setup->copy_dscp;
	rf->dscp = setup->dscp < 0 ? 0 : setup->dscp;
	relay_across_init(rf);
	rf->removal.verb = REMOVE;
	rf->removal.on = rf;
	for (unsigned leg = 0; leg < 2; leg++) {
		relay_twin_init(&rf->twin[leg], &rf->sock[leg][FLOW_RTP]);
		if (!err)
			err = relay_hold_new(rf, leg, setup->delay_us[leg], &rf->hold[leg]);
	}
	if (err) {
		flow_close(rf);
		return NULL;
	}
	return rf;
}

static bool is_pair_port(const struct addr *a)
{
	return addr_port(a) && addr_port(a) % 2 == 0;
}

int relay_flow_add(struct relay *r, const struct flow_setup *setup, struct flow **out)
{
	struct relay_flow *rf;
	int err = 0;

	if (!is_pair_port(&setup->local[0]) || !is_pair_port(&setup->local[1]))
		return EINVAL;
	rf = flow_new(r, setup);
	if (!rf)
		return ENOMEM;
	for (int i = 0; i < 4 && !err; i++)
		err = socket_open(&rf->sock[i / 2][i % 2], setup);
	if (err) {
		flow_close(rf);
		return err;
	}
	list_add_tail(&r->flows, &rf->link);
	r->flow_count++;
	for (int i = 0; i < 4 && !err; i++)
		err = waiter_add(r->waiter, &rf->sock[i / 2][i % 2].item);
	if (err) { /* the relay thread may know some of its sockets already */
		relay_flow_remove(r, &rf->flow, NULL, NULL);
		return err;
	}
	*out = &rf->flow;
	return 0;
}

int relay_flow_peers(struct relay *r, struct flow *f, unsigned leg, const struct flow_peer *peer,
    size_t count)
{
	struct relay_command *cmd;

	free_spent(r);
	if (leg > 1 || count > FLOW_PEERS_MAX)
		return EINVAL;
	cmd = calloc(1, sizeof(*cmd));
	if (!cmd)
		return ENOMEM;
	cmd->peers = flow_peers_new(peer, count);
	if (!cmd->peers) {
		free(cmd);
		return ENOMEM;
	}
	cmd->verb = SET_PEERS;
	cmd->on = container_of(f, struct relay_flow, flow);
	cmd->leg = leg;
	for (size_t i = 0; i < count; i++)
		relay_across_look(r, cmd->on, leg, &peer[i], &cmd->across);
	order(r, cmd);
	return 0;
}

void relay_flow_remove(struct relay *r, struct flow *f, relay_gone_fn *gone, void *arg)
{
	struct relay_flow *rf = container_of(f, struct relay_flow, flow);

	rf->gone = gone;
	rf->gone_arg = arg;
	rf->leaving = true;
	order(r, &rf->removal);
}

void relay_settle(struct relay *r)
{
	struct relay_command cmd = {.verb = SETTLE};

	list_init(&cmd.link);
	order(r, &cmd);
	waiter_wake(r->waiter);
	pthread_mutex_lock(&r->lock);
	while (!cmd.settled)
		pthread_cond_wait(&r->settled, &r->lock);
	pthread_mutex_unlock(&r->lock);
	take_back(r);
}

void relay_flow_stats(const struct flow *f, struct flow_stats *out)
{
	flow_stats(f, out);
}

size_t relay_flow_count(const struct relay *r)
{
	return r->flow_count;
}
