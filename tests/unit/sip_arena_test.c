/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "sip/sip_arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sip/sip_msg.h"
#include "tap.h"

#define BLOCKS 4000

static bool is_filled(const uint8_t *block, size_t size, uint8_t with)
{
	for (size_t i = 0; i < size; i++)
		if (block[i] != with)
			return false;
	return true;
}

/* More than it holds, so that some come from malloc(); the sanitizers watch those. */
static void test_many(void)
{
	static uint8_t *block[BLOCKS];
	bool intact = true, aligned = true;

	for (size_t i = 0; i < BLOCKS; i++) {
		block[i] = sip_arena_malloc(i % 50);
		if (!block[i])
			abort();
		aligned = aligned && (uintptr_t)block[i] % sizeof(void *) == 0;
		memset(block[i], (int)(i & 255), i % 50);
	}
	for (size_t i = 0; i < BLOCKS; i++) {
		block[i] = sip_arena_realloc(block[i], 60);
		if (!block[i])
			abort();
		intact = intact && is_filled(block[i], i % 50, (uint8_t)i);
	}
	for (size_t i = BLOCKS; i-- > 0;)
		sip_arena_free(block[i]);
	ok(intact, "no block touches another, and growing keeps what is in it");
	ok(aligned, "all are aligned");
}

static void test_ends(void)
{
	void *first = sip_arena_malloc(8), *second = sip_arena_malloc(8), *huge;

	sip_arena_free(first);
	sip_arena_free(second);
	ok(sip_arena_malloc(8) == first, "when all are free it begins anew");
	ok(sip_arena_realloc(first, 4) == first, "a block shrinks where it is");
	huge = sip_arena_malloc(1000000);
	ok(huge != NULL, "what is too large comes from elsewhere");
	sip_arena_free(huge);
	sip_arena_free(NULL);
	sip_arena_free(first);
	first = sip_arena_realloc(NULL, 10);
	ok(first != NULL, "from nothing it is an allocation");
	sip_arena_free(first);
}

/* What libosip2 leaves behind, also of a message that it refuses, would use it up. */
static void test_messages(void)
{
	static const char good[] = "OPTIONS sip:a@192.0.2.1 SIP/2.0\r\n"
				   "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\n"
				   "From: <sip:b@192.0.2.2>;tag=1\r\nTo: <sip:a@192.0.2.1>\r\n"
				   "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n";
	void *before, *after;
	char text[sizeof(good)];
	struct sip_msg *msg;
	const char *why;

	ok(sip_msg_init() == 0, "libosip2 is ready");
	sip_arena_use();
	before = sip_arena_malloc(1);
	sip_arena_free(before);
	is_int(sip_msg_parse(&msg, good, strlen(good), &why), SIP_PARSE_OK, "a message");
	sip_msg_free(msg);
	for (size_t i = 0; i < strlen(good); i++) {
		memcpy(text, good, sizeof(text));
		text[i] = '"';
		sip_msg_parse(&msg, text, strlen(text), &why);
		sip_msg_free(msg);
	}
	after = sip_arena_malloc(1);
	sip_arena_free(after);
	ok(before == after, "nothing of them is left");
}

int main(void)
{
	test_many();
	test_ends();
	test_messages();
	return tap_done();
}
