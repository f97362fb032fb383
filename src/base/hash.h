/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hash: a table of entries that live inside the caller's own structs (intrusive), keyed by a
 * 64-bit value that the caller computes with siphash. It grows by itself, never shrinks, and
 * never fails after hash_init(): when it cannot grow it only gets slower. Owns no entry.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_node {
	struct hash_node *next;
	uint64_t key;
};

struct hash {
	struct hash_node **bucket;
	size_t n_buckets; /* a power of two */
	size_t count;
};

/* ENOMEM */
int hash_init(struct hash *h, size_t n_buckets_hint);
/* Frees the buckets; the entries are the caller's. */
void hash_done(struct hash *h);
void hash_add(struct hash *h, struct hash_node *node, uint64_t key);
void hash_del(struct hash *h, struct hash_node *node);
/* First entry with that key, then the next one with the same key; NULL at the end. The caller
 * compares the real keys: two different ones may share a hash. */
struct hash_node *hash_first(const struct hash *h, uint64_t key);
struct hash_node *hash_next(const struct hash_node *node);
/* Every entry, in no order; fn may delete the entry that it was handed, and no other. */
void hash_each(struct hash *h, void (*fn)(struct hash_node *node, void *arg), void *arg);

#endif
