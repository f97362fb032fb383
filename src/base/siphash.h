/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * siphash: SipHash-2-4 (Aumasson, Bernstein 2012), the keyed hash behind our tables and branches:
 * who sends us messages cannot choose the bucket or guess the branch.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_LEN 16
#define SIPHASH_HEX_LEN 16

struct siphash {
	uint64_t v[4];
	uint64_t tail;
	size_t len;
};

void siphash_init(struct siphash *h, const uint8_t key[SIPHASH_KEY_LEN]);
void siphash_add(struct siphash *h, const void *data, size_t len);
/* The length goes in first, so that "ab","c" and "a","bc" differ. */
void siphash_add_field(struct siphash *h, const void *data, size_t len);
uint64_t siphash_end(struct siphash *h);
uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], const void *data, size_t len);
/* The sum as hexadecimal digits, all of them. */
void siphash_hex(uint64_t sum, char out[static SIPHASH_HEX_LEN + 1]);

/* Unpredictable bytes from the system. Ends the program when the system has none. */
void random_bytes(void *out, size_t len);

#endif
