/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "failing_alloc.h"

#include "proxy/location.c" /* so that its allocations can be made to fail */

#include "tap.h"

#define KEY ((const uint8_t *)"0123456789abcdef")

static struct location_contact phone(const char *user, const char *contact, const char *instance,
    const char *call_id)
{
	static char aor[64];

	snprintf(aor, sizeof(aor), "sip:%s@example.net", user);
	return (struct location_contact){.aor = str_of(aor),
	    .user = str_of(user),
	    .contact = str_of(contact),
	    .instance = str_of(instance),
	    .call_id = str_of(call_id)};
}

static struct binding *enter(struct location *loc, struct location_contact c, int64_t until)
{
	struct binding *b = NULL;

	if (location_offer(loc, &c, 100, &b) != 0 || location_confirm(loc, b, &c, until, 100) != 0)
		return NULL;
	return b;
}

static size_t find(struct location *loc, const char *name, int64_t now, bool *lately)
{
	struct binding *found[4];

	return location_find(loc, str_of(name), now, found, 4, lately);
}

/* One account may not fill the table, nor the 200 that lists its phones. */
static void test_many_phones(void)
{
	struct location *loc;
	struct binding *b;
	char contact[64], call_id[32];

	is_int(location_new(&loc, KEY, 1000), 0, "a large table");
	for (int i = 0; i <= LOCATION_AOR_MAX; i++) {
		struct location_contact c;
		int err;

		snprintf(contact, sizeof(contact), "sip:alice@192.168.1.%d", i + 1);
		snprintf(call_id, sizeof(call_id), "call-%d", i);
		c = phone("alice", contact, NULL, call_id);
		err = location_offer(loc, &c, 100, &b);
		if (i == LOCATION_AOR_MAX)
			is_int(err, ENOSPC, "takes so many phones of one account");
		else if (err)
			ok(false, "a phone");
	}
	is_int((long long)location_count(loc), LOCATION_AOR_MAX, "and no more");
	location_free(loc);
}

static void test_life(void)
{
	struct location *loc;
	struct location_contact c = phone("alice", "sip:alice@192.168.1.10", NULL, "call-1");
	struct binding *b, *same;
	struct sip_uri uri;
	bool lately;
	uint64_t version;

	is_int(location_new(&loc, KEY, 10), 0, "a table");
	is_int(location_offer(loc, &c, 100, &b), 0, "a phone is offered");
	is_str(b->mask_user, "alice", "under its plain name");
	is_int((long long)find(loc, "alice", 100, &lately), 0, "but does not count yet");
	ok(!lately, "and never did");
	is_int((long long)location_version(loc), 0, "there is nothing to save");
	version = location_version(loc);
	is_int(location_confirm(loc, b, &c, 200, 100), 0, "the registrar grants it");
	ok(location_version(loc) > version, "that is worth saving");
	is_int((long long)find(loc, "alice", 100, &lately), 1, "now it counts");
	is_int((long long)find(loc, "Alice", 100, &lately), 0, "user parts differ by case");
	sip_uri_parse(&uri, str_of("sip:alice@192.168.1.10:5060;x=y"));
	ok(location_by_contact(loc, &uri, str_of("")) == b, "it is found by its contact");
	sip_uri_parse(&uri, str_of("sip:alice@192.168.1.10:5062"));
	ok(location_by_contact(loc, &uri, str_of("")) == NULL, "and by no other");

	c.contact = str_of("sip:alice@192.168.1.77");
	location_offer(loc, &c, 150, &same);
	ok(same == b, "a new address with the same Call-ID is the same phone");
	is_str(b->contact, "sip:alice@192.168.1.10", "an offer changes nothing");
	location_confirm(loc, b, &c, 300, 150);
	is_str(b->contact, "sip:alice@192.168.1.77", "the grant does");
	sip_uri_parse(&uri, str_of("sip:alice@192.168.1.77"));
	ok(location_by_contact(loc, &uri, str_of("")) == b, "and it is found by that");

	is_int((long long)find(loc, "alice", 300, &lately), 0, "it expires");
	ok(lately, "and is remembered for a while");
	location_expire(loc, 300 + LOCATION_LATELY_S);
	is_int((long long)location_count(loc), 1, "as long as promised");
	location_expire(loc, 301 + LOCATION_LATELY_S);
	is_int((long long)location_count(loc), 0, "and then forgotten");

	location_offer(loc, &c, 100, &b);
	location_expire(loc, 165);
	is_int((long long)location_count(loc), 0, "an offer without an answer is forgotten soon");

	b = enter(loc, c, 200);
	version = location_version(loc);
	is_int(location_confirm(loc, b, &c, 100, 100), 0, "expires=0");
	is_int((long long)location_count(loc), 0, "removes it");
	ok(location_version(loc) > version, "which is worth saving");
	location_free(loc);
}

