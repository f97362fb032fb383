/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call's media: ports, flows, and what the descriptions say of them. */
#include "proxy/call_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static void lease_ends(void *arg)
{
	struct lease *lease = arg;

	for (int i = 0; i < 2; i++)
		if (lease->port[i])
			ports_give(lease->ports, lease->port[i]);
	list_del(&lease->link);
	free(lease);
}

/* Two legs with different addresses share a port number; with one address they need two pairs. */
static int take_pairs(struct calls *cs, bool shared, uint16_t port[2])
{
	int err = ports_take(cs->setup.ports, &port[0]);

	if (err)
		return err;
	port[1] = port[0];
	if (!shared)
		return 0;
	err = ports_take(cs->setup.ports, &port[1]);
	if (err)
		ports_give(cs->setup.ports, port[0]);
	return err;
}

static size_t pairs_of(const struct m_line *m)
{
	return !m->flow ? 0 : m->port[0] == m->port[1] ? 1 : 2;
}

static size_t pairs_of_call(const struct call *call)
{
	size_t n = 0;

	for (unsigned i = 0; i < call->n_m; i++)
		n += pairs_of(&call->m[i]);
	return n;
}

static void give_pairs(struct calls *cs, const uint16_t port[2])
{
	ports_give(cs->setup.ports, port[0]);
	if (port[1] != port[0])
		ports_give(cs->setup.ports, port[1]);
}

/* Where an end is told to send: to the address that it signals to, or, if it wants media of the
 * other family, to one of ours that is. (On the WAN that may be a router's, which IPv6 does
 * without.) */
static const struct addr *named_for(const struct call *call, enum call_leg leg,
    const struct addr *rtp)
{
	const struct hop *hop = &call->hop[leg];
	const struct addr *other = NULL;
	int family = addr_family(rtp);

	if (addr_is_set(rtp) && !addr_is_any(rtp) && family != addr_family(&hop->named) &&
	    (hop->side == LAN || family == AF_INET6))
		other = side_addr(call->owner->setup.sides, hop->side, family);
	return other ? other : &hop->named;
}

/* What a leg's sockets are bound to: on the LAN the address that descriptions name (a phone may
 * signal to another one of ours); on the WAN our interface's, whatever a router calls us. */
static const struct addr *media_addr(const struct call *call, const struct m_line *m,
    enum call_leg leg)
{
	const struct hop *hop = &call->hop[leg];

	return hop->side == WAN && addr_equal_ip(&m->named[leg], &hop->named) ? &hop->local
									      : &m->named[leg];
}

/* Ports on their way back are as good as free: who would be refused waits for them. */
static void await_leases(struct calls *cs, size_t wanted)
{
	if (ports_free_count(cs->setup.ports) < wanted && !list_is_empty(&cs->leases))
		relay_settle(cs->setup.relay);
}

/* Strangers may ring for one stream at least. */
static bool holds_too_many(const struct call *call, size_t needed)
{
	const struct calls *cs = call->owner;
	size_t half = ports_total(cs->setup.ports) / 2;

	return call->unproved && cs->unproved_pairs + needed > (half > needed ? half : needed);
}

/* How many pairs it may try now, none of those that are kept back from it. */
static size_t pairs_for(const struct call *call, bool shared)
{
	struct calls *cs = call->owner;
	size_t needed = shared ? 2 : 1, kept = cs->limits.reserve && !call->urgent ? needed : 0;
	size_t free_count;

	if (holds_too_many(call, needed))
		return 0;
	await_leases(cs, kept + needed);
	free_count = ports_free_count(cs->setup.ports);
	return free_count > kept ? free_count - kept : 0;
}

static bool legs_share_address(const struct call *call, const struct m_line *m)
{
	return addr_equal_ip(media_addr(call, m, CALLER), media_addr(call, m, CALLEE));
}

/* On the ports that it has. */
static int add_flow(struct call *call, struct m_line *m)
{
	struct calls *cs = call->owner;
	struct flow_setup setup = {.dscp = cs->limits.dscp, .copy_dscp = cs->limits.copy_dscp};
	int err;

	for (enum call_leg leg = CALLER; leg <= CALLEE; leg++) {
		setup.local[leg] = *media_addr(call, m, leg);
		addr_set_port(&setup.local[leg], m->port[leg]);
		setup.delay_us[leg] = cs->limits.delay_us[call->hop[leg].side];
	}
	err = relay_flow_add(cs->setup.relay, &setup, &m->flow);
	if (err)
		m->flow = NULL;
	return err;
}

