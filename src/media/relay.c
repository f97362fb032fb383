/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/relay.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/timers.h"
#include "base/udp.h"
#include "media/dejitter.h"
#include "media/flow.h"
#include "media/priority.h"
#include "media/sockets.h"
#include "media/waiter.h"
#include "media/wake.h"

#define DATAGRAM_MAX 65536
#define BATCH_MAX    64 /* ready sockets per round */
#define BURST_MAX    16 /* packets from one socket before it is the next one's turn */
#define KICK_MS      20 /* how long a command may wait for a packet to come with */

struct relay_flow;

struct relay_socket {
	struct waiter_item item;
	struct relay_flow *of;
	uint8_t leg;
	uint8_t channel; /* enum flow_channel */
	uint8_t burst;   /* how many packets to ask it for */
	uint64_t served_ms;
	struct addr local;
	int dscp; /* that it sends with; only kept where it is copied */
};

/* A leg whose far end is a leg of another flow here: two calls that meet at the provider. */
struct relay_across {
	struct list link;      /* among those that lead to the same flow */
	struct relay_flow *to; /* NULL: it is not */
	unsigned leg;
};

/* What came in by one leg and is held back. */
struct relay_hold {
	struct relay_flow *of;
	unsigned leg;
	struct dejitter dejitter;
	struct timer timer;
};

enum verb { SET_PEERS, REMOVE, SETTLE };

/* What the main thread wants of the relay thread, and the same thing on its way back. */
struct command {
	struct list link;
	enum verb verb;
	struct relay_flow *on;
	unsigned leg;               /* SET_PEERS */
	struct flow_peers *peers;   /* SET_PEERS: the new set; when carried out, the old one */
	struct relay_across across; /* SET_PEERS */
	bool settled;               /* SETTLE: carried out */
};

struct relay_flow {
	struct flow flow; /* what callers know */
	struct relay *relay;
	bool copy_dscp;
	int dscp; /* of what comes without one */
	struct relay_socket sock[2][FLOW_CHANNELS];
	struct relay_hold hold[2];

	/* the relay thread's */
	struct relay_across across[2];
	struct list led_to; /* of struct relay_across: of others, to here */

	/* the main thread's */
	struct list link;
	struct command removal; /* here, so that removing cannot fail */
	bool leaving;
	relay_gone_fn *gone;
	void *gone_arg;
};

struct relay {
	struct loop *loop;
	struct list flows;
	size_t flow_count;
	struct timer kick; /* wakes the relay thread for what is in `todo` */
	pthread_t thread;
	struct waiter *waiter;
	struct wake back;    /* to the main loop: something is in `removed` */
	atomic_bool ordered; /* there may be something in `todo` */

	pthread_mutex_t lock;   /* for what follows */
	pthread_cond_t settled; /* a SETTLE was carried out */
	struct list todo;       /* commands for the relay thread */
	struct list removed;    /* carried out REMOVEs */
	struct list spent;      /* carried out SET_PEERS, to be freed */
	bool stop;

	/* the relay thread's */
	struct timers holds; /* when something held back is due */
	long hold_budget;
	bool crossing; /* a packet goes from one flow to another: it does so once */
	struct waiter_item *ready[BATCH_MAX]; /* NULL: removed meanwhile */
	size_t ready_count;
	uint8_t datagram[DATAGRAM_MAX];
};

/* --- both threads: the queues --------------------------------------------------------------- */

/* True if the queue was empty: only then its reader must be woken. */
static bool push(struct relay *r, struct list *queue, struct command *cmd)
{
	bool first;

	pthread_mutex_lock(&r->lock);
	first = list_is_empty(queue);
	list_add_tail(queue, &cmd->link);
	pthread_mutex_unlock(&r->lock);
	return first;
}

static struct command *pop(struct relay *r, struct list *queue)
{
	struct command *cmd = NULL;

	pthread_mutex_lock(&r->lock);
	if (!list_is_empty(queue)) {
		cmd = container_of(queue->next, struct command, link);
		list_del(&cmd->link);
	}
	pthread_mutex_unlock(&r->lock);
	return cmd;
}

