/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/srv.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

#define DRAWS 20000

/* Numbers that look random and are the same each time. */
static uint32_t lot(void *arg, uint32_t max)
{
	uint64_t *state = arg;

	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 33) % ((uint64_t)max + 1));
}

static uint32_t lowest(void *arg, uint32_t max)
{
	(void)arg;
	(void)max;
	return 0;
}

static uint32_t highest(void *arg, uint32_t max)
{
	(void)arg;
	return max;
}

static struct dns_record record(uint16_t priority, uint16_t weight, const char *target)
{
	struct dns_record r = {.rank = priority, .weight = weight, .port = 5060};

	snprintf(r.target, sizeof(r.target), "%s", target);
	return r;
}

static const char *order_of(struct dns_record *r, size_t n)
{
	static char text[100];

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", r[i].target);
	return text;
}

static void test_order(void)
{
	struct dns_record r[] = {record(30, 1, "e"), record(10, 0, "a"), record(20, 5, "d"),
	    record(10, 65535, "c"), record(10, 65535, "b")};

	srv_order(r, 5, lowest, NULL);
	is_str(order_of(r, 5), "abcde", "the lowest lot: weight 0 first, then by name");
	srv_order(r, 5, highest, NULL);
	is_str(order_of(r, 5), "cbade", "the highest: weight 0 last; priorities stay apart");
	srv_order(r, 1, highest, NULL);
	srv_order(NULL, 0, highest, NULL);
	is_str(order_of(r, 1), "c", "one, and none");
}

/* How often each of `n` comes first, of DRAWS. */
static void count_firsts(const struct dns_record *given, size_t n, unsigned *first)
{
	struct dns_record r[4];
	uint64_t state = 42;

	memset(first, 0, n * sizeof(*first));
	for (int i = 0; i < DRAWS; i++) {
		memcpy(r, given, n * sizeof(*r));
		srv_order(r, n, lot, &state);
		first[r[0].target[0] - 'a']++;
	}
}

static bool is_about(unsigned got, double share)
{
	double want = share * DRAWS;

	return got > want * 0.9 - 20 && got < want * 1.1 + 20;
}

static void test_shares(void)
{
	struct dns_record weighed[] = {record(1, 10, "a"), record(1, 20, "b"), record(1, 70, "c")};
	struct dns_record zero[] = {record(1, 0, "a"), record(1, 99, "b")};
	struct dns_record all_zero[] = {record(1, 0, "a"), record(1, 0, "b")};
	unsigned n[4];

	count_firsts(weighed, 3, n);
	ok(is_about(n[0], 0.1) && is_about(n[1], 0.2) && is_about(n[2], 0.7),
	    "each comes first as often as its weight says");
	count_firsts(zero, 2, n);
	ok(n[0] > 0 && is_about(n[0], 0.01), "weight 0 has a small chance");
	count_firsts(all_zero, 2, n);
	is_int(n[0] + n[1], DRAWS, "no weight at all is no trouble");
}

static void test_random(void)
{
	unsigned seen = 0;

	is_int(srv_random(NULL, 0), 0, "of 0 to 0 there is one");
	for (int i = 0; i < 1000; i++)
		seen |= 1u << srv_random(NULL, 3);
	is_int(seen, 15, "both ends are drawn");
}

int main(void)
{
	test_order();
	test_shares();
	test_random();
	return tap_done();
}
