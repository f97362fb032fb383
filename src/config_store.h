/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_store: libconfuse, fed one setting at a time and emptied into a struct config. It sees
 * only text that we have quoted, so nothing in a file can mean more to it than to us. Owns its
 * strings until it is closed. The only user of libconfuse; used by config.c and config_set.c.
 */
#ifndef CONFIG_STORE_H
#define CONFIG_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "config_table.h"

struct config_store;

/* Every option has its default. ENOMEM */
int config_store_open(struct config_store **out);
void config_store_close(struct config_store *s);

/* A scalar; numbers as decimal text that the row allows. ENOMEM, EINVAL when libconfuse refuses. */
int config_store_set(struct config_store *s, const struct config_row *row, const char *value);
/*
 * Adds `count` items, standing one behind the other in `items` with a NUL each, to a list, or
 * makes them the list. ENOMEM, EINVAL, E2BIG when it would have more than CONFIG_LIST_MAX.
 */
int config_store_add(struct config_store *s, const struct config_row *row, const char *items,
    size_t count, bool replace);

/* Copies the value into its field of `c`, which is zero before. ENOMEM */
int config_store_copy(struct config_store *s, const struct config_row *row, struct config *c);

#endif
