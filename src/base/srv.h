/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * srv: in which order the servers that SRV records name are tried (RFC 2782). A pure function of
 * the records and the given randomness.
 */
#ifndef BASE_SRV_H
#define BASE_SRV_H

#include <stddef.h>
#include <stdint.h>

#include "base/dns_answer.h"

/* A number from 0 to max, both included. */
typedef uint32_t srv_random_fn(void *arg, uint32_t max);
/* The system's randomness; `arg` is not looked at. */
srv_random_fn srv_random;

/* By priority; among equals by lot, with the weights as shares; weight 0 has the least. */
void srv_order(struct dns_record *record, size_t count, srv_random_fn *random, void *arg);

#endif
