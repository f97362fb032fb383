/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_stream.h"

#include <stdlib.h>
#include <string.h>

#include "sip/sip_msg.h"

#define FIRST_ROOM 4096

void sip_stream_done(struct sip_stream *s)
{
	free(s->data);
	memset(s, 0, sizeof(*s));
}

/* What was handed out makes room. */
static void compact(struct sip_stream *s)
{
	if (!s->start)
		return;
	memmove(s->data, s->data + s->start, s->len - s->start);
	s->len -= s->start;
	s->scanned = s->scanned > s->start ? s->scanned - s->start : 0;
	s->start = 0;
}

char *sip_stream_room(struct sip_stream *s, size_t *size)
{
	compact(s);
	if (s->len == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : FIRST_ROOM;
		char *data = realloc(s->data, cap);

		if (!data)
			return NULL;
		s->data = data;
		s->cap = cap;
	}
	*size = s->cap - s->len;
	return s->data + s->len;
}

void sip_stream_put(struct sip_stream *s, size_t len)
{
	s->len += len;
}

bool sip_stream_is_midway(const struct sip_stream *s)
{
	return s->len > s->start;
}

/* --- keepalives: RFC 5626 3.5.1 ----------------------------------------------------------- */

/* Skips line ends in front of a message. True: they make a ping. */
static bool skip_newlines(struct sip_stream *s)
{
	while (s->start < s->len && (s->data[s->start] == '\r' || s->data[s->start] == '\n')) {
		s->start++;
		if (++s->newlines == 4) {
			s->newlines = 0;
			return true;
		}
	}
	if (s->start < s->len)
		s->newlines = 0;
	return false;
}

/* --- the header --------------------------------------------------------------------------- */

static bool is_start(struct str line)
{
	return (line.len > 8 && strncasecmp(line.s, "SIP/2.0 ", 8) == 0) ||
	    (line.len > 8 && strncasecmp(line.s + line.len - 8, " SIP/2.0", 8) == 0);
}

/* What begins like TLS, HTTP or noise never becomes SIP: no need to wait for its end. */
static bool is_hopeless(struct sip_stream *s)
{
	const char *p = s->data + s->start, *end = s->data + s->len, *lf;
	unsigned char c = (unsigned char)*p;

	if (s->checked)
		return false;
	if (c <= ' ' || c >= 0x7f)
		return true;
	lf = memchr(p, '\n', (size_t)(end - p));
	if (!lf)
		return false;
	s->checked = true;
	return lf == p || lf[-1] != '\r' || !is_start(str_range(p, lf - 1));
}

/* Behind the empty line; NULL: it has not come yet. */
static const char *header_end(struct sip_stream *s)
{
	const char *p, *end = s->data + s->len;

	if (s->scanned < s->start)
		s->scanned = s->start;
	for (p = s->data + s->scanned; end - p >= 4; p++) {
		p = memchr(p, '\r', (size_t)(end - p) - 3);
		if (!p)
			break;
		if (memcmp(p, "\r\n\r\n", 4) == 0)
			return p + 4;
	}
	if (s->len - s->start > 3)
		s->scanned = s->len - 3;
	return NULL;
}

static bool is_content_length(struct str name)
{
	return str_is_nocase(name, "Content-Length") || str_is_nocase(name, "l");
}

/* The end of the header line at p, with the lines that are folded to it (7.3.1). */
static const char *line_end(const char *p, const char *end)
{
	do {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		p = lf ? lf + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	return p;
}

/*
 * The length of the body: 0 where none is written, which is against 18.3 but has only one meaning
 * that the rest of a stream can bear. False: it is no number, more than we take, or said twice and
 * not alike.
 */
static bool body_len(struct str header, size_t *len)
{
	const char *p = line_end(header.s, header.s + header.len);
	const char *end = header.s + header.len;
	bool seen = false;

	*len = 0;
	while (p < end) {
		const char *stop = line_end(p, end), *colon = memchr(p, ':', (size_t)(stop - p));
		uint64_t n;

		if (colon && is_content_length(str_trim(str_range(p, colon)))) {
			if (!str_to_uint(str_trim(str_range(colon + 1, stop)), SIP_MSG_MAX, &n) ||
			    (seen && n != *len))
				return false;
			*len = (size_t)n;
			seen = true;
		}
		p = stop;
	}
	return true;
}

/* --- the message -------------------------------------------------------------------------- */

static enum sip_stream_item hand_out(struct sip_stream *s, size_t len, struct str *message)
{
	*message = (struct str){s->data + s->start, len};
	s->start += len;
	s->checked = false;
	return SIP_STREAM_MESSAGE;
}

static enum sip_stream_item garbage(const char **why, const char *text)
{
	*why = text;
	return SIP_STREAM_GARBAGE;
}

static enum sip_stream_item wait_for_more(struct sip_stream *s)
{
	/* Between two messages there is nothing to hold, but for how many line ends have come. */
	if (s->start == s->len) {
		unsigned newlines = s->newlines;

		sip_stream_done(s);
		s->newlines = newlines;
	}
	return SIP_STREAM_MORE;
}

enum sip_stream_item sip_stream_next(struct sip_stream *s, struct str *message, const char **why)
{
	const char *end;
	size_t header, body;

	if (skip_newlines(s))
		return SIP_STREAM_PING;
	if (s->start == s->len)
		return wait_for_more(s);
	if (is_hopeless(s))
		return garbage(why, "this is no SIP");
	end = header_end(s);
	if (!end)
		return s->len - s->start < SIP_MSG_MAX ? wait_for_more(s)
						       : garbage(why, "a header without an end");
	header = (size_t)(end - s->data) - s->start;
	if (!body_len((struct str){s->data + s->start, header}, &body) ||
	    header + body > SIP_MSG_MAX) {
		hand_out(s, header, message);
		return SIP_STREAM_LOST;
	}
	s->scanned = (size_t)(end - s->data) - 4; /* found again at once when the body is here */
	if (s->len - s->start < header + body)
		return wait_for_more(s);
	return hand_out(s, header + body, message);
}
