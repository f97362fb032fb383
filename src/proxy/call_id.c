/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/call_id.h"

#include <ctype.h>
#include <stdio.h>

#include "base/buf.h"

/* What an encrypted one begins with, by the side that sees it. */
static const char *const mark[] = {[LAN] = "w1-", [WAN] = "s1-"};

#define MARK_LEN  3
#define CHECK_LEN 8 /* bytes: what proves that it is ours, and makes equal texts equal */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint64_t keyed(const uint8_t key[SIPHASH_KEY_LEN], const char *use, const void *data,
    size_t len)
{
	struct siphash h;

	siphash_init(&h, key);
	siphash_add_field(&h, use, MARK_LEN);
	siphash_add_field(&h, data, len);
	return siphash_end(&h);
}

/* Encrypts and decrypts alike: a stream from the check and the position. */
static void stream(const uint8_t key[SIPHASH_KEY_LEN], uint64_t check, uint8_t *data, size_t len)
{
	uint64_t block[2] = {check, 0}, bits = 0;

	for (size_t i = 0; i < len; i++, bits >>= 8) {
		if (i % 8 == 0) {
			block[1] = i / 8;
			bits = keyed(key, "key", block, sizeof(block));
		}
		data[i] ^= (uint8_t)bits;
	}
}

static void write_digits(struct buf *out, const uint8_t *data, size_t len)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | data[i];
		for (n += 8; n >= 6; n -= 6)
			buf_add(out, &digits[bits >> (n - 6) & 63], 1);
	}
	if (n)
		buf_add(out, &digits[bits << (6 - n) & 63], 1);
}

/* How many bytes; 0: not of that kind. Each text has one spelling only. */
static size_t read_digits(struct str text, uint8_t *out)
{
	uint32_t bits = 0;
	unsigned n = 0;
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *at = text.s[i] ? strchr(digits, text.s[i]) : NULL;

		if (!at)
			return 0;
		bits = bits << 6 | (uint32_t)(at - digits);
		n += 6;
		if (n >= 8) {
			n -= 8;
			out[len++] = (uint8_t)(bits >> n);
		}
	}
	return n >= 6 || (bits & ((1U << n) - 1)) ? 0 : len;
}

/* The id behind what `viewer` sees; NULL: that is none of ours. */
static char *open_id(enum side viewer, const uint8_t key[SIPHASH_KEY_LEN], struct str id)
{
	uint8_t data[2 * CALL_ID_MAX];
	struct str text = {(const char *)data + CHECK_LEN, 0};
	uint64_t check;
	size_t len;

	if (id.len <= MARK_LEN || id.len > 2 * CALL_ID_MAX ||
	    memcmp(id.s, mark[viewer], MARK_LEN) != 0)
		return NULL;
	len = read_digits((struct str){id.s + MARK_LEN, id.len - MARK_LEN}, data);
	if (len <= CHECK_LEN)
		return NULL;
	memcpy(&check, data, CHECK_LEN);
	text.len = len - CHECK_LEN;
	stream(key, check, data + CHECK_LEN, text.len);
	/* It will stand in a header line. */
	if (keyed(key, mark[viewer], text.s, text.len) != check || !str_is_word(text))
		return NULL;
	return str_dup(text);
}

static char *seal_id(enum side viewer, const uint8_t key[SIPHASH_KEY_LEN], struct str id)
{
	uint64_t check = keyed(key, mark[viewer], id.s, id.len);
	uint8_t data[CHECK_LEN + CALL_ID_MAX];
	struct buf out = BUF_INIT;

	memcpy(data, &check, CHECK_LEN);
	memcpy(data + CHECK_LEN, id.s, id.len);
	stream(key, check, data + CHECK_LEN, id.len);
	buf_str(&out, mark[viewer]);
	write_digits(&out, data, CHECK_LEN + id.len);
	return buf_take(&out);
}

char *call_id_seen_by(enum side side, const uint8_t key[SIPHASH_KEY_LEN], struct str id)
{
	char *own = open_id(!side, key, id);

	if (own)
		return own;
	return id.len && id.len <= CALL_ID_MAX ? seal_id(side, key, id) : str_dup(id);
}

/* --- in a URI ----------------------------------------------------------------------------- */

static int hex(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static void unescape(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '%' && i + 2 < text.len && hex(text.s[i + 1]) >= 0 &&
		    hex(text.s[i + 2]) >= 0) {
			c = (char)(hex(text.s[i + 1]) << 4 | hex(text.s[i + 2]));
			i += 2;
		}
		buf_add(out, &c, 1);
	}
}

static void escape(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr("-_.!~*'()", *text))
			buf_add(out, text, 1);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
}

char *call_id_escaped_seen_by(enum side side, const uint8_t key[SIPHASH_KEY_LEN], struct str id)
{
	struct buf plain = BUF_INIT, out = BUF_INIT;
	char *seen = NULL;

	unescape(&plain, id);
	if (!plain.failed && str_is_word((struct str){plain.data, plain.len}))
		seen = call_id_seen_by(side, key, (struct str){plain.data, plain.len});
	else if (!plain.failed)
		seen = str_dup((struct str){plain.data, plain.len});
	if (seen)
		escape(&out, seen);
	buf_free(&plain);
	free(seen);
	return out.len ? buf_take(&out) : str_dup(id);
}