static bool must_stop(struct relay *r)
{
	bool stop;

	pthread_mutex_lock(&r->lock);
	stop = r->stop;
	pthread_mutex_unlock(&r->lock);
	return stop;
}

/* --- the relay thread: locks nothing unless it was woken, allocates nothing but for dejitter ---
 */

/* Its socket is not the relay thread's any more. */
static void forget_socket(struct relay *r, struct waiter_item *item)
{
	waiter_del(r->waiter, item);
	for (size_t i = 0; i < r->ready_count; i++)
		if (r->ready[i] == item)
			r->ready[i] = NULL;
}

static void lead_nowhere(struct relay_across *a)
{
	list_del(&a->link);
	a->to = NULL;
}

static void lead_across(struct relay_across *a, const struct relay_across *wanted)
{
	lead_nowhere(a);
	if (!wanted->to)
		return;
	a->to = wanted->to;
	a->leg = wanted->leg;
	list_add_tail(&a->to->led_to, &a->link);
}

static void lead_nobody_to(struct relay_flow *rf)
{
	struct list *l, *tmp;

	list_each(l, tmp, &rf->led_to)
		lead_nowhere(container_of(l, struct relay_across, link));
	for (int leg = 0; leg < 2; leg++)
		lead_nowhere(&rf->across[leg]);
}

static void carry_out(struct relay *r, struct command *cmd)
{
	struct relay_flow *rf = cmd->on;

	switch (cmd->verb) {
	case SET_PEERS:
		cmd->peers = flow_set_peers(&rf->flow, cmd->leg, cmd->peers);
		lead_across(&rf->across[cmd->leg], &cmd->across);
		push(r, &r->spent, cmd);
		break;
	case REMOVE:
		for (int i = 0; i < 4; i++)
			forget_socket(r, &rf->sock[i / 2][i % 2].item);
		lead_nobody_to(rf);
		for (int leg = 0; leg < 2; leg++) {
			timer_stop(&r->holds, &rf->hold[leg].timer);
			dejitter_done(&rf->hold[leg].dejitter);
		}
		/* From here on the flow is the main thread's again. */
		if (push(r, &r->removed, cmd))
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
	struct command *cmd;

	atomic_store(&r->ordered, false);
	while ((cmd = pop(r, &r->todo)))
		carry_out(r, cmd);
}

static void send_to(struct relay_socket *out, const void *data, size_t len, const struct addr *to)
{
	int fd = out->item.fd;
	ssize_t n = sendto(fd, data, len, 0, &to->u.sa, addr_len(to));

	/* An ICMP error about an earlier packet; some systems tell it here, instead of sending. */
	if (n < 0 && errno == ECONNREFUSED)
		n = sendto(fd, data, len, 0, &to->u.sa, addr_len(to));
	flow_sent(&out->of->flow, out->leg, n < 0 ? errno : 0);
}

struct packet {
	const uint8_t *data;
	size_t len;
	uint64_t now_us;
	int dscp; /* that it came with, where that is copied */
};

static void take(struct relay_socket *in, const struct addr *src, const struct packet *p);

/* The socket of another flow that has this address, if one is known to be there. */
static struct relay_socket *find_across(const struct relay_socket *out, const struct addr *to)
{
	const struct relay_across *across = &out->of->across[out->leg];

	if (!across->to || out->of->relay->crossing)
		return NULL;
	for (int ch = 0; ch < FLOW_CHANNELS; ch++)
		if (addr_equal(&across->to->sock[across->leg][ch].local, to))
			return &across->to->sock[across->leg][ch];
	return NULL;
}

/* As good as sent and received there, and the kernel has it once less to carry. */
static void cross(struct relay_socket *out, struct relay_socket *across, const struct packet *p)
{
	flow_sent(&out->of->flow, out->leg, 0);
	out->of->relay->crossing = true;
	take(across, &out->local, p);
	out->of->relay->crossing = false;
}

static void send_to_all(struct relay_socket *out, const struct packet *p,
    const struct addr *const to[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct relay_socket *across = find_across(out, to[i]);

		if (across)
			cross(out, across, p);
		else
			send_to(out, p->data, p->len, to[i]);
	}
}

/* To who is the peer now, which may be another one than when the packet came. */
static void send_held(struct relay_hold *hold, struct dejitter_packet *held)
{
	struct relay_socket *out = &hold->of->sock[!hold->leg][FLOW_RTP];
	struct packet p = {held->data, held->len, loop_clock_us(), out->dscp};
	const struct addr *to[FLOW_PEERS_MAX];
	size_t count = flow_targets(&hold->of->flow, hold->leg, FLOW_RTP, to);

	send_to_all(out, &p, to, count);
	free(held);
}

static void on_due(void *arg);

/* What is due leaves, and the timer is set for what is due next. */
static void release(struct relay_hold *hold, uint64_t now_us)
{
	struct timers *holds = &hold->of->relay->holds;
	struct dejitter_packet *p;
	uint64_t due_ms;

	while ((p = dejitter_next(&hold->dejitter, now_us)))
		send_held(hold, p);
	if (!hold->dejitter.count)
		return;
	due_ms = (dejitter_due_us(&hold->dejitter) + 999) / 1000;
	if (timer_start(holds, &hold->timer, due_ms - timers_now(holds), on_due, hold) == 0)
		return;
	while ((p = dejitter_next(&hold->dejitter, UINT64_MAX))) /* no memory, no delay */
		send_held(hold, p);
}

static void on_due(void *arg)
{
	release(arg, loop_clock_us());
}

/* True if the datagram waits; false if it is to be sent now. RTCP, DTLS, STUN, T.38 never wait. */
static bool hold_back(struct relay_hold *hold, const struct packet *p)
{
	struct rtp_header h;
	uint32_t clock_hz;
	bool waits;

	if (!hold->dejitter.delay_us || rtp_kind(p->data, p->len) != RTP_MEDIA)
		return false;
	rtp_header_read(&h, p->data);
	if (!flow_is_stream(&hold->of->flow, hold->leg, &h, &clock_hz))
		return false;
	waits = dejitter_put(&hold->dejitter, &h, clock_hz, p->data, p->len, p->now_us);
	release(hold, p->now_us);
	return waits;
}

static int receive(struct relay *r, const struct relay_socket *in, struct addr *src, size_t *len,
    int *dscp)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t n;

	if (in->of->copy_dscp)
		return udp_recv_dscp(in->item.fd, r->datagram, sizeof(r->datagram), len, src, dscp);
	n = recvfrom(in->item.fd, r->datagram, sizeof(r->datagram), 0, (struct sockaddr *)&from,
	    &from_len);
	if (n < 0)
		return errno;
	*len = (size_t)n;
	return addr_set(src, (struct sockaddr *)&from, from_len);
}

