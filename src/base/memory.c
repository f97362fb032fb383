/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/memory.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define OF_SANITIZER
#endif
#endif
#if defined(OF_SANITIZER) || defined(__SANITIZE_ADDRESS__)

/* gcc installs no header for it. */
size_t __sanitizer_get_current_allocated_bytes(void);

size_t memory_in_use(void)
{
	return __sanitizer_get_current_allocated_bytes();
}

#elif defined(HAVE_MALLINFO2)

#include <malloc.h>

size_t memory_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd; /* of all arenas, and what has a mapping of its own */
}

#define TELLS_FREE
static size_t memory_free(void)
{
	return mallinfo2().fordblks;
}

#else

size_t memory_in_use(void)
{
	return 0;
}

#endif

#if defined(TELLS_FREE) && defined(HAVE_MALLOC_TRIM)

#define WORTH_IT ((size_t)1024 * 1024)

bool memory_give_back(void)
{
	return memory_free() >= WORTH_IT && malloc_trim(0);
}

#else

bool memory_give_back(void)
{
	return false;
}

#endif
