/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pipeline: the ordered steps that a SIP message passes from its bytes to its fate. Each step may
 * let it pass, drop it, or answer it; the log names the step that ended a message. Steps stand in
 * request.c and response.c, next to the RFC's paragraphs that they implement.
 */
#ifndef PROXY_PIPELINE_H
#define PROXY_PIPELINE_H

#include "proxy/side.h"
#include "sip/sip_msg.h"
#include "sip/transport.h"

struct siproxd;

enum verdict {
	PASS,     /* on to the next step */
	DROP,     /* it ends here without a word */
	ANSWERED, /* it ends here, and somebody got an answer */
	PARKED,   /* it waits for the resolver */
};

/* What the transport calls (struct transport_hooks): one datagram, or one message of a stream; */
void pipeline_receive(void *siproxd, const void *data, size_t len,
    const struct transport_from *from);
/* somebody connects: the side that he is on, or -1 to refuse him; */
int pipeline_admit(void *siproxd, const struct udp_from *at);
/* a binding, dialog or transaction relies on a connection; */
bool pipeline_relies_on(void *siproxd, uint64_t connection);
/* and a connection has ended. */
void pipeline_connection_gone(void *siproxd, uint64_t connection);

/* A datagram of ours did not get there, and this came back of it. The transport calls it too. */
void pipeline_refused(void *siproxd, const struct addr *peer, const void *data, size_t len);

/* Sends a message, and counts and logs when that fails. 0, or errno. */
int pipeline_send(struct siproxd *sd, const void *data, size_t len, const struct hop *hop);
/* The same, and notes in *hop which connection took it. */
int pipeline_send_by(struct siproxd *sd, const void *data, size_t len, struct hop *hop);
/* Answers without keeping anything; never an ACK. `extra` as in sip_reply_write(). */
enum verdict pipeline_reply(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    int status, const char *extra);
/* The same towards somebody who has no business here: limited per source. */
enum verdict pipeline_reply_stranger(struct siproxd *sd, const struct sip_msg *req,
    const struct hop *from, int status);

#endif
