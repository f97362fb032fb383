/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/servers.h"

#include <stdio.h>

#include "base/timers.h"
#include "tap.h"

static struct timers timers;
static struct servers *servers;

static struct located server(unsigned n)
{
	struct located l = {.transport = SIP_UDP};
	char ip[32];

	snprintf(ip, sizeof(ip), "192.0.%u.%u", n / 256, n % 256);
	addr_parse(&l.addr, ip, 5060);
	return l;
}

static uint64_t account(const char *from, const char *name)
{
	return servers_account(servers, str_of(from), name);
}

static bool has_failed(unsigned n)
{
	struct located l = server(n);

	return servers_has_failed(servers, &l);
}

static void fail(unsigned n, unsigned for_s)
{
	struct located l = server(n);

	servers_failed(servers, &l, for_s);
}

static void answer(uint64_t who, unsigned n)
{
	struct located l = server(n);

	servers_answered(servers, who, &l);
}

static void wait_s(uint64_t s)
{
	timers_set_now(&timers, timers_now(&timers) + 1000 * s);
}

static bool is_server(const struct located *l, unsigned n)
{
	struct located want = server(n);

	return addr_equal(&l->addr, &want.addr);
}

static void test_accounts(void)
{
	uint64_t alice = account("sip:alice@Example.net;x=1", "example.NET");

	ok(alice != 0, "nobody's number is nobody's");
	ok(alice == account("sip:alice@example.net:5062", "example.net"),
	    "a host's case and parameters do not matter");
	ok(alice != account("sip:Alice@example.net", "example.net"), "the user's case does");
	ok(alice != account("sip:alice@example.net", "other.net"), "and so does the name");
	ok(account("tel:+49", "a") != account("tel:+48", "a"), "numbers have accounts too");
}

static void test_failed(void)
{
	struct located tcp = server(1);

	tcp.transport = SIP_TCP;
	ok(!has_failed(1), "nothing is known");
	fail(1, 0);
	ok(has_failed(1) && !servers_has_failed(servers, &tcp), "out, for that transport");
	wait_s(29);
	fail(1, 0);
	wait_s(1);
	ok(!has_failed(1), "30 s, whoever else notices");
	fail(1, 0);
	wait_s(59);
	ok(has_failed(1), "twice as long the next time");
	wait_s(1);
	for (int i = 0; i < 10; i++) {
		wait_s(600);
		fail(1, 0);
	}
	wait_s(599);
	ok(has_failed(1), "and so on");
	wait_s(1);
	ok(!has_failed(1), "up to ten minutes");
	fail(1, 99999);
	wait_s(600);
	ok(!has_failed(1), "nor does Retry-After last for longer");
	fail(1, 0);
	answer(0, 1);
	ok(!has_failed(1), "an answer forgives");
	fail(1, 0);
	wait_s(30);
	ok(!has_failed(1), "all");
}

static void test_order(void)
{
	struct located list[] = {server(10), server(11), server(12), server(13)}, kept;
	uint64_t alice = account("sip:alice@a", "a");

	fail(10, 0);
	answer(alice, 12);
	servers_sort(servers, alice, NULL, list, 4);
	ok(is_server(&list[0], 12), "the account's first");
	ok(is_server(&list[3], 10), "the dead one last");
	ok(is_server(&list[1], 11), "the others as they were");
	kept = server(13);
	servers_sort(servers, alice, &kept, list, 4);
	ok(addr_equal(&list[0].addr, &kept.addr), "unless another one is preferred");
	fail(12, 0);
	servers_sort(servers, alice, NULL, list, 4);
	ok(!is_server(&list[0], 12), "or it has failed");
	ok(servers_kept(servers, alice, &kept), "an account is remembered");
	wait_s(86400);
	ok(!servers_kept(servers, alice, &kept), "for a day");
	answer(alice, 11);
	ok(servers_kept(servers, alice, &kept) && is_server(&kept, 11), "and then anew");
}

static void test_bounds(void)
{
	struct located kept;
	char from[32];

	for (unsigned i = 0; i < 257; i++)
		fail(1000 + i, 0);
	ok(!has_failed(1000) && has_failed(1001) && has_failed(1256), "256 that have failed");
	for (unsigned i = 0; i < 1025; i++) {
		snprintf(from, sizeof(from), "sip:u%u@a", i);
		answer(account(from, "a"), i);
	}
	ok(!servers_kept(servers, account("sip:u0@a", "a"), &kept), "1024 accounts");
	ok(servers_kept(servers, account("sip:u1@a", "a"), &kept), "no fewer");
}

int main(void)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = "0123456789abcde";

	timers_init(&timers, 1000);
	if (servers_new(&servers, &timers, key) != 0)
		return 99;
	test_accounts();
	test_failed();
	test_order();
	test_bounds();
	servers_free(servers);
	servers_free(NULL);
	timers_done(&timers);
	return tap_done();
}
