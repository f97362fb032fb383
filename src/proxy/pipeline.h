/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pipeline: the ordered steps that a SIP message passes from its bytes to its fate. Each step may
 * let it pass, drop it, or answer it; the log names the step that ended a message. Steps stand in
 * request.c and response.c, next to the RFC's paragraphs that they implement.
 */
#ifndef PROXY_PIPELINE_H
#define PROXY_PIPELINE_H

#include "base/udp.h"
#include "proxy/side.h"
#include "sip/sip_msg.h"

struct siproxd;

enum verdict {
	PASS,     /* on to the next step */
	DROP,     /* it ends here without a word */
	ANSWERED, /* it ends here, and somebody got an answer */
	PARKED,   /* it waits for the resolver */
};

/* One datagram. The function that the transport calls. */
void pipeline_receive(void *siproxd, const void *data, size_t len, const struct udp_from *from);

/* A datagram of ours did not get there, and this came back of it. The transport calls it too. */
void pipeline_refused(void *siproxd, const struct addr *peer, const void *data, size_t len);

/* Sends a message, and counts and logs when that fails. 0, or errno. */
int pipeline_send(struct siproxd *sd, const void *data, size_t len, const struct hop *hop);
/* Answers without keeping anything; never an ACK. `extra` as in sip_reply_write(). */
enum verdict pipeline_reply(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    int status, const char *extra);
/* The same towards somebody who has no business here: limited per source. */
enum verdict pipeline_reply_stranger(struct siproxd *sd, const struct sip_msg *req,
    const struct hop *from, int status);

#endif
