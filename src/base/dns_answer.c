/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/dns_answer.h"

#define CARES_NO_DEPRECATED /* what Debian 12 has instead of ares_dns_parse() */
#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define MAX_PER_FAMILY 16
#define TTL_MIN_S      5
#define TTL_MAX_S      3600
#define TTL_FAILED_S   10
/* A name without such records: most have none, and every call would ask for them. */
#define TTL_ABSENT_S 60

#define HEADER_LEN 12

void dns_answer_done(struct dns_answer *a)
{
	free(a->addr);
	free(a->record);
	memset(a, 0, sizeof(*a));
}

static int error_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return 0;
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
	case ARES_ENONAME:
	case ARES_EBADNAME:
		return ENOENT;
	case ARES_ENOMEM:
		return ENOMEM;
	default:
		return ETIMEDOUT;
	}
}

static void bound_ttl(struct dns_answer *a)
{
	if (a->err != 0)
		a->ttl_s = TTL_FAILED_S;
	else if (a->ttl_s < TTL_MIN_S)
		a->ttl_s = TTL_MIN_S;
	else if (a->ttl_s > TTL_MAX_S)
		a->ttl_s = TTL_MAX_S;
}

/* --- addresses --------------------------------------------------------------------------- */

/* Appends the addresses of one family, each once, and lowers the time to live to theirs. */
static void collect(struct dns_answer *a, int family, const struct ares_addrinfo *result)
{
	const struct ares_addrinfo_node *n;
	size_t first = a->count;

	for (n = result->nodes; n != NULL && a->count - first < MAX_PER_FAMILY; n = n->ai_next) {
		struct addr *addr = &a->addr[a->count];
		bool twice = false;

		if (n->ai_family != family ||
		    addr_set(addr, n->ai_addr, (socklen_t)n->ai_addrlen) != 0)
			continue;
		for (size_t i = first; i < a->count; i++)
			twice = twice || addr_equal_ip(&a->addr[i], addr);
		if (!twice)
			a->count++;
		if (n->ai_ttl < a->ttl_s)
			a->ttl_s = n->ai_ttl;
	}
}

static void take_addresses(struct dns_answer *a, int family, const struct ares_addrinfo *result)
{
	const struct ares_addrinfo_cname *c;
	struct addr *fitting;

	a->addr = calloc(2 * MAX_PER_FAMILY, sizeof(*a->addr));
	if (a->addr == NULL) {
		a->err = ENOMEM;
		return;
	}
	if (family != AF_INET6)
		collect(a, AF_INET, result);
	if (family != AF_INET)
		collect(a, AF_INET6, result);
	for (c = result->cnames; c != NULL; c = c->next) {
		if (c->ttl < a->ttl_s)
			a->ttl_s = c->ttl;
	}
	if (a->count == 0) {
		a->err = ENOENT;
		return;
	}
	fitting = realloc(a->addr, a->count * sizeof(*a->addr));
	if (fitting != NULL)
		a->addr = fitting;
}

void dns_answer_addresses(struct dns_answer *a, int family, int status,
    const struct ares_addrinfo *result)
{
	memset(a, 0, sizeof(*a));
	a->ttl_s = TTL_MAX_S;
	a->err = error_of(status);
	if (a->err == 0 && result == NULL)
		a->err = ENOENT;
	if (a->err == 0)
		take_addresses(a, family, result);
	bound_ttl(a);
}

/* --- records ----------------------------------------------------------------------------- */

/* Lower case, and no longer than its place; else nothing of it. */
static void copy_text(char *out, size_t size, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len >= size)
		len = 0;
	for (size_t i = 0; i < len; i++)
		out[i] = str_lower(text[i]);
	out[len] = '\0';
}

static int take_srv(struct dns_answer *a, const unsigned char *reply, int len)
{
	struct ares_srv_reply *list = NULL, *s;
	int status = ares_parse_srv_reply(reply, len, &list);

	for (s = list; s != NULL && a->count < DNS_RECORDS_MAX; s = s->next) {
		struct dns_record *r = &a->record[a->count];

		/* A name that is too long is no "service not available". */
		if (s->host == NULL || strlen(s->host) > DNS_HOST_MAX)
			continue;
		r->rank = s->priority;
		r->weight = s->weight;
		r->port = s->port;
		copy_text(r->target, sizeof(r->target), s->host);
		a->count++;
	}
	ares_free_data(list);
	return status;
}

