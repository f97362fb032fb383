/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/stun.h"
#include "tap.h"

static const uint8_t id[STUN_ID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/* A response of that type with these attribute bytes. */
static size_t response(uint8_t *out, unsigned type, const uint8_t *attr, size_t len)
{
	stun_request(out, id);
	out[0] = (uint8_t)(type >> 8);
	out[1] = (uint8_t)type;
	out[3] = (uint8_t)len;
	memcpy(out + 20, attr, len);
	return 20 + len;
}

static const char *mapped(unsigned type, const uint8_t *attr, size_t len, int *err)
{
	static char text[ADDR_TEXT_MAX];
	uint8_t message[128];
	struct addr a;

	*err = stun_mapped(message, response(message, type, attr, len), id, &a);
	return addr_format(&a, text);
}

/* 198.51.100.9:5062, plain and xored with 21 12 a4 42 */
static const uint8_t plain4[] = {0, 1, 0, 8, 0, 1, 0x13, 0xc6, 198, 51, 100, 9};
static const uint8_t xored4[] = {0, 0x20, 0, 8, 0, 1, 0x32, 0xd4, 0xe7, 0x21, 0xc0, 0x4b};

static void test_request(void)
{
	uint8_t message[STUN_REQUEST_LEN];

	stun_request(message, id);
	ok(stun_is_message(message, sizeof(message)), "a request is STUN");
	is_int(message[1], 1, "a Binding request");
	ok(!stun_is_message(message, 19), "a short one is not");
	message[3] = 4;
	ok(!stun_is_message(message, sizeof(message)), "nor one that promises more");
	ok(!stun_is_message("REGISTER sip:example.net SIP/2.0\r\n", 34), "nor is SIP");
}

static void test_mapped(void)
{
	static const uint8_t ip6[] = {0, 0x20, 0, 20, 0, 2, 0x32, 0xd4, 0x01, 0x13, 0xa9, 0xfa, 1,
	    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13};
	uint8_t both[64] = {0x80, 0x22, 0, 3, 'a', 'b', 'c', 0}; /* SOFTWARE, padded */
	uint8_t old[sizeof(xored4)];
	int err;

	is_str(mapped(0x0101, xored4, sizeof(xored4), &err), "198.51.100.9:5062", "xored");
	is_int(err, 0, "... success");
	is_str(mapped(0x0101, plain4, sizeof(plain4), &err), "198.51.100.9:5062",
	    "plain, of an old server");
	memcpy(old, xored4, sizeof(old));
	old[0] = 0x80;
	is_str(mapped(0x0101, old, sizeof(old), &err), "198.51.100.9:5062",
	    "xored, under its old number");
	is_str(mapped(0x0101, ip6, sizeof(ip6), &err), "[2001:db8::1]:5062", "IPv6");
	memcpy(both + 8, plain4, sizeof(plain4));
	both[8 + 11] = 77;
	memcpy(both + 20, xored4, sizeof(xored4));
	is_str(mapped(0x0101, both, 32, &err), "198.51.100.9:5062",
	    "the xored one counts; others are passed over");
}

static void test_refused(void)
{
	uint8_t message[64], attr[16];
	struct addr a;
	size_t len = response(message, 0x0101, xored4, sizeof(xored4));
	int err;

	message[8] ^= 1;
	is_int(stun_mapped(message, len, id, &a), EINVAL, "the answer to another question");
	mapped(0x0111, xored4, 0, &err);
	is_int(err, ECONNREFUSED, "an error of the server");
	mapped(0x0001, xored4, sizeof(xored4), &err);
	is_int(err, EINVAL, "a request is no answer");
	mapped(0x0101, xored4, 0, &err);
	is_int(err, EINVAL, "nothing in it");
	memcpy(attr, xored4, sizeof(xored4));
	attr[3] = 9;
	mapped(0x0101, attr, sizeof(xored4), &err);
	is_int(err, EINVAL, "an attribute that is longer than the message");
	attr[3] = 8;
	attr[5] = 2;
	mapped(0x0101, attr, sizeof(xored4), &err);
	is_int(err, EINVAL, "an IPv6 address of four bytes");
	attr[5] = 1;
	attr[3] = 4;
	mapped(0x0101, attr, 8, &err);
	is_int(err, EINVAL, "an address that is too short");
}

int main(void)
{
	test_request();
	test_mapped();
	test_refused();
	return tap_done();
}
