/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- writing ------------------------------------------------------------------------------ */

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c != 0x7f && c != '%';
}

static void add_escaped(struct buf *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char text[3] = {'%', digits[byte >> 4], digits[byte & 15]};

	buf_add(out, text, sizeof(text));
}

static void escape(struct buf *out, const char *data, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_plain((unsigned char)data[i]))
			continue;
		buf_add(out, data + from, i - from);
		add_escaped(out, (unsigned char)data[i]);
		from = i + 1;
	}
	buf_add(out, data + from, len - from);
}

void record_begin(struct buf *out, const char *kind)
{
	buf_str(out, kind);
}

static void begin_field(struct buf *out, const char *name)
{
	buf_str(out, "\t");
	buf_str(out, name);
	buf_str(out, "=");
}

void record_add_bytes(struct buf *out, const char *name, const void *data, size_t len)
{
	if (!len)
		return;
	begin_field(out, name);
	escape(out, data, len);
}

void record_add(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	begin_field(out, name);
	escape(out, text, strlen(text));
}

void record_add_uint(struct buf *out, const char *name, uint64_t n)
{
	if (!n)
		return;
	begin_field(out, name);
	buf_uint(out, n);
}

void record_add_addr(struct buf *out, const char *name, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	if (addr_is_set(a))
		record_add(out, name, addr_format(a, text));
}

void record_end(struct buf *out)
{
	buf_str(out, "\n");
}

/* --- reading ------------------------------------------------------------------------------ */

static struct str cut(struct str *rest, char at)
{
	const char *stop = rest->len ? memchr(rest->s, at, rest->len) : NULL;
	struct str word = {rest->s, stop ? (size_t)(stop - rest->s) : rest->len};
	size_t gone = word.len + (stop ? 1 : 0);

	rest->s += gone;
	rest->len -= gone;
	return word;
}

static bool read_fields(struct str rest, struct record *out)
{
	out->n_fields = 0;
	while (rest.len) {
		struct record_field f;

		f.value = cut(&rest, '\t');
		if (out->n_fields == RECORD_FIELDS_MAX || !memchr(f.value.s, '=', f.value.len))
			return false;
		f.name = cut(&f.value, '=');
		out->field[out->n_fields++] = f;
	}
	return true;
}

bool record_next(struct str *text, struct record *out)
{
	struct str rest = *text, line;

	if (!text->len || !memchr(text->s, '\n', text->len))
		return false;
	line = cut(&rest, '\n');
	out->kind = cut(&line, '\t');
	if (!out->kind.len || !read_fields(line, out))
		return false;
	*text = rest;
	return true;
}

bool record_is(const struct record *r, const char *kind)
{
	return str_is(r->kind, kind);
}

static bool find(const struct record *r, const char *name, struct str *out)
{
	for (unsigned i = 0; i < r->n_fields; i++) {
		if (str_is(r->field[i].name, name)) {
			*out = r->field[i].value;
			return true;
		}
	}
	return false;
}

uint64_t record_uint(const struct record *r, const char *name)
{
	uint64_t n = 0;
	struct str v;

	/* The largest ones have a digit more than str_to_uint() takes. */
	if (!find(r, name, &v) || v.len == 0 || v.len > 20)
		return 0;
	for (size_t i = 0; i < v.len; i++) {
		unsigned digit = (unsigned)(v.s[i] - '0');

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return 0;
		n = n * 10 + digit;
	}
	return n;
}

bool record_addr(const struct record *r, const char *name, struct addr *out)
{
	uint64_t port;
	struct str v;
	size_t colon;

	memset(out, 0, sizeof(*out));
	if (!find(r, name, &v))
		return false;
	for (colon = v.len; colon > 0 && v.s[colon - 1] != ':';)
		colon--;
	return colon > 1 && str_to_uint(str_range(v.s + colon, v.s + v.len), 65535, &port) &&
	    addr_parse_n(out, v.s, colon - 1, (uint16_t)port) == 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int record_bytes(const struct record *r, const char *name, struct buf *out)
{
	struct str v;

	if (!find(r, name, &v))
		return 0;
	while (v.len) {
		const char *mark = memchr(v.s, '%', v.len);
		size_t plain = mark ? (size_t)(mark - v.s) : v.len;
		unsigned char byte;

		buf_add(out, v.s, plain);
		v.s += plain;
		v.len -= plain;
		if (!v.len)
			break;
		if (v.len < 3 || hex_digit(v.s[1]) < 0 || hex_digit(v.s[2]) < 0)
			return EBADMSG;
		byte = (unsigned char)(hex_digit(v.s[1]) << 4 | hex_digit(v.s[2]));
		buf_add(out, &byte, 1);
		v.s += 3;
		v.len -= 3;
	}
	return out->failed ? ENOMEM : 0;
}

int record_text(const struct record *r, const char *name, char **out)
{
	struct buf b = BUF_INIT;
	struct str v;
	int err;

	*out = NULL;
	if (!find(r, name, &v))
		return 0;
	err = record_bytes(r, name, &b);
	if (!err && b.len && memchr(b.data, '\0', b.len))
		err = EBADMSG;
	if (!err) {
		*out = buf_take(&b);
		err = *out ? 0 : ENOMEM;
	}
	buf_free(&b);
	return err;
}

static int judge(int err, bool good, char **text)
{
	if (err || good)
		return err;
	free(*text);
	*text = NULL;
	return EBADMSG;
}

int record_line(const struct record *r, const char *name, char **out)
{
	int err = record_text(r, name, out);
	bool good = true;

	for (const char *p = *out; p && *p; p++)
		good = good && ((unsigned char)*p >= ' ' || *p == '\t') && *p != 0x7f;
	return judge(err, good, out);
}

int record_word(const struct record *r, const char *name, char **out)
{
	int err = record_text(r, name, out);

	return judge(err, !*out || str_is_word(str_of(*out)), out);
}
