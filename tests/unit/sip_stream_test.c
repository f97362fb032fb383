/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing: what comes out does not depend on how the bytes were cut. */
#include "failing_alloc.h"

#include "sip/sip_stream.c"

#include <stdio.h>

#include "base/buf.h"
#include "tap.h"

#define OPTIONS   "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\n"
#define TRYING    "SIP/2.0 100 Trying\r\nVia: SIP/2.0/TCP c\r\n"
#define NO_LENGTH OPTIONS "\r\n"
#define EMPTY     OPTIONS "Content-Length: 0\r\n\r\n"
#define COMPACT   TRYING "L :\r\n  5 \r\n\r\nbo\r\ny"

/* "M" and the message's length, "P"; "L" and its length, "G" end it. */
static bool take(struct sip_stream *s, struct buf *out)
{
	for (;;) {
		const char *why = NULL;
		struct str m;

		switch (sip_stream_next(s, &m, &why)) {
		case SIP_STREAM_MORE:
			return true;
		case SIP_STREAM_MESSAGE:
			buf_printf(out, "M%zu ", m.len);
			break;
		case SIP_STREAM_PING:
			buf_str(out, "P ");
			break;
		case SIP_STREAM_LOST:
			buf_printf(out, "L%zu ", m.len);
			return false;
		case SIP_STREAM_GARBAGE:
			buf_printf(out, "G(%s) ", why);
			return false;
		}
	}
}

static bool put(struct sip_stream *s, const char *data, size_t len, struct buf *out)
{
	while (len) {
		size_t size;
		char *room = sip_stream_room(s, &size);

		if (size > len)
			size = len;
		memcpy(room, data, size);
		sip_stream_put(s, size);
		data += size;
		len -= size;
		if (!take(s, out))
			return false;
	}
	return true;
}

/* Fed in two pieces, cut at `cut`, or byte by byte (SIZE_MAX). */
static char *fed(const char *data, size_t len, size_t cut)
{
	struct sip_stream s = {.data = NULL};
	struct buf out = BUF_INIT;
	bool open = true;

	buf_str(&out, "");
	if (cut != SIZE_MAX) {
		if (put(&s, data, cut, &out))
			put(&s, data + cut, len - cut, &out);
	} else {
		for (size_t i = 0; open && i < len; i++)
			open = put(&s, data + i, 1, &out);
	}
	sip_stream_done(&s);
	return buf_take(&out);
}

static void becomes_n(const char *data, size_t len, const char *want, const char *what)
{
	char *whole = fed(data, len, len), *bytes = fed(data, len, SIZE_MAX);
	bool same = strcmp(whole, bytes) == 0;

	is_str(whole, want, what);
	for (size_t cut = 1; same && cut < len; cut++) {
		char *halves = fed(data, len, cut);

		same = strcmp(halves, whole) == 0;
		if (!same)
			printf("# cut at %zu: %s\n", cut, halves);
		free(halves);
	}
	ok(same, "... wherever it is cut");
	free(whole);
	free(bytes);
}

static void becomes(const char *data, const char *want, const char *what)
{
	becomes_n(data, strlen(data), want, what);
}

static void test_messages(void)
{
	becomes(EMPTY, "M66 ", "one message");
	becomes(EMPTY EMPTY EMPTY, "M66 M66 M66 ", "three at once");
	becomes(COMPACT EMPTY, "M58 M66 ", "compact, folded, with a body");
	becomes(NO_LENGTH EMPTY, "M47 M66 ", "no Content-Length is none of a body");
	becomes(OPTIONS "Content-Length: 2\r\nl: 2\r\n\r\nab" EMPTY, "M74 M66 ",
	    "said twice and alike");
	becomes(OPTIONS "X: y\r\n Content-Length: 7\r\nContent-Length: 1\r\n\r\na", "M93 ",
	    "a folded line is no header");
	becomes_n(OPTIONS "l: 4\r\n\r\n\0\r\n\r" EMPTY, strlen(OPTIONS) + 8 + 4 + strlen(EMPTY),
	    "M57 M66 ", "a body of any bytes");
	becomes(EMPTY "OPTIONS sip:a@b SIP/2.0\r\nVia", "M66 ", "one that is not whole");
}