/* A stream's mark hardly ever changes. One that cannot be set is not tried with each packet. */
static void copy_mark(struct relay_socket *out, int dscp)
{
	if (dscp <= 0)
		dscp = out->of->dscp;
	if (dscp == out->dscp)
		return;
	udp_set_dscp(out->item.fd, addr_family(&out->local), dscp);
	out->dscp = dscp;
}

/* What came to `in` from src leaves by the other leg. */
static void take(struct relay_socket *in, const struct addr *src, const struct packet *p)
{
	struct relay_socket *out = &in->of->sock[!in->leg][in->channel];
	const struct addr *to[FLOW_PEERS_MAX];
	size_t count =
	    flow_receive(&in->of->flow, in->leg, in->channel, src, p->data, p->len, p->now_us, to);

	if (count && in->of->copy_dscp)
		copy_mark(out, p->dscp);
	if (!count || (in->channel == FLOW_RTP && hold_back(&in->of->hold[in->leg], p)))
		return;
	send_to_all(out, p, to, count);
}

/* One datagram, if there is one. 0 or errno. */
static int relay_one(struct relay *r, struct relay_socket *in, uint64_t now_us)
{
	struct packet p = {.data = r->datagram, .now_us = now_us, .dscp = -1};
	struct addr src;
	int err = receive(r, in, &src, &p.len, &p.dscp);

	if (!err)
		take(in, &src, &p);
	return err;
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
		err = relay_one(r, in, now_us);
}

