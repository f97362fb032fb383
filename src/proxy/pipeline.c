/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/pipeline.h"

#include <errno.h>
#include <string.h>

#include "base/acl.h"
#include "base/limit.h"
#include "base/log.h"
#include "config.h"
#include "proxy/call_id.h"
#include "proxy/dialog.h"
#include "proxy/location.h"
#include "proxy/plugin_host.h"
#include "proxy/public_addr.h"
#include "proxy/request.h"
#include "proxy/response.h"
#include "proxy/tag.h"
#include "proxy/transaction.h"
#include "sip/sip_reply.h"
#include "siproxd.h"

void pipeline_refused(void *siproxd, const struct addr *peer, const void *data, size_t len)
{
	struct siproxd *sd = siproxd;
	char who[ADDR_TEXT_MAX];

	log_debug(LOG_NET, "%s does not take what we sent", addr_format(peer, who));
	/* While the program starts or ends there are none. */
	if (sd->transactions)
		client_txn_refused(sd->transactions, peer, data, len);
}

int pipeline_send_by(struct siproxd *sd, const void *data, size_t len, struct hop *hop)
{
	int err = sd->send(sd->send_arg, data, len, hop);
	char to[ADDR_TEXT_MAX];

	/* A full socket loses a datagram as the network does: retransmission mends it. */
	if (hop->transport == SIP_UDP && (err == EAGAIN || err == EWOULDBLOCK || err == ENOBUFS))
		err = 0;
	if (err == ENOTCONN)
		return err; /* there may be another way */
	if (err) {
		sd->counters.sends_failed++;
		log_every(10, LOG_LVL_WARN, LOG_NET, "sending to %s failed: %s",
		    addr_format(&hop->peer, to), strerror(err));
	}
	return err;
}

int pipeline_send(struct siproxd *sd, const void *data, size_t len, const struct hop *hop)
{
	struct hop to = *hop;

	return pipeline_send_by(sd, data, len, &to);
}

static enum verdict reply(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    int status, const char *why, const char *extra)
{
	struct buf head = BUF_INIT, text = BUF_INIT;
	struct hop to = *from;
	char tag[TAG_LEN + 1];

	if (req->method == SIP_ACK)
		return DROP;
	plugins_refused(sd, req, from, status);
	tag_for(sd->key, req, tag);
	sip_reply_head(&head, req, &from->peer, tag);
	sip_reply_write_why(&text, status, why, head.data, extra);
	if (from->transport == SIP_UDP) /* else by the connection that it came by */
		sip_via_reply_addr(&req->via, &from->peer, &to.peer);
	if (!head.failed && !text.failed) {
		sd->counters.answered++;
		pipeline_send(sd, text.data, text.len, &to);
	}
	buf_free(&head);
	buf_free(&text);
	return ANSWERED;
}

enum verdict pipeline_reply(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    int status, const char *extra)
{
	return reply(sd, req, from, status, NULL, extra);
}

static enum verdict reply_stranger(struct siproxd *sd, const struct sip_msg *req,
    const struct hop *from, int status, const char *why)
{
	char who[ADDR_TEXT_MAX];

	sd->counters.dropped_stranger++;
	log_every(10, LOG_LVL_WARN, LOG_SIP, "%.*s from the stranger %s refused: %d %s",
	    STR_ARGS(req->method_name), addr_format(&from->peer, who), status,
	    sip_reply_reason(status));
	if (!limit_take(sd->strangers, &from->peer, timers_now(sd->timers))) {
		plugins_refused(sd, req, from, status);
		return DROP;
	}
	return reply(sd, req, from, status, why, NULL);
}

enum verdict pipeline_reply_stranger(struct siproxd *sd, const struct sip_msg *req,
    const struct hop *from, int status)
{
	return reply_stranger(sd, req, from, status, NULL);
}

/* hosts_deny_sip wins; who may register may also call. */
static bool acl_admits(const struct config *c, const struct addr *peer)
{
	if (acl_match(&c->hosts_deny_sip, peer))
		return false;
	return acl_is_empty(&c->hosts_allow_sip) || acl_match(&c->hosts_allow_sip, peer) ||
	    (!acl_is_empty(&c->hosts_allow_reg) && acl_match(&c->hosts_allow_reg, peer));
}

