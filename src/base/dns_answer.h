/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns_answer: what a name server said, as our own plain arrays: addresses, or records of NAPTR
 * (RFC 3403) and SRV (RFC 2782), with their time to live. Reads c-ares' results, and nothing that
 * it reads is trusted. For resolver alone, but for struct dns_record.
 */
#ifndef BASE_DNS_ANSWER_H
#define BASE_DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* Types of records; no address family has one of these numbers. */
#define DNS_SRV   33
#define DNS_NAPTR 35

#define DNS_HOST_MAX    253
#define DNS_RECORDS_MAX 32

struct dns_record {
	uint16_t rank;                 /* SRV: priority; NAPTR: order. The lowest comes first */
	uint16_t weight;               /* SRV: weight; NAPTR: preference */
	uint16_t port;                 /* SRV */
	char flag;                     /* NAPTR: lower case; 0: none, or several */
	char service[16];              /* NAPTR: lower case, "" when it is longer: none of ours */
	char target[DNS_HOST_MAX + 1]; /* lower case, without the root's dot; "": the root */
};

struct dns_answer {
	int err; /* 0, ENOENT, ETIMEDOUT, ENOMEM: as resolver_fn has them */
	int ttl_s;
	size_t count;
	struct addr *addr; /* one of the two, malloced */
	struct dns_record *record;
};

struct ares_addrinfo;

static inline bool dns_type_is_record(int type)
{
	return type == DNS_SRV || type == DNS_NAPTR;
}

/* `status` is ARES_*. */
void dns_answer_addresses(struct dns_answer *a, int family, int status,
    const struct ares_addrinfo *result);
void dns_answer_records(struct dns_answer *a, int type, int status, const unsigned char *reply,
    size_t len);
/* ENOMEM stands in `to->err` too. */
void dns_answer_copy(struct dns_answer *to, const struct dns_answer *from);
void dns_answer_done(struct dns_answer *a);

#endif
