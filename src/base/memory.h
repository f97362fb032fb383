/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory: how much of it is in use, by whoever in this process has allocated it. What the system
 * says (resident size) also counts what has been freed and lies ready for the next one. Owns
 * nothing; anybody may ask, from any thread, but it takes microseconds: not on the path of a
 * packet.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes; 0 where the system's allocator does not tell. */
size_t memory_in_use(void);
/* Gives back to the system what has been freed, where that is a megabyte or more and the allocator
 * can; else false. It takes as many microseconds as there are free pages. */
bool memory_give_back(void);

#endif
