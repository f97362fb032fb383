/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/md.h"

#include <nettle/md5.h>
#include <nettle/sha2.h>

/* Both digests' contexts; only the one in use is touched. */
struct context {
	enum md kind;
	struct md5_ctx md5;
	struct sha256_ctx sha256;
};

static void start(struct context *c, enum md kind)
{
	c->kind = kind;
	if (kind == MD_MD5)
		md5_init(&c->md5);
	else
		sha256_init(&c->sha256);
}

static void add(struct context *c, const char *data, size_t len)
{
	if (len == 0)
		return;
	if (c->kind == MD_MD5)
		md5_update(&c->md5, len, (const uint8_t *)data);
	else
		sha256_update(&c->sha256, len, (const uint8_t *)data);
}

static void finish(struct context *c, uint8_t *out)
{
	if (c->kind == MD_MD5)
		md5_digest(&c->md5, MD5_DIGEST_SIZE, out);
	else
		sha256_digest(&c->sha256, SHA256_DIGEST_SIZE, out);
}

bool md_is_available(void)
{
	return true;
}

size_t md_hex_len(enum md kind)
{
	return 2 * (kind == MD_MD5 ? MD5_DIGEST_SIZE : SHA256_DIGEST_SIZE);
}

int md_hex(enum md kind, const struct str *piece, size_t n, char out[static MD_HEX_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[SHA256_DIGEST_SIZE];
	size_t len = md_hex_len(kind);
	struct context c;

	start(&c, kind);
	for (size_t i = 0; i < n; i++) {
		add(&c, ":", i > 0);
		add(&c, piece[i].s, piece[i].len);
	}
	finish(&c, bytes);
	for (size_t i = 0; i < len; i++)
		out[i] = digits[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
	out[len] = '\0';
	return 0;
}