static int take_naptr(struct dns_answer *a, const unsigned char *reply, int len)
{
	struct ares_naptr_reply *list = NULL, *n;
	int status = ares_parse_naptr_reply(reply, len, &list);

	for (n = list; n != NULL && a->count < DNS_RECORDS_MAX; n = n->next) {
		struct dns_record *r = &a->record[a->count++];
		char flag[2];

		r->rank = n->order;
		r->weight = n->preference;
		copy_text(flag, sizeof(flag), (const char *)n->flags);
		r->flag = flag[0];
		copy_text(r->service, sizeof(r->service), (const char *)n->service);
		copy_text(r->target, sizeof(r->target), n->replacement);
	}
	ares_free_data(list);
	return status;
}

static unsigned get16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Past the name that stands there: its labels, or a pointer to others. NULL: it has no end. */
static const unsigned char *skip_name(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p != 0 && *p < 0xc0)
		p += *p + 1;
	if (p >= end)
		return NULL;
	return p + (*p == 0 ? 1 : 2);
}

/* c-ares reads these records without their time to live: the lowest of all in the answer. */
static int lowest_ttl(const unsigned char *reply, size_t len)
{
	const unsigned char *p = reply + HEADER_LEN, *end = reply + len;
	unsigned questions, answers, lowest = TTL_MAX_S;

	if (len < HEADER_LEN)
		return 0;
	questions = get16(reply + 4);
	answers = get16(reply + 6);
	for (; questions > 0 && p != NULL; questions--) {
		p = skip_name(p, end);
		p = p != NULL && end - p >= 4 ? p + 4 : NULL;
	}
	for (; answers > 0 && p != NULL; answers--) {
		unsigned ttl;

		p = skip_name(p, end);
		if (p == NULL || end - p < 10)
			return 0;
		ttl = get16(p + 4) << 16 | get16(p + 6);
		if (ttl < lowest)
			lowest = ttl;
		p = (size_t)(end - p) - 10 >= get16(p + 8) ? p + 10 + get16(p + 8) : NULL;
	}
	return (int)lowest;
}

void dns_answer_records(struct dns_answer *a, int type, int status, const unsigned char *reply,
    size_t len)
{
	memset(a, 0, sizeof(*a));
	a->err = error_of(status);
	if (a->err == 0 && (reply == NULL || len > 65535))
		a->err = ETIMEDOUT;
	if (a->err == 0) {
		a->record = calloc(DNS_RECORDS_MAX, sizeof(*a->record));
		if (a->record == NULL)
			a->err = ENOMEM;
	}
	if (a->err == 0) {
		status =
		    type == DNS_SRV ? take_srv(a, reply, (int)len) : take_naptr(a, reply, (int)len);
		a->err = error_of(status);
		a->ttl_s = lowest_ttl(reply, len);
	}
	if (a->err == 0 && a->count == 0)
		a->err = ENOENT;
	if (a->err != 0)
		a->count = 0;
	bound_ttl(a);
	if (a->err == ENOENT)
		a->ttl_s = TTL_ABSENT_S;
}

/* --- copies ------------------------------------------------------------------------------ */

static void *copy_of(const void *items, size_t count, size_t size, int *err)
{
	void *copy = items != NULL && count > 0 ? calloc(count, size) : NULL;

	if (copy != NULL)
		memcpy(copy, items, count * size);
	else if (items != NULL && count > 0)
		*err = ENOMEM;
	return copy;
}

void dns_answer_copy(struct dns_answer *to, const struct dns_answer *from)
{
	*to = (struct dns_answer){.err = from->err, .ttl_s = from->ttl_s};
	to->addr = copy_of(from->addr, from->count, sizeof(*from->addr), &to->err);
	to->record = copy_of(from->record, from->count, sizeof(*from->record), &to->err);
	to->count = to->err == 0 ? from->count : 0;
}