static int wait_ms(const struct relay *r)
{
	int64_t ms = r->holds.count ? timers_next_ms(&r->holds, loop_clock_ms()) : -1;

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/*
 * Commands go before the packets that came with them: who was given a new address is never sent
 * to the old one, and nobody need wake us for the peers of a flow that is silent.
 */
static void *relay_thread(void *arg)
{
	struct relay *r = arg;
	bool woken = false;

	while (!woken || !must_stop(r)) {
		uint64_t now_us;

		r->ready_count = waiter_wait(r->waiter, r->ready, BATCH_MAX, wait_ms(r), &woken);
		if (woken || atomic_load(&r->ordered))
			carry_out_all(r);
		now_us = loop_clock_us();
		timers_run(&r->holds, now_us / 1000);
		for (size_t i = 0; i < r->ready_count; i++)
			if (r->ready[i])
				serve(r, container_of(r->ready[i], struct relay_socket, item),
				    now_us);
	}
	return NULL;
}

/* --- the main thread ------------------------------------------------------------------------ */

static void on_kick(void *arg)
{
	struct relay *r = arg;

	if (atomic_load(&r->ordered))
		waiter_wake(r->waiter);
}

/* Waking another thread costs more than all else that a call asks of the relay. So the next
 * packet brings it to the queue; where none comes, a timer does, for all commands until then. */
static void order(struct relay *r, struct command *cmd)
{
	push(r, &r->todo, cmd);
	atomic_store(&r->ordered, true);
	if (!timer_is_running(&r->kick) &&
	    timer_start(loop_timers(r->loop), &r->kick, KICK_MS, on_kick, r) != 0)
		waiter_wake(r->waiter);
}

static void command_free(struct command *cmd)
{
	free(cmd->peers);
	free(cmd);
}

static void free_spent(struct relay *r)
{
	struct command *cmd;

	while ((cmd = pop(r, &r->spent)))
		command_free(cmd);
}

/* No thread knows the flow any more. */
static void flow_close(struct relay_flow *rf)
{
	for (int i = 0; i < 4; i++)
		fd_close(&rf->sock[i / 2][i % 2].item.fd);
	for (int leg = 0; leg < 2; leg++)
		dejitter_done(&rf->hold[leg].dejitter);
	flow_done(&rf->flow);
	free(rf);
}

static void take_back(struct relay *r)
{
	struct command *cmd;

	free_spent(r);
	while ((cmd = pop(r, &r->removed))) {
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
	struct command *cmd;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
	waiter_wake(r->waiter);
	pthread_join(r->thread, NULL);

	while ((cmd = pop(r, &r->todo))) {
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
	for (unsigned leg = 0; leg < 2; leg++) {
		rf->hold[leg].of = rf;
		rf->hold[leg].leg = leg;
		dejitter_init(&rf->hold[leg].dejitter, setup->delay_us[leg], &r->hold_budget);
	}
	list_init(&rf->led_to);
	for (int leg = 0; leg < 2; leg++)
		list_init(&rf->across[leg].link);
	rf->removal.verb = REMOVE;
	rf->removal.on = rf;
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

static bool is_leg_at(const struct relay_flow *rf, unsigned leg, const struct addr *a)
{
	return !rf->leaving && addr_equal(&rf->sock[leg][FLOW_RTP].local, a);
}

/* Which leg of another flow the peers are, if one of them is. Looked for when a peer has the IP of
 * the leg itself, which is rare: else nobody goes through all flows. */
static void look_across(struct relay *r, const struct relay_flow *rf, unsigned leg,
    const struct flow_peer *peer, struct relay_across *out)
{
	const struct addr *far = &peer->rtp.signalled;
	struct list *pos, *tmp;

	if (!addr_is_set(far) || !addr_equal_ip(far, &rf->sock[leg][FLOW_RTP].local))
		return;
	list_each(pos, tmp, &r->flows) {
		struct relay_flow *other = container_of(pos, struct relay_flow, link);

		for (unsigned i = 0; i < 2 && other != rf; i++)
			if (is_leg_at(other, i, far))
				*out = (struct relay_across){.to = other, .leg = i};
	}
}

int relay_flow_peers(struct relay *r, struct flow *f, unsigned leg, const struct flow_peer *peer,
    size_t count)
{
	struct command *cmd;

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
		look_across(r, cmd->on, leg, &peer[i], &cmd->across);
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
	struct command cmd = {.verb = SETTLE};

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
