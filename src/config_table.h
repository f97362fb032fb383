/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_table: every option, declared once: ours in config_table.c, those of plugins by each
 * plugin itself. The loader, the dump, and the tests that compare the manual page and the example
 * file with the program all read these rows, and the plugins' host finds values by them. Constant
 * data.
 */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

enum option_type {
	OPT_INT,     /* int */
	OPT_BOOL,    /* bool */
	OPT_MASK,    /* uint32_t; -1 means all bits */
	OPT_ENUM,    /* int, index into the words of `unit` */
	OPT_STRING,  /* char * */
	OPT_LIST,    /* struct config_list; a repeated key appends, commas have no meaning */
	OPT_PLUGINS, /* the same; names of plugins */
	OPT_NUMBERS, /* struct config_numbers; a repeated key appends */
	OPT_WORDS,   /* struct config_list; separated by commas, a repeated key replaces */
	OPT_ACL,     /* struct acl; as OPT_WORDS */
	OPT_ALIAS,   /* another name for `instead` */
	OPT_RETIRED, /* no longer an option; `instead` is a sentence that says what to do */
};

enum option_flag {
	OPT_RESTART = 1,       /* cannot change at run time */
	OPT_NO_EFFECT = 4,     /* understood and kept; nobody will miss what it did */
	OPT_SECRET = 8,        /* not shown by --check */
	OPT_ZERO_DEFAULT = 16, /* 0 stands for the default */
	OPT_LENIENT = 32       /* a wrong value is told, and the default stays: 0.8 took any */
};

struct config_row {
	const char *name;
	enum option_type type;
	const char *def;    /* as one would write it; NULL: not set */
	long long min, max; /* of numbers */
	const char *unit;   /* of numbers, or NULL; OPT_ENUM: its words, "strict|any" */
	unsigned flags;
	const char *plugin;  /* the plugin it belongs to, or NULL */
	const char *meaning; /* one line */
	size_t offset;       /* in struct config */
	const char *instead; /* OPT_ALIAS, OPT_RETIRED */
};

size_t config_row_count(void);
const struct config_row *config_row_at(size_t i);
/* The row of exactly that name, or NULL. */
const struct config_row *config_row_find(const char *name);
/* The row whose name is most like it, or NULL when none comes close. */
const struct config_row *config_row_nearest(const char *name);
/* The plugin that an entry of load_plugin names: without directory, "plugin_", .so and .la. */
#define CONFIG_PLUGIN_NAME_MAX 40
const char *config_plugin_name(const char *item, char out[static CONFIG_PLUGIN_NAME_MAX]);
/* The plugin whose name is most like it, or NULL when none comes close. */
const char *config_plugin_nearest(const char *name);
static inline bool config_row_is_option(const struct config_row *row)
{
	return row->type != OPT_ALIAS && row->type != OPT_RETIRED;
}
static inline void *config_field(struct config *c, const struct config_row *row)
{
	return (char *)c + row->offset;
}
static inline const void *config_value(const struct config *c, const struct config_row *row)
{
	return (const char *)c + row->offset;
}
/* The value is what it would be without the option. */
bool config_row_is_default(const struct config *c, const struct config_row *row);

#endif
