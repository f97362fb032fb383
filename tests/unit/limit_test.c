/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/limit.h"

#include <stdio.h>

#include "tap.h"

static struct limit *l;

static bool take(const char *ip, uint64_t now_ms)
{
	struct addr a;

	addr_parse(&a, ip, (uint16_t)now_ms);
	return limit_take(l, &a, now_ms);
}

static int take_all(const char *ip, uint64_t now_ms)
{
	int n = 0;

	while (n < 1000 && take(ip, now_ms))
		n++;
	return n;
}

static void test_flow(void)
{
	is_int(limit_new(&l, 60, 5, 10), 0, "one a second, five at once");
	is_int(take_all("192.0.2.1", 1000), 5, "the burst");
	is_int(take_all("192.0.2.2", 1000), 5, "another source has its own");
	ok(!take("192.0.2.1", 1999), "not yet");
	ok(take("192.0.2.1", 2000) && !take("192.0.2.1", 2000), "one after a second");
	is_int(take_all("192.0.2.1", 4500), 2, "two after two and a half");
	ok(take("192.0.2.1", 5000), "... and the half was kept");
	is_int(take_all("192.0.2.1", 1000 * 3600), 5, "never more than the burst");
	ok(!take("192.0.2.1", 1), "a clock that goes back gives nothing");
	is_int(take_all("192.0.2.1", UINT64_MAX), 5, "the end of time");
	limit_free(l);
}

static void test_ip6(void)
{
	limit_new(&l, 60, 2, 10);
	ok(take("2001:db8::1", 0) && take("2001:db8::2", 0), "two hosts of one /64");
	ok(!take("2001:db8::3:4:5:6", 0), "... are one source");
	ok(take("2001:db8:0:1::1", 0), "the next /64 is another");
	limit_free(l);
}

static void test_full(void)
{
	char ip[32];

	limit_new(&l, 1, 1, 100);
	for (int i = 0; i < 100; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%d", i);
		take(ip, (uint64_t)i);
	}
	ok(!take("10.0.0.0", 100), "the table is full, and the oldest is known");
	ok(take("10.0.1.0", 101), "a newcomer finds room");
	ok(!take("10.0.0.0", 102), "who has just spoken stays");
	ok(take("10.0.0.1", 103), "who was quiet longest made room");
	for (int i = 0; i < 100000; i++) {
		snprintf(ip, sizeof(ip), "11.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		take(ip, 200);
	}
	ok(take("10.0.0.50", 200), "a flood of sources forgets others and fills nothing");
	limit_free(l);
}

static void test_odd(void)
{
	limit_new(&l, 0, 3, 0);
	is_int(take_all("192.0.2.1", 0), 3, "nothing flows in");
	is_int(take_all("192.0.2.1", UINT64_MAX / 2), 0, "... ever");
	limit_free(l);
	limit_new(&l, UINT32_MAX, UINT32_MAX, 4);
	ok(take("192.0.2.1", 0) && take("192.0.2.1", UINT64_MAX), "the largest numbers");
	limit_free(l);
	limit_new(&l, 60, 0, 4);
	ok(!take("192.0.2.1", 0), "no burst, no token");
	limit_free(l);
	limit_free(NULL);
}

int main(void)
{
	test_flow();
	test_ip6();
	test_full();
	test_odd();
	return tap_done();
}
