/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/srv.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

uint32_t srv_random(void *arg, uint32_t max)
{
	uint64_t n;

	(void)arg;
	random_bytes(&n, sizeof(n));
	return (uint32_t)(n % ((uint64_t)max + 1));
}

/* Those without a weight stand first in their group, as the RFC's way of drawing wants it. */
static int compare(const void *left, const void *right)
{
	const struct dns_record *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if ((a->weight == 0) != (b->weight == 0))
		return a->weight == 0 ? -1 : 1;
	return strcmp(a->target, b->target);
}

/* Draws one of a group and puts it in front of the others, which keep their order. */
static void draw(struct dns_record *group, size_t count, srv_random_fn *random, void *arg)
{
	struct dns_record drawn;
	uint32_t sum = 0, lot;
	size_t i;

	for (i = 0; i < count; i++)
		sum += group[i].weight;
	lot = random(arg, sum);
	sum = 0;
	for (i = 0; i + 1 < count; i++) {
		sum += group[i].weight;
		if (sum >= lot)
			break;
	}
	drawn = group[i];
	memmove(group + 1, group, i * sizeof(*group));
	group[0] = drawn;
}

void srv_order(struct dns_record *record, size_t count, srv_random_fn *random, void *arg)
{
	size_t end;

	if (count == 0)
		return;
	qsort(record, count, sizeof(*record), compare);
	for (size_t i = 0; i < count; i++) {
		for (end = i + 1; end < count && record[end].rank == record[i].rank;)
			end++;
		draw(record + i, end - i, random, arg);
	}
}
