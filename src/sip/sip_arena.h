/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_arena: where libosip2 allocates from. It takes some sixty small pieces for a message and
 * gives them all back before the next one; malloc() and free() were a third of what that cost.
 * For the one thread that parses; called by service. What does not fit comes from malloc().
 */
#ifndef SIP_SIP_ARENA_H
#define SIP_SIP_ARENA_H

#include <stddef.h>

/* From now on libosip2 asks here. What it got before may still be freed. */
void sip_arena_use(void);

/* As malloc(), realloc() and free(). */
void *sip_arena_malloc(size_t size);
void *sip_arena_realloc(void *old, size_t size);
void sip_arena_free(void *block);

#endif
