/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay_parts: what the parts of relay share, and nobody else includes.
 *
 *   relay.c         the main thread's part: what relay.h promises
 *   relay_thread.c  the relay thread: waits, carries out commands, serves sockets in turn
 *   relay_move.c    a packet's way from one socket to the others
 *   relay_hold.c    what is held back to even it out
 *   relay_twin.c    sockets connected to a steady source
 *   relay_across.c  legs whose far end is a leg of another flow here
 *
 * All but relay.c, relay_across_look() and what makes and frees a struct relay_hold runs in the
 * relay thread, which locks nothing unless it was woken, and allocates nothing but what is held
 * back.
 */
#ifndef MEDIA_RELAY_PARTS_H
#define MEDIA_RELAY_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/timers.h"
#include "media/dejitter.h"
#include "media/flow.h"
#include "media/pace.h"
#include "media/relay.h"
#include "media/waiter.h"
#include "media/wake.h"

#define RELAY_DATAGRAM_MAX 65536
#define RELAY_BATCH_MAX    64   /* ready sockets per round */
#define RELAY_STEADY_MAX   50   /* packets in a row from one source before it gets a twin */
#define RELAY_DRAIN_MAX    1024 /* what may wait at the first socket when it does */

struct relay_flow;

struct relay_socket {
	struct waiter_item item;
	struct relay_flow *of;
	uint8_t leg;
	uint8_t channel; /* enum flow_channel */
	uint16_t burst;  /* how many packets to ask it for */
	uint64_t served_ms;
	struct addr local;
	int dscp; /* that it sends with; only kept where it is copied */
};

/*
 * A leg's RTP by a socket of its own, connected to where it has come from for a while: sending by
 * it costs less, since the kernel need not look for the way each time. It decides nothing: its
 * packets are judged by their source as all others are, and what is not its peer's comes and goes
 * by the leg's first socket.
 */
struct relay_twin {
	struct relay_socket sock; /* fd -1: there is none */
	struct addr peer;
	struct addr source; /* of the last packets by the first socket, */
	unsigned steady;    /* and how many in a row */
	bool tried;         /* to open one for that source */
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

enum relay_verb { SET_PEERS, REMOVE, SETTLE };

/* What the main thread wants of the relay thread, and the same thing on its way back. */
struct relay_command {
	struct list link;
	enum relay_verb verb;
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
	struct relay_twin twin[2];
	struct relay_hold *hold[2]; /* NULL: what comes in there is not held back */

	/* the relay thread's */
	struct relay_across across[2];
	struct list led_to; /* of struct relay_across: of others, to here */

	/* the main thread's */
	struct list link;
	struct relay_command removal; /* here, so that removing cannot fail */
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
	struct pace pace;
	uint64_t twin_us; /* the look in which a twin was opened last */
	bool crossing;    /* a packet goes from one flow to another: it does so once */
	struct waiter_item *ready[RELAY_BATCH_MAX]; /* NULL: removed meanwhile */
	size_t ready_count;
	uint8_t datagram[RELAY_DATAGRAM_MAX];
};

/* A datagram on its way. */
struct relay_packet {
	const uint8_t *data;
	size_t len;
	uint64_t now_us;
	int dscp; /* that it came with, where that is copied */
};

/* --- relay.c --- */

/* Any thread. True if the queue was empty: only then its reader must be woken. */
bool relay_push(struct relay *r, struct list *queue, struct relay_command *cmd);
struct relay_command *relay_pop(struct relay *r, struct list *queue); /* NULL: empty */

/* --- relay_thread.c --- */

/* What pthread_create() starts; the argument is the struct relay. It ends when `stop` is set. */
void *relay_thread(void *arg);
/* Its socket is reported no more. */
void relay_forget(struct relay *r, struct waiter_item *item);

/* --- relay_move.c --- */

/* One datagram of that socket, if there is one, to where it goes. 0 or errno. */
int relay_move_one(struct relay *r, struct relay_socket *in, uint64_t now_us);
/* What came to `in` from src leaves by the other leg, at once or when its time has come. False: it
 * was not taken. */
bool relay_take(struct relay_socket *in, const struct addr *src, const struct relay_packet *p);
void relay_send_to_all(struct relay_socket *out, const struct relay_packet *p,
    const struct addr *const to[], size_t count);

/* --- relay_hold.c --- */

/* The main thread: NULL without a delay. ENOMEM. */
int relay_hold_new(struct relay_flow *of, unsigned leg, uint32_t delay_us, struct relay_hold **out);
/* The main thread, once no other knows the flow. */
void relay_hold_free(struct relay_hold *hold);
/* Frees what still waits, which does not leave any more. */
void relay_hold_stop(struct relay_hold *hold);
/* True if the packet waits; false if it is to be sent now. RTCP, DTLS, STUN, T.38 never wait. */
bool relay_hold_back(struct relay_hold *hold, const struct relay_packet *p);

/* --- relay_twin.c --- */

void relay_twin_init(struct relay_twin *twin, const struct relay_socket *first);
/* The flow ends; the socket stays open, as the others do, until the main thread closes it. */
void relay_twin_done(struct relay *r, struct relay_twin *twin);
/* A packet from src was taken there: a twin may be due. */
void relay_twin_note(struct relay *r, const struct relay_socket *in, const struct addr *src,
    uint64_t now_us);
/* The descriptor that is connected to that address, or -1. */
int relay_twin_to(const struct relay_socket *out, const struct addr *to);

/* --- relay_across.c --- */

/* The main thread: which leg of another flow a new peer of this leg is, if it is one; else *out
 * stays as it is. */
void relay_across_look(const struct relay *r, const struct relay_flow *rf, unsigned leg,
    const struct flow_peer *peer, struct relay_across *out);
void relay_across_init(struct relay_flow *rf);
/* The flow ends: it leads nowhere, and no other leads to it. */
void relay_across_done(struct relay_flow *rf);
/* From now on that leg leads where `wanted` does. */
void relay_across_lead(struct relay_across *a, const struct relay_across *wanted);
/* The socket of another flow that has this address, if one is known to be there. */
struct relay_socket *relay_across_find(const struct relay_socket *out, const struct addr *to);
/* As good as sent and received there, and the kernel has it once less to carry. */
void relay_across_send(struct relay_socket *out, struct relay_socket *across,
    const struct relay_packet *p);

#endif