/* A pair that another program holds goes to the end of the queue, and the next one is tried. */
static int open_flow(struct call *call, struct m_line *m)
{
	struct calls *cs = call->owner;
	bool shared = legs_share_address(call, m);
	size_t tries = pairs_for(call, shared);
	int err;

	for (; tries > 0; tries--) {
		if (take_pairs(cs, shared, m->port) != 0)
			return ENOSPC;
		err = add_flow(call, m);
		if (!err) {
			cs->unproved_pairs += call->unproved ? pairs_of(m) : 0;
			return 0;
		}
		give_pairs(cs, m->port);
		if (err != EADDRINUSE)
			return err;
	}
	return ENOSPC;
}

/* It says nothing any more. */
static void m_line_reset(struct m_line *m)
{
	free(m->peer[CALLER]);
	free(m->peer[CALLEE]);
	free(m->offered[CALLER]);
	free(m->offered[CALLEE]);
	memset(m, 0, sizeof(*m));
}

/* The m-line goes; the call goes on, and its record is to be of the whole. */
static void keep_stats(struct call *call, const struct m_line *m)
{
	struct flow_stats heard;

	if (!call->ended)
		call->ended = calloc(1, sizeof(*call->ended));
	if (!call->ended)
		return; /* no memory: a record without it */
	relay_flow_stats(m->flow, &heard);
	call_stats_add(call->ended, &heard);
}

static void drop_flow(struct call *call, struct m_line *m)
{
	struct calls *cs = call->owner;
	struct lease *lease;

	if (call->unproved)
		cs->unproved_pairs -= pairs_of(m);
	lease = malloc(sizeof(*lease));
	if (lease) {
		list_add_tail(&cs->leases, &lease->link);
		lease->ports = cs->setup.ports;
		lease->port[0] = m->port[0];
		lease->port[1] = m->port[1] != m->port[0] ? m->port[1] : 0;
		relay_flow_remove(cs->setup.relay, m->flow, lease_ends, lease);
	} else {
		relay_flow_remove(cs->setup.relay, m->flow, NULL, NULL);
		give_pairs(cs, m->port);
	}
	m_line_reset(m);
}

static void close_flow(struct call *call, struct m_line *m)
{
	if (!m->flow)
		return;
	keep_stats(call, m);
	drop_flow(call, m);
}

void call_media_close(struct call *call)
{
	for (unsigned i = 0; i < call->n_m; i++) {
		if (call->m[i].flow)
			drop_flow(call, &call->m[i]);
		m_line_reset(&call->m[i]);
	}
	free(call->m);
	call->m = NULL;
	call->n_m = 0;
}

void call_media_forget(struct calls *cs)
{
	struct list *l, *tmp;

	list_each(l, tmp, &cs->leases)
		lease_ends(container_of(l, struct lease, link));
}

/* --- after a restart ---------------------------------------------------------------------- */

static int claim_pairs(struct calls *cs, const uint16_t port[2])
{
	int err = ports_claim(cs->setup.ports, port[0]);

	if (err || port[1] == port[0])
		return err;
	err = ports_claim(cs->setup.ports, port[1]);
	if (err)
		ports_give(cs->setup.ports, port[0]);
	return err;
}

int call_media_reopen(struct call *call, struct m_line *m)
{
	int err = claim_pairs(call->owner, m->port);

	for (enum call_leg leg = CALLER; leg <= CALLEE; leg++)
		if (!addr_is_set(&m->named[leg]))
			m->named[leg] = call->hop[leg].named;
	if (err)
		return err;
	err = add_flow(call, m);
	if (err) {
		give_pairs(call->owner, m->port);
		return err;
	}
	err = call_media_set_peers(call, m, CALLER);
	if (!err)
		err = call_media_set_peers(call, m, CALLEE);
	if (err)
		close_flow(call, m);
	return err;
}

/* --- what the descriptions say ------------------------------------------------------------ */

/* An end on hold with c=0.0.0.0 hears nothing, but may go on speaking from where it was. */
static void keep_source(struct latch_rule *rule, const struct latch_rule *old)
{
	if (addr_is_set(&rule->signalled))
		return;
	rule->also = addr_is_set(&old->signalled) ? old->signalled : old->also;
}

static bool is_named(const struct m_line *m, enum call_leg leg, const struct addr *rtp)
{
	for (size_t i = 0; i < m->n_peers[leg]; i++)
		if (addr_is_set(&m->peer[leg][i].rtp.signalled) &&
		    addr_equal(&m->peer[leg][i].rtp.signalled, rtp))
			return true;
	return false;
}