static void test_who_is_who(void)
{
	struct location *loc;
	struct binding *a, *b, *c, *d;
	char token[64];
	bool lately;

	location_new(&loc, KEY, 10);
	a = enter(loc, phone("bob", "sip:bob@192.168.1.10", "<urn:uuid:1>", "c1"), 200);
	b = enter(loc, phone("bob", "sip:bob@192.168.1.11", "<urn:uuid:2>", "c2"), 200);
	ok(a != b && strcmp(a->mask_user, "bob") == 0, "two instances are two phones");
	ok(strncmp(b->mask_user, "bob-", 4) == 0 && strlen(b->mask_user) == 12, "one has a token");
	snprintf(token, sizeof(token), "%s", b->mask_user);
	ok(enter(loc, phone("bob", "sip:bob@192.168.1.10", "<urn:uuid:2>", "c1"), 200) == b,
	    "the instance decides, whatever else agrees");
	is_int((long long)find(loc, "bob", 100, &lately), 2, "the name reaches both");
	is_int((long long)find(loc, token, 100, &lately), 1, "the token one");
	ok(location_by_name(loc, str_of(token)) == b, "the right one");

	c = enter(loc, phone("bob", "sip:bob@192.168.1.12", NULL, "c3"), 200);
	ok(c != a && c != b, "without an instance the Call-ID decides");
	ok(enter(loc, phone("bob", "sip:bob@192.168.1.12", NULL, "c4"), 200) == c,
	    "or the contact after a reboot of the phone");
	d = enter(loc, phone("bob", "sip:bob@192.168.1.13", NULL, "c4"), 200);
	ok(d == c, "and the Call-ID that it has now");

	location_remove(loc, a);
	is_int((long long)find(loc, "bob", 100, &lately), 2, "the first one leaves");
	ok(location_by_name(loc, str_of(token)) == b, "the others keep their names");
	location_remove(loc, b);
	location_remove(loc, c);
	enter(loc, phone("bob", "sip:bob@192.168.1.10", "<urn:uuid:1>", "c1"), 200);
	b = enter(loc, phone("bob", "sip:bob@192.168.1.11", "<urn:uuid:2>", "c9"), 200);
	is_str(b->mask_user, token, "a phone has the same token each time");
	enter(loc, phone("carl", "sip:carl@192.168.1.10", NULL, "x"), 200);
	location_remove_aor(loc, str_of("sip:bob@example.net"), str_of(""));
	is_int((long long)location_count(loc), 1, "Contact: * removes the address-of-record's");
	location_free(loc);
}

/* The same user part at two providers. */
static void test_two_providers(void)
{
	struct location *loc;
	struct location_contact c = phone("100", "sip:100@192.168.1.10", NULL, "c1");
	struct binding *a, *b;
	bool lately;

	location_new(&loc, KEY, 2);
	a = enter(loc, c, 200);
	c.aor = str_of("sip:100@example.org");
	b = enter(loc, c, 200);
	ok(a != b, "one phone with two accounts has two bindings");
	is_int((long long)find(loc, b->mask_user, 100, &lately), 1, "with names of their own");
	c.aor = str_of("sip:100@example.com");
	is_int(location_offer(loc, &c, 100, &b), ENOSPC, "the table has a limit");
	location_set_max(loc, 3);
	is_int(location_offer(loc, &c, 100, &b), 0, "that may change");
	location_free(loc);
}

