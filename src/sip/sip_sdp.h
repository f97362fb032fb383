/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_sdp: the session description in a message's body: what it announces, and writing other
 * addresses and ports into it. It opens no socket and asks nobody: proxy/call reads `media`,
 * fills in each `relay`, and calls sip_sdp_apply(). libosip2 is not asked: it refuses much that
 * phones write (no last line end, c= behind a=). RFC 4566 (8866), 3264, 3605.
 */
#ifndef SIP_SIP_SDP_H
#define SIP_SIP_SDP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "sip/sip_msg.h"

#define SIP_SDP_MEDIA_MAX 16
#define SIP_SDP_LINES_MAX 512

struct sip_sdp_media {
	struct str type;  /* "audio" */
	struct str proto; /* "RTP/AVP" */
	uint16_t port;    /* 0: refused or removed */
	struct addr rtp;  /* where it wants to receive; unset when its host is a name */
	struct addr rtcp; /* a=rtcp, or else the next port */
	struct str host;  /* that name; len 0: none */
	uint16_t rtcp_port;
	bool held;      /* 0.0.0.0, or a=inactive, or a=sendonly: it wants to hear nothing */
	bool relayable; /* over UDP, and port is not 0 */

	/* To be filled in before sip_sdp_apply(): where we receive for it. Unset: the address
	 * lines are still ours, the port becomes 0. */
	struct addr relay;

	struct str port_text; /* ranges in the body: "49170", "49170/2" */
	struct str c_line;    /* the first one; len 0: it uses the session's */
};

struct sip_sdp_line {
	struct str text; /* without its line end */
	struct str whole;
	int media; /* -1: session level */
};

struct sip_sdp {
	unsigned n_media, n_lines;
	struct str c_line; /* the session's; len 0: none */
	struct str o_line;
	struct addr origin; /* in it; unset: a name */

	/* Not cleared beyond those numbers: most of it is never touched. */
	struct sip_sdp_media media[SIP_SDP_MEDIA_MAX];
	struct sip_sdp_line line[SIP_SDP_LINES_MAX];
};

/* The message has a body of type application/sdp, or a multipart one with such a part. */
bool sip_sdp_present(const struct sip_msg *msg);
/* EINVAL: no session description, or several of them. */
int sip_sdp_parse(struct sip_sdp *out, const struct sip_msg *msg);
/* Candidates that follow in an INFO (RFC 8840): lines without media, to be applied like those of a
 * description. ENOENT: there are none; EINVAL. */
int sip_sdp_parse_fragment(struct sip_sdp *out, const struct sip_msg *msg);
/*
 * Edits the body: o=, every c=, a=rtcp, and the m= ports (to one pair each: "49170/2" becomes
 * "7070"); drops the ICE lines and the like, since their candidates name addresses of the other
 * side and we answer for the media ourselves, and a bundle, since each m-line has its own port here
 * (RFC 9143). Any other private address, wherever it stands,
 * becomes `session`: our address on the leaving side, also each relay's. A c= of 0.0.0.0 stays: it
 * means hold (RFC 2543). 0 or ENOMEM.
 */
int sip_sdp_apply(const struct sip_sdp *sdp, struct sip_msg *msg, const struct addr *session);

#endif
