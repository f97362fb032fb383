/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/siphash.h"

#include "tap.h"

int main(void)
{
	/* From the paper's reference: key 00..0f, messages 00, 00 01, ... ; vectors of length n. */
	static const struct {
		size_t len;
		uint64_t want;
	} vector[] = {
	    {0, 0x726fdb47dd0e0e31ULL},
	    {1, 0x74f839c593dc67fdULL},
	    {7, 0xab0200f58b01d137ULL},
	    {8, 0x93f5f5799a932462ULL},
	    {15, 0xa129ca6149be45e5ULL},
	};
	uint8_t key[SIPHASH_KEY_LEN], data[64], other[64] = {0};
	char hex[SIPHASH_HEX_LEN + 1];
	struct siphash h, g;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	memcpy(key, data, sizeof(key));
	for (size_t i = 0; i < sizeof(vector) / sizeof(vector[0]); i++)
		ok(siphash(key, data, vector[i].len) == vector[i].want,
		    "a vector of the reference");

	for (size_t cut = 0; cut <= 15; cut++) {
		siphash_init(&h, key);
		siphash_add(&h, data, cut);
		siphash_add(&h, data + cut, 15 - cut);
		ok(siphash_end(&h) == vector[4].want, "pieces hash like the whole");
	}
	siphash_hex(0x0123456789abcdefULL, hex);
	is_str(hex, "0123456789abcdef", "a sum as digits, the leading zero too");
	siphash_init(&h, key);
	siphash_add_field(&h, "ab", 2);
	siphash_add_field(&h, "c", 1);
	siphash_init(&g, key);
	siphash_add_field(&g, "a", 1);
	siphash_add_field(&g, "bc", 2);
	ok(siphash_end(&h) != siphash_end(&g), "the border between fields counts");
	key[0] ^= 1;
	ok(siphash(key, data, 15) != vector[4].want, "the key counts");

	random_bytes(data, sizeof(data));
	random_bytes(other, sizeof(other));
	ok(memcmp(data, other, sizeof(data)) != 0, "random bytes are not the same twice");
	random_bytes(data, 0);
	return tap_done();
}
