/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "sip/sip_arena.h"

#include <osipparser2/osip_port.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_SIZE 32768
#define ALIGNMENT  16

/* libosip2's allocators have no argument, so there is one of these. */
static struct {
	_Alignas(ALIGNMENT) uint8_t data[ARENA_SIZE];
	size_t used;
	size_t blocks; /* that have not been freed */
} arena;

/* In front of each block, its size; as long as the alignment wants. */
static size_t *size_of(void *block)
{
	return (size_t *)(void *)((uint8_t *)block - ALIGNMENT);
}

static bool is_inside(const void *block)
{
	uintptr_t p = (uintptr_t)block, start = (uintptr_t)arena.data;

	return p >= start && p < start + ARENA_SIZE;
}

void *sip_arena_malloc(size_t size)
{
	/* Never empty, so that each begins within. */
	size_t whole = ALIGNMENT + (size / ALIGNMENT + 1) * ALIGNMENT;
	uint8_t *block;

	if (size > ARENA_SIZE || whole > ARENA_SIZE - arena.used)
		return malloc(size);
	block = arena.data + arena.used + ALIGNMENT;
	*size_of(block) = size;
	arena.used += whole;
	arena.blocks++;
	return block;
}

/* The room is there again when all have gone. */
void sip_arena_free(void *block)
{
	if (!is_inside(block))
		free(block);
	else if (--arena.blocks == 0)
		arena.used = 0;
}

void *sip_arena_realloc(void *old, size_t size)
{
	void *block;

	if (!is_inside(old))
		return old ? realloc(old, size) : sip_arena_malloc(size);
	if (size <= *size_of(old))
		return old;
	block = sip_arena_malloc(size);
	if (!block)
		return NULL;
	memcpy(block, old, *size_of(old));
	sip_arena_free(old);
	return block;
}

void sip_arena_use(void)
{
	osip_set_allocators(sip_arena_malloc, sip_arena_realloc, sip_arena_free);
}
