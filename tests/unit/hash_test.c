/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"

#include "base/list.h"
#include "tap.h"

struct item {
	struct hash_node node;
	int number;
};

static struct hash table;
static struct item items[1000];

static struct item *item_of(struct hash_node *node)
{
	return node != NULL ? container_of(node, struct item, node) : NULL;
}

static void count_one(struct hash_node *node, void *arg)
{
	*(int *)arg += item_of(node)->number;
}

static void delete_odd(struct hash_node *node, void *arg)
{
	(void)arg;
	if (item_of(node)->number % 2 != 0) {
		hash_del(&table, node);
		memset(node, 0xee, sizeof(*node)); /* as if freed */
	}
}

int main(void)
{
	struct item twin[3] = {{.number = 1}, {.number = 2}, {.number = 4}};
	struct hash_node *node;
	int sum = 0, missing = 0;

	is_int(hash_init(&table, 3), 0, "a table");
	ok((table.n_buckets & (table.n_buckets - 1)) == 0, "its size is a power of two");
	ok(hash_first(&table, 7) == NULL, "it is empty");

	for (int i = 0; i < 3; i++)
		hash_add(&table, &twin[i].node, 77);
	hash_add(&table, &items[0].node, 77 + table.n_buckets); /* same bucket, other key */
	for (node = hash_first(&table, 77); node != NULL; node = hash_next(node))
		sum += item_of(node)->number;
	is_int(sum, 7, "all entries of one key are found, and no other");
	hash_del(&table, &twin[1].node);
	sum = 0;
	for (node = hash_first(&table, 77); node != NULL; node = hash_next(node))
		sum += item_of(node)->number;
	is_int(sum, 5, "one of them can go");
	hash_del(&table, &twin[1].node);
	is_int((int)table.count, 3, "deleting twice is harmless");
	hash_del(&table, &items[0].node);
	hash_del(&table, &twin[0].node);
	hash_del(&table, &twin[2].node);
	is_int((int)table.count, 0, "empty again");

	for (int i = 0; i < 1000; i++) {
		items[i].number = i;
		hash_add(&table, &items[i].node, (uint64_t)i * 0x9e3779b97f4a7c15ULL);
	}
	ok(table.n_buckets >= 1000, "it has grown");
	for (int i = 0; i < 1000; i++)
		missing +=
		    item_of(hash_first(&table, (uint64_t)i * 0x9e3779b97f4a7c15ULL)) != &items[i];
	is_int(missing, 0, "everything is found after growing");
	sum = 0;
	hash_each(&table, count_one, &sum);
	is_int(sum, 499500, "each is visited once");
	hash_each(&table, delete_odd, NULL);
	is_int((int)table.count, 500, "a visitor may delete what it was handed");
	sum = 0;
	hash_each(&table, count_one, &sum);
	is_int(sum, 249500, "the others remain");
	hash_done(&table);
	ok(hash_first(&table, 0) == NULL, "after hash_done() nothing is found");
	hash_done(&table);
	return tap_done();
}
