/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session: ties messages to dialogs and calls: which description is an offer and which an answer
 * (RFC 3264, 3262, 3311), when a dialog begins, changes its target and ends (RFC 3261 12), and how
 * a call is ended from here. Used by request and response.
 */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "proxy/forward.h"
#include "sip/sip_msg.h"
#include "sip/sip_sdp.h"

struct call;
struct dialog;
struct plan;
struct siproxd;

/* It comes from the LAN, from a registrar of ours, or from where somebody talks with us. */
bool session_trusts(const struct siproxd *sd, const struct hop *from);
/*
 * A request is about to be forwarded to plan->target[0..]: makes the call of a new INVITE, and
 * passes its description through the call. *sdp is what to apply to each branch; its n_lines is 0
 * when there is nothing to apply. 0, or the status to refuse with.
 */
int session_request(struct siproxd *sd, struct forward *fw, const struct sip_msg *req,
    const struct plan *plan, struct sip_sdp *sdp);
/* The request goes to another server, there: *sdp, of session_request(), becomes fit for it (NULL:
 * it has none). errno; then it cannot be sent. */
int session_turn(struct siproxd *sd, const struct forward *fw, const struct hop *to,
    struct sip_sdp *sdp);
/* An ACK, which has no forward. False: its description is none, and it must not be passed on. */
bool session_ack(struct siproxd *sd, const struct sip_msg *ack, const struct hop *from,
    struct dialog *dialog, struct sip_sdp *sdp);
/* A NOTIFY that overtook the answer to its SUBSCRIBE or REFER, or that tells of a fork, begins the
 * dialog (RFC 6665 4.1.2.4). */
void session_notify(struct siproxd *sd, const struct sip_msg *req, const struct hop *from);
/* A 101..299 that will be passed on: dialogs, answers. False: it must not be (its call has ended,
 * or its description cannot be carried). */
bool session_response(struct siproxd *sd, struct forward *fw, const struct sip_msg *msg,
    const struct hop *from, struct sip_sdp *sdp);
/* The status of the final answer to the request, 0 for none: ends what it ends. */
void session_final(struct siproxd *sd, struct forward *fw, int status);
/* BYE to both ends of each of its dialogs, and the call is gone. */
void session_hang_up(struct siproxd *sd, struct call *call, const char *why);
/* The address for the session level of a description that leaves to that hop. */
const struct addr *session_named(const struct siproxd *sd, const struct forward *fw,
    const struct hop *to);
/* A 2xx to INVITE could not be passed on: its sender is told that the call is over. */
void session_reject_answer(struct siproxd *sd, struct forward *fw, const struct sip_msg *msg,
    const struct hop *from);

#endif
