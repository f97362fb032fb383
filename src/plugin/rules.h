/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: what a text becomes by extended regular expressions, as regex and regex_body need it:
 * options desc, pattern and replace, of which the n-th belong together. Case does not count; in
 * the replacement \1 to \9 stand for the parts in parentheses, \0 for all that matched. The texts
 * are short (RULES_TEXT_MAX), and so is the time that a pattern can take.
 */
#ifndef PLUGIN_RULES_H
#define PLUGIN_RULES_H

#include "siproxd/plugin.h"

#define RULES_TEXT_MAX 2048 /* with its NUL, before and afterwards */

#define RULES_OPTIONS                                                                           \
	{"desc", PLUGIN_LIST, NULL, 0, 0, NULL, "name of a rule"},                              \
	    {"pattern", PLUGIN_LIST, NULL, 0, 0, NULL, "regular expression of what it is for"}, \
	{                                                                                       \
		"replace", PLUGIN_LIST, NULL, 0, 0, NULL, "what that becomes"                   \
	}

struct rules;

/* From the options; complains of what is wrong with them. EINVAL, ENOMEM. */
int rules_open(struct plugin_self *self, struct rules **out);
void rules_free(struct rules *r);
size_t rules_count(const struct rules *r);
const char *rules_name(const struct rules *r, size_t n);
/*
 * Replaces what the n-th rule matches in `text`, up to `times` times. 0; ENOENT: it does not match;
 * E2BIG: `text`, or what comes out, is too long.
 */
int rules_apply(const struct rules *r, size_t n, const char *text, unsigned times,
    char out[static RULES_TEXT_MAX]);

#endif
