/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_reading: one reading of one file, and the three steps it takes: config.c gets the text
 * and its lines, config_set.c takes each setting, config_check.c looks at the whole. Used by those
 * three alone; lives on config.c's stack.
 */
#ifndef CONFIG_READING_H
#define CONFIG_READING_H

#include "config_lines.h"
#include "config_messages.h"
#include "config_store.h"
#include "config_table.h"

struct list_entry {
	const struct config_row *row;
	unsigned line;
};

struct reading {
	struct config_messages *msgs;
	const char *file;
	unsigned line;
	size_t errors; /* ERRs of this file; msgs may have some from before */
	bool no_memory;
	struct config_store *store;
	unsigned *set_at;         /* by the row's index: the line that set it, 0: none did */
	struct list_entry *entry; /* of each list's entries, in the order of the file */
	size_t n_entries, cap_entries;
	struct config *c; /* after the last line */
};

/* Says something about the line in hand. */
#define reading_say(r, level, ...)                                                 \
	do {                                                                       \
		if ((level) == CONFIG_ERR)                                         \
			(r)->errors++;                                             \
		config_say((r)->msgs, (level), (r)->file, (r)->line, __VA_ARGS__); \
	} while (0)

static inline unsigned *reading_set_at(struct reading *r, const struct config_row *row)
{
	return &r->set_at[row - config_row_at(0)];
}

/* The line of a list's n-th entry; of what is no list, the line that set it. 0: none did. */
unsigned reading_line_of(struct reading *r, const struct config_row *row, size_t n);

/* Frees the entries and leaves an empty list. */
void config_list_free(struct config_list *list);
void config_numbers_free(struct config_numbers *numbers);

/* Takes one line of the file. */
void config_set_line(struct reading *r, const struct config_line *line);

/* What several options say together; repairs what must be. ERRs are counted in r->errors. */
void config_check(struct reading *r);

/* Options that contradict one another: what is said about them. */
void config_hints(struct reading *r);

#endif