/* Who granted a binding; nobody else has a say in it. */
static void test_two_registrars(void)
{
	struct location *loc;
	struct location_contact c = phone("alice", "sip:alice@192.168.1.10", NULL, "c1");
	struct location_contact other;
	struct binding *a, *b;
	bool lately;

	location_new(&loc, KEY, 10);
	c.domain = str_of("example.net");
	addr_parse(&c.peer, "192.168.1.10", 5060);
	a = enter(loc, c, 200);
	other = c;
	other.domain = str_of("evil.example");
	addr_parse(&other.peer, "192.168.1.66", 5060);
	b = enter(loc, other, 200);
	ok(a != b, "the same account at another registrar is another one");
	ok(addr_equal_ip(&a->peer, &c.peer), "the first one's phone stays where it is");
	is_int((long long)find(loc, a->mask_user, 100, &lately), 1, "its calls go to it alone");
	location_remove_aor(loc, other.aor, other.domain);
	ok(location_by_name(loc, str_of("alice")) == a, "Contact: * there does not remove it");
	other = c;
	other.domain = str_of("EXAMPLE.net");
	ok(enter(loc, other, 300) == a, "a domain's case says nothing");
	other.call_id = str_of("c2");
	addr_parse(&other.peer, "192.168.1.66", 5060);
	ok(enter(loc, other, 300) != a, "the same contact behind another IP is another phone");
	location_free(loc);
}

/* Two contacts of one REGISTER. */
static void test_two_contacts(void)
{
	struct location *loc;
	struct location_contact old = phone("bob", "sip:bob@192.168.1.10:5060", NULL, "c1");
	struct location_contact new = phone("bob", "sip:bob@192.168.1.10:5062", NULL, "c1");
	struct binding *a, *b;

	location_new(&loc, KEY, 10);
	a = enter(loc, old, 200);
	location_offer(loc, &new, 100, &b);
	ok(a == b, "a new contact with that Call-ID is the same phone");
	new.not_by_call_id = true;
	location_offer(loc, &new, 100, &b);
	ok(a != b, "unless its REGISTER names the old one too");
	old.not_by_call_id = true;
	location_offer(loc, &old, 100, &b);
	ok(a == b, "which is found by its contact");
	location_free(loc);
}

static void test_restore(void)
{
	struct location *loc;
	struct location_contact c = phone("bob", "sip:bob@192.168.1.10", NULL, NULL);
	struct binding *b;

	location_new(&loc, KEY, 3);
	is_int(location_restore(loc, &c, str_of("bob-1234abcd"), 500), 0, "of an earlier run");
	is_int((long long)location_version(loc), 0, "is nothing new");
	is_int(location_restore(loc, &c, str_of("bob-1234abcd"), 500), EEXIST, "a name is unique");
	c.call_id = str_of("new");
	location_offer(loc, &c, 100, &b);
	is_str(b->mask_user, "bob-1234abcd", "the phone keeps its name over the restart");
	location_free(loc);
}

static void test_no_memory(void)
{
	long n = 0;
	bool failed = true;

	for (; failed && n < 1000; n++) {
		struct location *loc = NULL;
		struct binding *b;
		struct location_contact c = phone("bob", "sip:bob@192.168.1.10", "<urn:1>", "c1");

		alloc_until_failure = n;
		failed = location_new(&loc, KEY, 10) != 0 ||
		    location_offer(loc, &c, 100, &b) != 0 ||
		    location_confirm(loc, b, &c, 200, 100) != 0;
		alloc_until_failure = -1;
		location_free(loc);
	}
	ok(n > 8 && n < 1000, "each allocation may fail");
}

int main(void)
{
	test_many_phones();
	test_life();
	test_who_is_who();
	test_two_providers();
	test_two_registrars();
	test_two_contacts();
	test_restore();
	test_no_memory();
	return tap_done();
}