/* An end that offers to move may send from its new address before the answer is here (RFC 3264
 * 8.3.1): that is taken beside the old one, and answered once it was heard. */
static size_t add_moving(const struct m_line *m, enum call_leg leg, struct flow_peer *peers)
{
	const struct flow_peer *to = m->offered[leg] ? &m->offered[leg]->said.peer : NULL;
	size_t n = m->n_peers[leg];

	if (!to || n == 0 || n == FLOW_PEERS_MAX || !addr_is_set(&to->rtp.signalled) ||
	    is_named(m, leg, &to->rtp.signalled))
		return n;
	peers[n] = *to;
	peers[n].id = ~to->id;
	peers[n].rtp.sendable = peers[n].rtcp.sendable = false;
	return n + 1;
}

int call_media_set_peers(struct call *call, struct m_line *m, enum call_leg leg)
{
	struct flow_peer peers[FLOW_PEERS_MAX];

	if (m->n_peers[leg])
		memcpy(peers, m->peer[leg], m->n_peers[leg] * sizeof(*peers));
	return relay_flow_peers(call->owner->setup.relay, m->flow, leg, peers,
	    add_moving(m, leg, peers));
}

/* A leg has one peer, but while several phones ring. */
int call_media_add_peer(struct m_line *m, enum call_leg leg, const struct flow_peer *peer)
{
	size_t n = m->n_peers[leg];
	struct flow_peer *more = realloc(m->peer[leg], (n + 1) * sizeof(*more));

	if (!more)
		return ENOMEM;
	more[n] = *peer;
	m->peer[leg] = more;
	m->n_peers[leg] = n + 1;
	return 0;
}

/* A peer that is known says something else. */
static void change_peer(struct flow_peer *peer, const struct flow_peer *now)
{
	struct flow_peer old = *peer;

	*peer = *now;
	if (old.id != now->id)
		return;
	keep_source(&peer->rtp, &old.rtp);
	keep_source(&peer->rtcp, &old.rtcp);
}

/* Puts what an end said into force. */
static int commit(struct call *call, struct m_line *m, enum call_leg leg, const struct said *said)
{
	size_t n = 0;
	int err = 0;

	while (n < m->n_peers[leg] && m->peer[leg][n].id != said->peer.id)
		n++;
	if (n == FLOW_PEERS_MAX)
		n--; /* more early dialogs than we hold: the newest counts */
	if (n < m->n_peers[leg])
		change_peer(&m->peer[leg][n], &said->peer);
	else
		err = call_media_add_peer(m, leg, &said->peer);
	if (err)
		return err;
	m->held[leg] = said->held;
	return call_media_set_peers(call, m, leg);
}

/* Where the other end shall send: our port on its leg. */
static void tell(const struct m_line *m, enum call_leg to, struct sip_sdp_media *media)
{
	media->relay = m->named[to];
	addr_set_port(&media->relay, m->port[to]);
}

struct offered *call_media_offered(struct m_line *m, enum call_leg leg, unsigned number)
{
	if (!m->offered[leg])
		m->offered[leg] = malloc(sizeof(*m->offered[leg]));
	if (m->offered[leg])
		*m->offered[leg] = (struct offered){.number = number};
	return m->offered[leg];
}

static void forget_offered(struct m_line *m, enum call_leg leg)
{
	free(m->offered[leg]);
	m->offered[leg] = NULL;
}

static unsigned offer_pending(const struct m_line *m, enum call_leg leg)
{
	return m->offered[leg] ? m->offered[leg]->number : 0;
}

/* It goes, and with it an m-line that it brought, unless another offer has that too (14.1). */
static void drop_offer(struct call *call, unsigned offer)
{
	for (unsigned i = 0; i < call->n_m; i++) {
		struct m_line *m = &call->m[i];

		for (enum call_leg leg = CALLER; leg <= CALLEE; leg++) {
			if (offer_pending(m, leg) != offer)
				continue;
			forget_offered(m, leg);
			if (m->flow)
				call_media_set_peers(call, m, leg);
		}
		if (m->fresh != offer)
			continue;
		m->fresh = offer_pending(m, CALLER);
		if (!m->fresh)
			m->fresh = offer_pending(m, CALLEE);
		if (!m->fresh)
			close_flow(call, m);
	}
}

/* Most calls have one m-line, and some kilobytes are a lot on a router. */
int call_media_grow(struct call *call, unsigned n)
{
	struct m_line *more;

	if (n <= call->n_m)
		return 0;
	more = realloc(call->m, n * sizeof(*more));
	if (!more)
		return ENOMEM;
	memset(more + call->n_m, 0, (n - call->n_m) * sizeof(*more));
	call->m = more;
	call->n_m = n;
	return 0;
}

