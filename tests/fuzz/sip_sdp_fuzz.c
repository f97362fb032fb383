/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A body: read as a session description (or, if it starts with "--b", as parts), and rewritten. */
#include <string.h>

#include "fuzz.h"
#include "sip/sip_edit.h"
#include "sip/sip_sdp.h"

#define HEAD                                                                           \
	"INVITE sip:b@h.example SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nCall-ID: x\r\n"       \
	"From: <sip:a@h.example>;tag=1\r\nTo: <sip:b@h.example>\r\nCSeq: 1 INVITE\r\n" \
	"Content-Type: "

static struct sip_sdp sdp, again;

static struct sip_msg *with_body(const char *type, const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT;
	struct sip_msg *msg;
	const char *why;

	buf_printf(&b, HEAD "%s\r\n\r\n", type);
	buf_add(&b, data, size);
	sip_msg_parse(&msg, b.data, b.len, &why);
	buf_free(&b);
	return msg;
}

static struct sip_msg *message(const uint8_t *data, size_t size)
{
	bool parts = size > 3 && memcmp(data, "--b", 3) == 0;

	return with_body(parts ? "multipart/mixed;boundary=b" : "application/sdp", data, size);
}

static void give_ports(const struct addr *ours)
{
	for (unsigned i = 0; i < sdp.n_media; i++) {
		struct sip_sdp_media *m = &sdp.media[i];

		HOLDS(!m->relayable || m->port);
		if (!m->relayable)
			continue;
		m->relay = *ours;
		addr_set_port(&m->relay, (uint16_t)(7070 + 2 * i));
	}
}

/* Nothing that is signalled leads past us. */
static void check(const char *body, size_t len, const struct addr *ours)
{
	struct sip_msg *msg = message((const uint8_t *)body, len);

	if (!msg)
		return; /* grown beyond what a datagram holds */
	HOLDS(sip_sdp_parse(&again, msg) == 0 && again.n_media == sdp.n_media);
	for (unsigned i = 0; i < again.n_media; i++) {
		const struct sip_sdp_media *m = &again.media[i];

		HOLDS(m->port == addr_port(&sdp.media[i].relay));
		HOLDS(
		    !addr_is_set(&m->rtp) || addr_is_any(&m->rtp) || addr_equal_ip(&m->rtp, ours));
		HOLDS(!addr_is_set(&m->rtcp) || addr_is_any(&m->rtcp) ||
		    addr_equal_ip(&m->rtcp, ours));
	}
	sip_msg_free(msg);
}

/* The same bytes as what follows a description: none of it is media. */
static void check_fragment(const uint8_t *data, size_t size, const struct addr *ours)
{
	struct sip_msg *msg = with_body("application/trickle-ice-sdpfrag", data, size);
	struct buf b = BUF_INIT;

	if (msg && sip_sdp_parse_fragment(&sdp, msg) == 0) {
		HOLDS(sdp.n_media == 0);
		HOLDS(sip_sdp_apply(&sdp, msg, ours) == 0 && sip_edit_splice(msg, &b) == 0);
	}
	buf_free(&b);
	sip_msg_free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct buf b = BUF_INIT;
	struct sip_msg *msg;
	struct addr ours;

	if (!ready)
		ready = sip_msg_init() == 0;
	msg = message(data, size);
	addr_parse(&ours, "192.0.2.1", 0);
	if (msg && sip_sdp_present(msg) && sip_sdp_parse(&sdp, msg) == 0) {
		give_ports(&ours);
		HOLDS(sip_sdp_apply(&sdp, msg, &ours) == 0 && sip_edit_splice(msg, &b) == 0);
		check(b.data + (msg->body.s - msg->data), b.len - (size_t)(msg->body.s - msg->data),
		    &ours);
	}
	buf_free(&b);
	sip_msg_free(msg);
	check_fragment(data, size, &ours);
	return 0;
}