static void test_lost(void)
{
	becomes(OPTIONS "Content-Length: 2\r\nl: 3\r\n\r\nabc" EMPTY, "L72 ", "said twice");
	becomes(OPTIONS "Content-Length: x\r\n\r\n", "L66 ", "no number");
	becomes(OPTIONS "Content-Length: -1\r\n\r\n", "L67 ", "less than nothing");
	becomes(OPTIONS "Content-Length:\r\n\r\n", "L64 ", "empty");
	becomes(OPTIONS "Content-Length: 65536\r\n\r\n", "L70 ", "more than there can be");
	becomes(OPTIONS "Content-Length: 65500\r\n\r\n", "L70 ", "... header and body together");
	becomes(OPTIONS "Content-Length: 99999999999999999999\r\n\r\n", "L85 ", "an overflow");
}

static void test_keepalives(void)
{
	becomes("\r\n\r\n", "P ", "a ping");
	becomes("\r\n", "", "a pong");
	becomes("\r\n\r\n\r\n\r\n\r\n", "P P ", "two and a half pings");
	becomes("\r\n" EMPTY "\r\n" EMPTY "\r\n\r\n" COMPACT "\r\n", "M66 M66 P M58 ",
	    "between messages");
}

static void test_garbage(void)
{
	becomes("\x16\x03\x01\x02", "G(this is no SIP) ", "TLS");
	becomes("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "G(this is no SIP) ", "HTTP");
	becomes(EMPTY "hello\n", "M66 G(this is no SIP) ", "behind a message");
	becomes(NO_LENGTH "v=0\r\n", "M47 G(this is no SIP) ", "a body without Content-Length");
	becomes(" " EMPTY, "G(this is no SIP) ", "a blank in front");
	becomes(EMPTY "OPTIONS sip:a@b SIP/2.0\n", "M66 G(this is no SIP) ", "a lone line feed");
}

/* Nothing grows beyond SIP_MSG_MAX by much, whatever is sent. */
static void test_bounds(void)
{
	struct sip_stream s = {.data = NULL};
	struct buf out = BUF_INIT;
	char line[1024];
	bool open;
	size_t n = 0;

	memset(line, 'x', sizeof(line));
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	memcpy(line, "Long: ", 6);
	open = put(&s, OPTIONS, strlen(OPTIONS), &out);
	for (; open && n < 1000; n++)
		open = put(&s, line, sizeof(line), &out);
	is_str(out.data ? out.data : "", "G(a header without an end) ", "an endless header");
	ok(n < 70, "... is not read for long");
	ok(s.cap <= 2 * 65536, "... and fills no memory");
	sip_stream_done(&s);
	buf_reset(&out);

	memset(line, 'x', sizeof(line));
	for (open = true, n = 0; open && n < 1000; n++)
		open = put(&s, line, sizeof(line), &out);
	is_str(out.data, "G(a header without an end) ", "an endless start line");
	sip_stream_done(&s);
	buf_reset(&out);

	for (n = 0; n < 1000; n++)
		put(&s, "\r\n", 2, &out);
	ok(!s.data && s.cap == 0, "an endless pause holds no memory");
	put(&s, EMPTY "OPT", strlen(EMPTY) + 3, &out);
	ok(sip_stream_is_midway(&s), "midway");
	put(&s, &EMPTY[3], strlen(EMPTY) - 3, &out);
	ok(!sip_stream_is_midway(&s) && !s.data, "and at rest");
	alloc_until_failure = 0;
	ok(!sip_stream_room(&s, &n), "no memory");
	alloc_until_failure = -1;
	buf_free(&out);
}

/* The largest message that there is. */
static void test_largest(void)
{
	struct buf m = BUF_INIT, out = BUF_INIT;
	struct sip_stream s = {.data = NULL};

	buf_str(&m, OPTIONS "Content-Length: 65465\r\n\r\n");
	while (m.len < SIP_MSG_MAX)
		buf_add(&m, "x", 1);
	put(&s, m.data, m.len, &out);
	put(&s, EMPTY, strlen(EMPTY), &out);
	is_str(out.data, "M65535 M66 ", "65535 bytes");
	sip_stream_done(&s);
	buf_free(&m);
	buf_free(&out);
}

int main(void)
{
	test_messages();
	test_lost();
	test_keepalives();
	test_garbage();
	test_bounds();
	test_largest();
	return tap_done();
}