static bool has_flow(const struct call *call)
{
	for (unsigned i = 0; i < call->n_m; i++)
		if (call->m[i].flow)
			return true;
	return false;
}

static int note_offer(struct call *call, unsigned line, enum call_leg leg, uint64_t peer_id,
    const struct hop *from, const struct sip_sdp_media *media)
{
	struct m_line *m = &call->m[line];
	struct offered *offered = call_media_offered(m, leg, call->offers);

	if (!offered)
		return ENOMEM;
	call_peer_read(call, line, leg, peer_id, from, media, &offered->said);
	return m->fresh ? commit(call, m, leg, &offered->said) : call_media_set_peers(call, m, leg);
}

int call_offer(struct call *call, enum call_leg leg, uint64_t peer_id, const struct hop *from,
    struct sip_sdp *sdp)
{
	call->offers++;
	if (call_media_grow(call, sdp->n_media) != 0)
		return ENOMEM;
	for (unsigned i = 0; i < sdp->n_media; i++) {
		struct m_line *m = &call->m[i];
		struct sip_sdp_media *media = &sdp->media[i];
		int err = 0;

		if (!media->relayable)
			continue;
		if (!m->flow) {
			m->named[leg] = *named_for(call, leg, &media->rtp);
			m->named[!leg] = call->hop[!leg].named;
			err = open_flow(call, m);
			m->fresh = err ? 0 : call->offers;
		}
		if (err == ENOSPC && has_flow(call)) { /* rather without video than not at all */
			log_every(10, LOG_LVL_WARN, LOG_RTP,
			    "call %u: no free RTP port pair for one more stream", call->number);
			continue;
		}
		if (!err)
			err = note_offer(call, i, leg, peer_id, from, media);
		if (err) {
			drop_offer(call, call->offers);
			return err;
		}
		tell(m, !leg, media);
	}
	return 0;
}

/* On another address of ours, with the ports that it has: who was told of them by the other family
 * may still answer. Where they cannot be had there, or do not suffice, on others. */
static int move_flow(struct call *call, struct m_line *m)
{
	struct calls *cs = call->owner;
	bool fits = legs_share_address(call, m) == (m->port[CALLER] != m->port[CALLEE]);
	size_t pairs = call->unproved ? pairs_of(m) : 0;
	int err = EADDRINUSE;

	relay_flow_remove(cs->setup.relay, m->flow, NULL, NULL);
	relay_settle(cs->setup.relay);
	m->flow = NULL;
	if (fits)
		err = add_flow(call, m);
	if (err) {
		cs->unproved_pairs -= pairs;
		give_pairs(cs, m->port);
		err = open_flow(call, m);
	}
	if (!err)
		err = call_media_set_peers(call, m, CALLER);
	return err ? err : call_media_set_peers(call, m, CALLEE);
}

static bool has_answer(const struct call *call, enum call_leg leg)
{
	for (unsigned i = 0; i < call->n_m; i++)
		if (call->m[i].n_peers[leg])
			return true;
	return false;
}

int call_turn(struct call *call, enum call_leg leg, const struct hop *to)
{
	int err = 0;

	if (addr_family(&to->named) == addr_family(&call->hop[leg].named) || call->answered ||
	    has_answer(call, leg))
		return 0;
	call->hop[leg] = *to;
	for (unsigned i = 0; i < call->n_m && !err; i++) {
		if (!call->m[i].flow)
			continue;
		call->m[i].named[leg] = to->named;
		err = move_flow(call, &call->m[i]);
	}
	return err;
}

/* Takes one end off an m-line, but not the last one. */
static void remove_peer(struct call *call, struct m_line *m, enum call_leg leg, uint64_t peer_id)
{
	size_t n = 0;

	for (size_t p = 0; p < m->n_peers[leg]; p++)
		if (m->peer[leg][p].id != peer_id)
			m->peer[leg][n++] = m->peer[leg][p];
	if (n == 0 || n == m->n_peers[leg])
		return;
	m->n_peers[leg] = n;
	call_media_set_peers(call, m, leg);
}

static bool has_other_peer(const struct m_line *m, enum call_leg leg, uint64_t peer_id)
{
	for (size_t p = 0; p < m->n_peers[leg]; p++)
		if (m->peer[leg][p].id != peer_id)
			return true;
	return false;
}

