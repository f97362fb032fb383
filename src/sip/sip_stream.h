/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_stream: cuts the bytes of a connection into SIP messages, however they were segmented: by
 * the empty line and Content-Length (RFC 3261 7.5, 18.3), with the keepalives of RFC 5626 3.5.1
 * between messages. It knows no sockets. Its memory is bounded by SIP_MSG_MAX, and an idle stream
 * holds none. Used by transport_tcp.
 */
#ifndef SIP_SIP_STREAM_H
#define SIP_SIP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct sip_stream {
	char *data;
	size_t cap, len;   /* len bytes have come ... */
	size_t start;      /* ... of which the first `start` have been handed out */
	size_t scanned;    /* no header ends before this offset */
	unsigned newlines; /* CRs and LFs between two messages, in a row: four are a ping */
	bool checked;      /* the start line that stands at `start` is one of SIP */
};

enum sip_stream_item {
	SIP_STREAM_MORE,    /* nothing whole is here yet */
	SIP_STREAM_MESSAGE, /* *message, good until the next call */
	SIP_STREAM_PING,    /* a double CRLF: answer it by a single one */
	/* *message is the header of one whose end cannot be told. It may be answered; the stream is
	 * worth nothing from here on. */
	SIP_STREAM_LOST,
	SIP_STREAM_GARBAGE, /* no SIP, or no end of it: cut it off; *why says what it was */
};

/* A zeroed one is empty and valid. Frees what it holds and makes it empty. */
void sip_stream_done(struct sip_stream *s);
/* Room for at least one more byte, *size of it; NULL without memory. Call sip_stream_next() until
 * it says MORE before. */
char *sip_stream_room(struct sip_stream *s, size_t *size);
/* So many bytes were put there. */
void sip_stream_put(struct sip_stream *s, size_t len);
enum sip_stream_item sip_stream_next(struct sip_stream *s, struct str *message, const char **why);
/* A message, or a part of one, is waiting for its rest. */
bool sip_stream_is_midway(const struct sip_stream *s);

#endif
