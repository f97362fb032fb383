/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/nonces.h"

#include <stdio.h>

#include "tap.h"

static struct addr peer, other;

static bool use(struct nonces *n, const char *nonce, uint32_t count, uint64_t request, uint64_t ms)
{
	return nonces_use(n, str_of(nonce), &peer, count, request, ms);
}

static void test_life(struct nonces *n)
{
	char a[NONCE_TEXT_MAX], b[NONCE_TEXT_MAX];

	nonces_make(n, &peer, 1000, a);
	nonces_make(n, &peer, 1000, b);
	ok(strcmp(a, b) != 0, "each nonce is another");
	ok(use(n, a, 1, 100, 2000), "one serves");
	ok(use(n, a, 1, 100, 2000), "for the retransmission, too");
	ok(!use(n, a, 1, 101, 2000), "but for no other request with that count");
	ok(use(n, a, 7, 102, 2000), "counts may skip");
	ok(!use(n, a, 6, 103, 2000), "but do not go back");
	ok(!nonces_use(n, str_of(b), &other, 1, 104, 2000), "nobody else can use it");
	addr_set_port(&peer, 9);
	ok(use(n, b, 0, 105, 2000), "another port of the phone can; without a count");
	ok(!use(n, b, 0, 106, 2000), "once");
	nonces_make(n, &peer, 1000, a);
	ok(use(n, a, 1, 1, 300999), "it is good for five minutes");
	ok(!use(n, a, 2, 2, 301000), "and not longer");
}

static void test_forged(struct nonces *n)
{
	char good[NONCE_TEXT_MAX], text[NONCE_TEXT_MAX + 8];
	struct nonces *later;
	bool any = false;

	nonces_make(n, &peer, 1000, good);
	for (size_t i = 0; good[i]; i++) {
		strcpy(text, good);
		text[i] = text[i] == '0' ? '1' : '0';
		any |= use(n, text, 1, 1, 1000);
	}
	ok(!any, "no letter of it can be changed");
	snprintf(text, sizeof(text), "0%s", good);
	ok(!use(n, text, 1, 1, 1000), "nor is there another way to write it");
	ok(!use(n, "", 1, 1, 1000) && !use(n, "x", 1, 1, 1000) && !use(n, "1.1", 1, 1, 1000) &&
		!use(n, "ffffffffffffffff.ffffffffffffffff.ffffffffffffffff", 1, 1, 1000) &&
		!use(n, "fffffffffffffffff.fffffffffffffffff.ffffffffffffffffffffffffffff", 1, 1,
		    1),
	    "and what is none is none");
	nonces_new(&later);
	ok(!nonces_use(later, str_of(good), &peer, 1, 1, 1000), "a restart ends them all");
	nonces_free(later);
}

/* However many there are: what has served cannot serve again. */
static void test_many(struct nonces *n)
{
	enum { MANY = 10000 };
	static char nonce[MANY][NONCE_TEXT_MAX];
	unsigned good = 0, again = 0;

	for (unsigned i = 0; i < MANY; i++)
		nonces_make(n, &peer, 1000, nonce[i]);
	for (unsigned i = 0; i < MANY; i++)
		good += use(n, nonce[i], 1, i, 1000);
	for (unsigned i = 0; i < MANY; i++)
		again += use(n, nonce[i], 1, MANY + i, 1000);
	is_int(good, MANY, "ten thousand serve");
	is_int(again, 0, "and none of them again, though not all can be remembered");
}

int main(void)
{
	struct nonces *n;

	addr_parse(&peer, "192.0.2.1", 5060);
	addr_parse(&other, "192.0.2.2", 5060);
	is_int(nonces_new(&n), 0, "nonces");
	test_life(n);
	test_forged(n);
	test_many(n);
	nonces_free(n);
	return tap_done();
}
