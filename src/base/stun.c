/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/stun.h"

#include <errno.h>
#include <string.h>

#define HEADER_LEN 20

enum { BINDING_REQUEST = 0x0001, BINDING_SUCCESS = 0x0101, BINDING_ERROR = 0x0111 };
enum {
	MAPPED_ADDRESS = 0x0001,
	XOR_MAPPED_ADDRESS = 0x0020,
	OLD_XOR_MAPPED_ADDRESS = 0x8020, /* before it had a number of its own */
};

static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

bool stun_is_message(const void *data, size_t len)
{
	const uint8_t *p = data;

	return len >= HEADER_LEN && (p[0] & 0xc0) == 0 && memcmp(p + 4, cookie, 4) == 0 &&
	    get16(p + 2) == len - HEADER_LEN;
}

void stun_request(uint8_t out[STUN_REQUEST_LEN], const uint8_t id[STUN_ID_LEN])
{
	static const uint8_t start[4] = {0, BINDING_REQUEST, 0, 0};

	memcpy(out, start, 4);
	memcpy(out + 4, cookie, 4);
	memcpy(out + 8, id, STUN_ID_LEN);
}

/* RFC 8489 14.1, 14.2: 0, family, port, address; xored with the header's cookie and id. */
static int read_address(const uint8_t *value, size_t len, const uint8_t *mask, struct addr *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	uint8_t plain[20];

	if (len != 8 && len != 20)
		return EINVAL;
	memcpy(plain, value, len);
	for (size_t i = 2; mask && i < len; i++)
		plain[i] ^= mask[i < 4 ? i - 2 : i - 4];
	if (value[1] == 1 && len == 8) {
		memcpy(&in.sin_port, plain + 2, 2);
		memcpy(&in.sin_addr, plain + 4, 4);
		return addr_set(out, (struct sockaddr *)&in, sizeof(in));
	}
	if (value[1] == 2 && len == 20) {
		memcpy(&in6.sin6_port, plain + 2, 2);
		memcpy(&in6.sin6_addr, plain + 4, 16);
		return addr_set(out, (struct sockaddr *)&in6, sizeof(in6));
	}
	return EINVAL;
}

/* The xored one counts, since some routers rewrite the plain one on its way. */
static int read_attributes(const uint8_t *p, size_t len, struct addr *out)
{
	const uint8_t *end = p + len, *at = p + HEADER_LEN;
	int found = EINVAL;

	while (end - at >= 4) {
		unsigned type = get16(at), size = get16(at + 2);
		bool xored = type == XOR_MAPPED_ADDRESS || type == OLD_XOR_MAPPED_ADDRESS;

		at += 4;
		if (size > (size_t)(end - at))
			return EINVAL;
		if (xored)
			return read_address(at, size, p + 4, out);
		if (type == MAPPED_ADDRESS)
			found = read_address(at, size, NULL, out);
		at += (size + 3) / 4 * 4 <= (size_t)(end - at) ? (size + 3) / 4 * 4 : size;
	}
	return found;
}

int stun_mapped(const void *data, size_t len, const uint8_t id[STUN_ID_LEN], struct addr *out)
{
	const uint8_t *p = data;

	memset(out, 0, sizeof(*out));
	if (!stun_is_message(data, len) || memcmp(p + 8, id, STUN_ID_LEN) != 0)
		return EINVAL;
	switch (get16(p)) {
	case BINDING_SUCCESS:
		return read_attributes(p, len, out);
	case BINDING_ERROR:
		return ECONNREFUSED;
	default:
		return EINVAL;
	}
}
