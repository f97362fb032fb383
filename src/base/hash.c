/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_MIN_BUCKETS 16

int hash_init(struct hash *h, size_t n_buckets_hint)
{
	size_t n = HASH_MIN_BUCKETS;

	while (n < n_buckets_hint && n <= SIZE_MAX / 2 / sizeof(*h->bucket))
		n *= 2;
	h->count = 0;
	h->bucket = calloc(n, sizeof(*h->bucket));
	h->n_buckets = h->bucket != NULL ? n : 0;
	return h->bucket != NULL ? 0 : ENOMEM;
}

void hash_done(struct hash *h)
{
	free(h->bucket);
	h->bucket = NULL;
	h->n_buckets = h->count = 0;
}

static void link_node(struct hash_node **bucket, size_t n_buckets, struct hash_node *node)
{
	struct hash_node **slot = &bucket[node->key & (n_buckets - 1)];

	node->next = *slot;
	*slot = node;
}

/* Twice as many buckets; without memory for them the chains just get longer. */
static void grow(struct hash *h)
{
	size_t n = h->n_buckets * 2;
	struct hash_node **bucket, *node, *next;

	if (n > SIZE_MAX / 2 / sizeof(*bucket))
		return;
	bucket = calloc(n, sizeof(*bucket));
	if (bucket == NULL)
		return;
	for (size_t i = 0; i < h->n_buckets; i++) {
		for (node = h->bucket[i]; node != NULL; node = next) {
			next = node->next;
			link_node(bucket, n, node);
		}
	}
	free(h->bucket);
	h->bucket = bucket;
	h->n_buckets = n;
}

void hash_add(struct hash *h, struct hash_node *node, uint64_t key)
{
	if (h->count >= h->n_buckets)
		grow(h);
	node->key = key;
	link_node(h->bucket, h->n_buckets, node);
	h->count++;
}

void hash_del(struct hash *h, struct hash_node *node)
{
	struct hash_node **link;

	if (h->n_buckets == 0)
		return;
	for (link = &h->bucket[node->key & (h->n_buckets - 1)]; *link != NULL;
	     link = &(*link)->next) {
		if (*link == node) {
			*link = node->next;
			node->next = NULL;
			h->count--;
			return;
		}
	}
}

static struct hash_node *find_from(struct hash_node *node, uint64_t key)
{
	while (node != NULL && node->key != key)
		node = node->next;
	return node;
}

struct hash_node *hash_first(const struct hash *h, uint64_t key)
{
	if (h->n_buckets == 0)
		return NULL;
	return find_from(h->bucket[key & (h->n_buckets - 1)], key);
}

struct hash_node *hash_next(const struct hash_node *node)
{
	return find_from(node->next, node->key);
}

void hash_each(struct hash *h, void (*fn)(struct hash_node *node, void *arg), void *arg)
{
	struct hash_node *node, *next;

	for (size_t i = 0; i < h->n_buckets; i++) {
		for (node = h->bucket[i]; node != NULL; node = next) {
			next = node->next;
			fn(node, arg);
		}
	}
}
