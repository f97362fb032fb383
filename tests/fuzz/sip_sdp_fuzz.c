/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A body: read as a session description (or, if it starts with "--b", as parts), and rewritten. */
#include <string.h>

#include "fuzz.h"
#include "sip/sip_sdp.h"
#include "sip/sip_edit.h"

#define HEAD                                                                           \
	"INVITE sip:b@h.example SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nCall-ID: x\r\n"       \
	"From: <sip:a@h.example>;tag=1\r\nTo: <sip:b@h.example>\r\nCSeq: 1 INVITE\r\n" \
	"Content-Type: "

static struct sip_sdp sdp, again;

static struct sip_msg *message(const uint8_t *data, size_t size)
{
	bool parts = size > 3 && memcmp(data, "--b", 3) == 0;
	struct buf b = BUF_INIT;
	struct sip_msg *msg;
	const char *why;

	buf_printf(&b, HEAD "%s\r\n\r\n", parts ? "multipart/mixed;boundary=b" : "application/sdp");
	buf_add(&b, data, size);
	sip_msg_parse(&msg, b.data, b.len, &why);
	buf_free(&b);
	return msg;
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
	return 0;
}
