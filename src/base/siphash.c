/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/siphash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif

static uint64_t rotl(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static uint64_t load_le64(const uint8_t *p)
{
	/* Written out: compilers make one instruction of it. */
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	    (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	    (uint64_t)p[7] << 56;
}

static void sip_rounds(uint64_t v[4], unsigned n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] = rotl(v[2], 32);
	}
}

static void add_word(struct siphash *h, uint64_t word)
{
	h->v[3] ^= word;
	sip_rounds(h->v, 2);
	h->v[0] ^= word;
}

void siphash_init(struct siphash *h, const uint8_t key[SIPHASH_KEY_LEN])
{
	uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);

	h->v[0] = k0 ^ 0x736f6d6570736575ULL;
	h->v[1] = k1 ^ 0x646f72616e646f6dULL;
	h->v[2] = k0 ^ 0x6c7967656e657261ULL;
	h->v[3] = k1 ^ 0x7465646279746573ULL;
	h->tail = 0;
	h->len = 0;
}

void siphash_add(struct siphash *h, const void *data, size_t len)
{
	const uint8_t *p = data;
	unsigned there = 8 * (h->len & 7); /* bits in the tail */

	for (; len >= 8; p += 8, len -= 8, h->len += 8) {
		uint64_t word = load_le64(p);

		add_word(h, h->tail | word << there);
		h->tail = there ? word >> (64 - there) : 0;
	}
	for (size_t i = 0; i < len; i++) {
		h->tail |= (uint64_t)p[i] << (8 * (h->len & 7));
		h->len++;
		if ((h->len & 7) == 0) {
			add_word(h, h->tail);
			h->tail = 0;
		}
	}
}

void siphash_add_field(struct siphash *h, const void *data, size_t len)
{
	uint64_t n = len;

	siphash_add(h, &n, sizeof(n));
	siphash_add(h, data, len);
}

uint64_t siphash_end(struct siphash *h)
{
	add_word(h, h->tail | (uint64_t)(h->len & 0xff) << 56);
	h->v[2] ^= 0xff;
	sip_rounds(h->v, 4);
	return h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}

void siphash_hex(uint64_t sum, char out[static SIPHASH_HEX_LEN + 1])
{
	for (unsigned i = 0; i < SIPHASH_HEX_LEN; i++)
		out[i] = "0123456789abcdef"[sum >> (60 - 4 * i) & 15];
	out[SIPHASH_HEX_LEN] = '\0';
}

uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], const void *data, size_t len)
{
	struct siphash h;

	siphash_init(&h, key);
	siphash_add(&h, data, len);
	return siphash_end(&h);
}

/*
 * The kernel's own call, since /dev does not exist in a chroot: getrandom() or arc4random_buf().
 * Either asks for everything at once; false when the running kernel is older than the C library.
 */
#if defined(HAVE_GETRANDOM)
static bool kernel_random(uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = getrandom(out, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		out += n;
		len -= (size_t)n;
	}
	return true;
}
#elif defined(HAVE_ARC4RANDOM_BUF)
static bool kernel_random(uint8_t *out, size_t len)
{
	arc4random_buf(out, len);
	return true;
}
#else
static bool kernel_random(uint8_t *out, size_t len)
{
	(void)out;
	return len == 0;
}
#endif

static bool device_random(uint8_t *out, size_t len)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	while (len > 0) {
		ssize_t n = read(fd, out, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		out += n;
		len -= (size_t)n;
	}
	close(fd);
	return len == 0;
}

void random_bytes(void *out, size_t len)
{
	if (kernel_random(out, len) || device_random(out, len))
		return;
	fputs("siproxd: the system gives no random numbers (no getrandom, no /dev/urandom)\n",
	    stderr);
	exit(EXIT_FAILURE);
}
