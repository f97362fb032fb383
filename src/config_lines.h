/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_lines: the line syntax of siproxd.conf, in front of libconfuse. One physical line is one
 * setting, so that every message names the right line:
 *
 *	key = value with blanks		# comment
 *	key = "quoted # value"		a pair of quotes around the whole value; \" and \\ inside
 *	key = { a, "b, c" }		several values
 *	key += value			adds to a list
 *
 * An unquoted value ends at the first '#'. Nothing else is special: no escapes, no environment
 * variables, no include. Lines may end in CR LF; a UTF-8 byte order mark is skipped. Knows no
 * option. Used by config.c.
 */
#ifndef CONFIG_LINES_H
#define CONFIG_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum config_line_kind {
	LINE_SETTING,
	LINE_NO_EQUALS, /* neither empty nor a comment, and no '=' */
	LINE_TOO_LONG,  /* longer than CONFIG_LINE_MAX */
	LINE_NUL        /* holds a NUL byte */
};

/* One line; all strings lie in the reader's text. A line that is no setting has no value. */
struct config_line {
	unsigned number; /* from 1 */
	enum config_line_kind kind;
	char *key;    /* may be empty; of LINE_NO_EQUALS what stands there; else NULL */
	char *value;  /* `count` strings one behind the other, each with its NUL */
	size_t count; /* 1, but for { } */
	bool append;  /* += */
	bool quoted;  /* the whole value stood in quotes */
	bool list;    /* it stood in braces */
	bool broken;  /* ... whose syntax is wrong; there is no value */
	bool stray;   /* it starts with a quote that does not embrace it, and is taken as it is */
};

struct config_lines {
	char *pos, *end;
	unsigned number;
};

/* Reads text[0..len), which it overwrites; text[len] must exist (it becomes a NUL). */
void config_lines_start(struct config_lines *r, char *text, size_t len);
/* The next line that is not empty; false at the end. */
bool config_lines_next(struct config_lines *r, struct config_line *out);
/* The string behind `item` in a line's value. */
const char *config_line_after(const char *item);

#endif
