/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counter: numbers that one thread counts and any thread reads. Each one that is read is whole, and
 * no two of them need agree, so nothing here orders anything. Used by flow, rtp_stats and rtcp.
 */
#ifndef MEDIA_COUNTER_H
#define MEDIA_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

static inline uint32_t counter32_get(const _Atomic uint32_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline uint64_t counter64_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void counter32_set(_Atomic uint32_t *counter, uint32_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

static inline void counter64_set(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

/* With one thread that writes this need not be an atomic addition, which costs more. */
static inline void counter32_add(_Atomic uint32_t *counter, uint32_t n)
{
	counter32_set(counter, counter32_get(counter) + n);
}

static inline void counter64_add(_Atomic uint64_t *counter, uint64_t n)
{
	counter64_set(counter, counter64_get(counter) + n);
}

#endif