/* Port 0 in an answer. What one of several forks refuses, another may have or want. */
static void refuse_m_line(struct call *call, struct m_line *m, enum call_leg leg, uint64_t peer_id)
{
	if (has_other_peer(m, leg, peer_id))
		remove_peer(call, m, leg, peer_id);
	else if (call->answered)
		close_flow(call, m);
	if (!call->answered)
		m->refused_by = peer_id;
}

static int accept_m_line(struct call *call, struct m_line *m, enum call_leg leg,
    const struct said *said)
{
	struct offered *offered = m->offered[!leg];
	int err;

	m->offered[!leg] = NULL;
	m->fresh = 0;
	err = offered ? commit(call, m, !leg, &offered->said) : 0;
	free(offered);
	if (m->refused_by == said->peer.id)
		m->refused_by = 0;
	return err ? err : commit(call, m, leg, said);
}

int call_answer(struct call *call, enum call_leg leg, uint64_t peer_id, const struct hop *from,
    struct sip_sdp *sdp)
{
	for (unsigned i = 0; i < sdp->n_media && i < call->n_m; i++) {
		struct m_line *m = &call->m[i];
		struct sip_sdp_media *media = &sdp->media[i];
		struct said said;
		int err;

		if (!m->flow)
			continue;
		if (!media->relayable) {
			refuse_m_line(call, m, leg, peer_id);
			continue;
		}
		call_peer_read(call, i, leg, peer_id, from, media, &said);
		err = accept_m_line(call, m, leg, &said);
		if (err)
			return err;
		tell(m, !leg, media);
	}
	return 0;
}

void call_repeat(const struct call *call, enum call_leg leg, struct sip_sdp *sdp)
{
	for (unsigned i = 0; i < sdp->n_media && i < call->n_m; i++)
		if (call->m[i].flow && sdp->media[i].relayable)
			tell(&call->m[i], !leg, &sdp->media[i]);
}

bool call_awaits_answer(const struct call *call, enum call_leg leg)
{
	for (unsigned i = 0; i < call->n_m; i++)
		if (call->m[i].offered[!leg])
			return true;
	return false;
}

unsigned call_last_offer(const struct call *call)
{
	return call->offers;
}

void call_offer_refused(struct call *call, unsigned offer)
{
	if (offer)
		drop_offer(call, offer);
}

/* Whether the one who answered the call wants that m-line. */
static bool is_wanted(const struct m_line *m, uint64_t peer_id)
{
	for (size_t i = 0; i < m->n_peers[CALLEE]; i++)
		if (m->peer[CALLEE][i].id == peer_id)
			return true;
	return !m->refused_by || (m->refused_by != peer_id && m->n_peers[CALLEE]);
}

/* The 2xx selects one of the early dialogs: the others' peers are strangers from here on. */
static void select_peer(struct call *call, struct m_line *m, uint64_t peer_id)
{
	for (size_t i = 0; i < m->n_peers[CALLEE]; i++) {
		if (m->peer[CALLEE][i].id != peer_id)
			continue;
		m->peer[CALLEE][0] = m->peer[CALLEE][i];
		m->n_peers[CALLEE] = 1;
		break;
	}
	for (enum call_leg leg = CALLER; leg <= CALLEE; leg++) {
		bool any = call->owner->limits.latch_any && call->hop[leg].side == WAN;

		for (size_t i = 0; i < m->n_peers[leg]; i++)
			m->peer[leg][i].rtp.any = m->peer[leg][i].rtcp.any = any;
		call_media_set_peers(call, m, leg);
	}
}

void call_answered(struct call *call, uint64_t peer_id)
{
	if (call->answered)
		return;
	if (call->unproved) {
		call->unproved = false;
		call->owner->unproved--;
		call->owner->unproved_pairs -= pairs_of_call(call);
	}
	call->answered = true;
	call->answered_ms = timers_now(call->owner->setup.timers);
	for (unsigned i = 0; i < call->n_m; i++) {
		struct m_line *m = &call->m[i];

		if (!m->flow)
			continue;
		if (is_wanted(m, peer_id))
			select_peer(call, m, peer_id);
		else
			close_flow(call, m);
	}
	if (call->owner->limits.latch_any)
		log_info(LOG_RTP,
		    "call %u: rtp_latch = any: the first source that sends is believed",
		    call->number);
}

void call_forget_callee(struct call *call, uint64_t peer_id)
{
	for (unsigned i = 0; i < call->n_m; i++)
		if (call->m[i].flow)
			remove_peer(call, &call->m[i], CALLEE, peer_id);
}
