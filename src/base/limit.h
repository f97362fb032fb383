/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit: how often one source (its IPv4 address, or IPv6 /64) may do something: a token bucket
 * per source in a table that grows up to a given size. When it is full the source that was quiet
 * longest makes room, so memory is bounded whatever arrives.
 */
#ifndef BASE_LIMIT_H
#define BASE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct limit;

/* per_minute tokens flow in, at most burst are held (so a burst of 0 allows nothing); sources: how
 * many are known at a time. ENOMEM; EINVAL for more than a million. */
int limit_new(struct limit **out, unsigned per_minute, unsigned burst, unsigned sources);
void limit_free(struct limit *l);
/* Takes one token of that source; false when it has none left (or there is no memory for any). */
bool limit_take(struct limit *l, const struct addr *source, uint64_t now_ms);

/* That source has a token left, and keeps it. */
bool limit_has(struct limit *l, const struct addr *source, uint64_t now_ms);

#endif
