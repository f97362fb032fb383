/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lets the n-th allocation fail: a test includes this, then the source under test itself
 * (#include "media/ports.c"), whose object in the library is then not linked.
 */
#ifndef FAILING_ALLOC_H
#define FAILING_ALLOC_H

#include <stdbool.h>
#include <stdlib.h>

static long alloc_until_failure = -1; /* succeed that often, then fail once; -1: never fail */

static inline bool alloc_fails(void)
{
	return alloc_until_failure >= 0 && alloc_until_failure-- == 0;
}

static inline void *failing_malloc(size_t size)
{
	return alloc_fails() ? NULL : malloc(size);
}

static inline void *failing_calloc(size_t count, size_t size)
{
	return alloc_fails() ? NULL : calloc(count, size);
}

static inline void *failing_realloc(void *old, size_t size)
{
	return alloc_fails() ? NULL : realloc(old, size);
}

#define malloc  failing_malloc
#define calloc  failing_calloc
#define realloc failing_realloc

#endif
