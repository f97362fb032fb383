/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/tag.h"

void tag_for(const uint8_t key[SIPHASH_KEY_LEN], const struct sip_msg *req, char out[TAG_LEN + 1])
{
	struct siphash h;

	siphash_init(&h, key);
	siphash_add_field(&h, req->via.branch.s, req->via.branch.len);
	siphash_add_field(&h, req->call_id.s, req->call_id.len);
	siphash_add_field(&h, req->from_tag.s, req->from_tag.len);
	siphash_hex(siphash_end(&h), out);
}

uint64_t tag_id(const uint8_t key[SIPHASH_KEY_LEN], struct str tag)
{
	return siphash(key, tag.s ? tag.s : "", tag.len);
}