static void log_bad(const struct hop *from, const char *why, const void *data, size_t len)
{
	char who[ADDR_TEXT_MAX], text[80];

	log_every(10, LOG_LVL_WARN, LOG_SIP, "message from %s dropped: %s: \"%s\"",
	    addr_format(&from->peer, who), why, log_escape(text, sizeof(text), data, len));
}

/* RFC 5626 3.5.1 keepalives and the blanks that some phones send are no messages. */
static bool is_keepalive(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != '\r' && data[i] != '\n' && data[i] != '\0' && data[i] != ' ')
			return false;
	return true;
}

/* obscure_loops: within, every call is known by the name that it has on the LAN. */
static bool know_call(const struct siproxd *sd, struct sip_msg *msg, const struct hop *from)
{
	char *id;

	if (!sd->config->obscure_loops || from->side == LAN)
		return true;
	id = call_id_seen_by(LAN, sd->key, msg->call_id);
	if (id)
		sip_msg_set_call_id(msg, id);
	return id != NULL;
}

int pipeline_admit(void *siproxd, const struct udp_from *at)
{
	struct siproxd *sd = siproxd;
	struct hop from;

	side_classify(sd->sides, at, &from);
	if (acl_admits(sd->config, &from.peer))
		return (int)from.side;
	sd->counters.dropped_stranger++;
	return -1;
}

static void look_at_end(struct dialog *d, void *arg)
{
	uint64_t *connection = arg;

	if (d->end[LAN].hop.connection == *connection || d->end[WAN].hop.connection == *connection)
		*connection = 0;
}

bool pipeline_relies_on(void *siproxd, uint64_t connection)
{
	struct siproxd *sd = siproxd;
	uint64_t sought = connection;

	if (transactions_use(sd->transactions, connection) ||
	    location_uses(sd->location, connection, sd->now_s()))
		return true;
	dialogs_each(sd->dialogs, look_at_end, &sought);
	return sought == 0;
}

void pipeline_connection_gone(void *siproxd, uint64_t connection)
{
	struct siproxd *sd = siproxd;

	transactions_lost(sd->transactions, connection);
}

void pipeline_receive(void *siproxd, const void *data, size_t len,
    const struct transport_from *came)
{
	struct siproxd *sd = siproxd;
	struct sip_msg *msg;
	struct hop from;
	const char *why;

	if (is_keepalive(data, len) ||
	    (came->transport == SIP_UDP &&
		public_addr_receive(sd->public_addr, data, len, &came->at)))
		return;
	sd->counters.received++;
	side_classify(sd->sides, &came->at, &from);
	from.transport = came->transport;
	from.connection = came->connection;
	if (!acl_admits(sd->config, &from.peer)) {
		sd->counters.dropped_stranger++;
		log_bad(&from, "excluded by hosts_allow_sip or hosts_deny_sip", data, len);
		return;
	}
	switch (sip_msg_parse(&msg, data, len, &why)) {
	case SIP_PARSE_OK:
		if (plugins_receive(sd, msg, &from) != PASS) {
			sd->counters.dropped_stranger++;
			break;
		}
		if (!know_call(sd, msg, &from))
			break;
		if (msg->is_request)
			request_receive(sd, msg, &from);
		else
			response_receive(sd, msg, &from);
		break;
	case SIP_PARSE_REFUSE:
		sd->counters.dropped_bad++;
		log_bad(&from, why, data, len);
		if (from.side == LAN)
			reply(sd, msg, &from, msg->refusal, why, NULL);
		else
			reply_stranger(sd, msg, &from, msg->refusal, why);
		break;
	case SIP_PARSE_BAD:
		sd->counters.dropped_bad++;
		log_bad(&from, why, data, len);
		break;
	case SIP_PARSE_NOMEM:
		log_every(10, LOG_LVL_ERR, LOG_SIP, "%s", "out of memory: a message was dropped");
		break;
	}
	sip_msg_free(msg);
}
