/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TCP stream: its messages are the same whether it comes whole or in pieces. The first byte says
 * how long the pieces are. */
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "sip/sip_msg.h"
#include "sip/sip_stream.h"

static void note(struct buf *out, enum sip_stream_item item, struct str m)
{
	size_t len = m.len;

	buf_add(out, &item, sizeof(item));
	buf_add(out, &len, sizeof(len));
	if (m.len)
		buf_add(out, m.s, m.len);
}

/* False at the end of the stream. */
static bool take(struct sip_stream *s, struct buf *out)
{
	for (;;) {
		struct str m = {NULL, 0};
		const char *why = NULL;
		enum sip_stream_item item = sip_stream_next(s, &m, &why);

		if (item == SIP_STREAM_MORE)
			return true;
		HOLDS(m.len <= SIP_MSG_MAX);
		HOLDS((why != NULL) == (item == SIP_STREAM_GARBAGE));
		note(out, item, m);
		if (item == SIP_STREAM_GARBAGE || item == SIP_STREAM_LOST)
			return false;
	}
}

static void feed(const uint8_t *data, size_t size, size_t piece, struct buf *out)
{
	struct sip_stream s = {.data = NULL};
	bool open = true;

	while (open && size) {
		size_t n = size < piece ? size : piece, room_size;
		char *room = sip_stream_room(&s, &room_size);

		HOLDS(room && room_size > 0);
		if (n > room_size)
			n = room_size;
		memcpy(room, data, n);
		sip_stream_put(&s, n);
		data += n;
		size -= n;
		open = take(&s, out);
		HOLDS(s.cap <= 4 * SIP_MSG_MAX);
	}
	sip_stream_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, pieces = BUF_INIT;

	if (size < 2)
		return 0;
	feed(data + 1, size - 1, size, &whole);
	feed(data + 1, size - 1, (size_t)data[0] + 1, &pieces);
	HOLDS(whole.len == pieces.len &&
	    (whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0));
	buf_free(&whole);
	buf_free(&pieces);
	return 0;
}
