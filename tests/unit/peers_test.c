/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/peers.c"

#include "tap.h"

static const uint8_t KEY[SIPHASH_KEY_LEN] = {1};

static struct addr at(const char *ip, uint16_t port)
{
	struct addr a;

	addr_parse(&a, ip, port);
	return a;
}

static size_t count(const struct peers *p, const struct addr *a)
{
	const struct list *all = peers_at(p, a);
	size_t n = 0;

	for (const struct list *l = all ? all->next : all; l != all; l = l->next)
		n++;
	return n;
}

static void test_members(void)
{
	struct addr a = at("192.0.2.1", 5060), a2 = at("192.0.2.1", 9), b = at("2001:db8::1", 5060);
	struct peer_member m[3] = {{{NULL, NULL}, NULL}};
	struct peers *p;

	is_int(peers_new(&p, KEY), 0, "a table");
	ok(!peers_at(p, &a), "nobody is there");
	for (int i = 0; i < 3; i++)
		peers_put(p, &m[i], i < 2 ? &a : &b);
	is_int((long long)count(p, &a2), 2, "two at one address, whatever the port");
	is_int((long long)count(p, &b), 1, "one at another");
	peers_put(p, &m[0], &a2);
	is_int((long long)count(p, &a), 2, "one that stays");
	peers_put(p, &m[0], &b);
	is_int((long long)count(p, &a), 1, "one that goes");
	is_int((long long)count(p, &b), 2, "is elsewhere");
	for (int i = 0; i < 3; i++)
		peers_remove(p, &m[i]);
	peers_remove(p, &m[0]);
	ok(!peers_at(p, &a) && !peers_at(p, &b), "all have gone");
	peers_free(p);
	peers_free(NULL);
}

int main(void)
{
	test_members();
	return tap_done();
}
