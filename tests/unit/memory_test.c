/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tap.h"

#define PIECES    1000
#define PIECE_LEN 2000
#define LARGE     ((size_t)8 * 1024 * 1024)

static char *pieces[PIECES];

/* Through a volatile pointer, lest the compiler find that nobody needs it. */
static char *piece(size_t len)
{
	char *volatile p = malloc(len);

	if (p == NULL)
		exit(99);
	memset(p, 'x', len);
	return p;
}

static void take(void)
{
	for (unsigned i = 0; i < PIECES; i++)
		pieces[i] = piece(PIECE_LEN);
}

static void give(void)
{
	for (unsigned i = 0; i < PIECES; i++)
		free(pieces[i]);
}

/* Pages of it; 0 where the system does not tell. */
static long resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long total, pages = 0;

	if (f && fscanf(f, "%ld %ld", &total, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages;
}

static void test_give_back(void)
{
	char *last;
	long full;
	bool given;

	take();
	last = piece(PIECE_LEN); /* behind them: the heap cannot just end earlier */
	full = resident();
	give();
	given = memory_give_back();
	ok(!given || !full || resident() < full,
	    "what was freed goes back to the system, if it says so");
	free(last);
}

int main(void)
{
	char *small = piece(1); /* before the first there may be none to count */
	size_t before = memory_in_use(), taken, after;
	char *large;

	if (before == 0) {
		free(small);
		ok(true, "nobody tells # SKIP this allocator does not count");
		return tap_done();
	}
	take();
	taken = memory_in_use();
	ok(taken >= before + (size_t)PIECES * PIECE_LEN, "what is taken counts");
	give();
	after = memory_in_use();
	ok(after < before + (size_t)PIECES * PIECE_LEN / 10, "what is given back does not");
	large = piece(LARGE);
	ok(memory_in_use() >= after + LARGE, "a large piece counts, too");
	free(large);
	ok(memory_in_use() < after + LARGE / 10, "until it is given back");
	free(small);
	test_give_back();
	return tap_done();
}
