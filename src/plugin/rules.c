/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugin/rules.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 10

struct rule {
	regex_t pattern;
	const char *name, *replace; /* the configuration's */
};

struct rules {
	size_t count;
	struct rule rule[];
};

void rules_free(struct rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		regfree(&r->rule[i].pattern);
	free(r);
}

size_t rules_count(const struct rules *r)
{
	return r->count;
}

const char *rules_name(const struct rules *r, size_t n)
{
	return r->rule[n].name;
}

/* \7 of a pattern with two parentheses would always be empty: a slip. */
static bool names_missing_group(const char *replace, size_t groups)
{
	for (; *replace; replace++) {
		if (*replace != '\\' || !replace[1])
			continue;
		replace++;
		if (*replace >= '1' && *replace <= '9' && (size_t)(*replace - '0') > groups)
			return true;
	}
	return false;
}

static int compile(struct plugin_self *self, struct rules *r, size_t n)
{
	const char *text = plugin_entry(self, "pattern", n);
	struct rule *rule = &r->rule[n];
	char why[100];
	int err = regcomp(&rule->pattern, text, REG_EXTENDED | REG_ICASE);

	if (err) {
		regerror(err, &rule->pattern, why, sizeof(why));
		return plugin_complain(self, "pattern", n, "\"%s\": %s", text, why);
	}
	r->count++; /* from here on it is ours to free */
	rule->replace = plugin_entry(self, "replace", n);
	rule->name = plugin_entry(self, "desc", n);
	if (names_missing_group(rule->replace, rule->pattern.re_nsub))
		return plugin_complain(self, "replace", n,
		    "\"%s\" names more parts than \"%s\" has parentheses", rule->replace, text);
	return 0;
}

int rules_open(struct plugin_self *self, struct rules **out)
{
	size_t n = plugin_entries(self, "pattern");
	struct rules *r;
	int err = 0;

	*out = NULL;
	if (plugin_entries(self, "replace") != n || plugin_entries(self, "desc") != n)
		return plugin_complain(self, "pattern", n ? n - 1 : 0,
		    "there are %zu of desc, %zu of pattern and %zu of replace; each rule needs one "
		    "of each",
		    plugin_entries(self, "desc"), n, plugin_entries(self, "replace"));
	if (n == 0)
		return plugin_complain(self, "pattern", 0, "is not set: there is no rule");
	r = calloc(1, sizeof(*r) + n * sizeof(r->rule[0]));
	if (!r)
		return ENOMEM;
	for (size_t i = 0; i < n && !err; i++)
		err = compile(self, r, i);
	if (err)
		rules_free(r);
	else
		*out = r;
	return err;
}

/* --- replacing ---------------------------------------------------------------------------- */

struct out {
	char *text;
	size_t len;
	bool full;
};

static void add(struct out *o, const char *text, size_t len)
{
	if (o->full || o->len + len >= RULES_TEXT_MAX) {
		o->full = true;
		return;
	}
	memcpy(o->text + o->len, text, len);
	o->len += len;
}

static void add_replacement(struct out *o, const char *replace, const char *text,
    const regmatch_t part[GROUPS])
{
	for (; *replace; replace++) {
		const regmatch_t *p;

		if (*replace != '\\' || !replace[1]) {
			add(o, replace, 1);
			continue;
		}
		replace++;
		if (*replace < '0' || *replace > '9') {
			add(o, replace, 1);
			continue;
		}
		p = &part[*replace - '0'];
		if (p->rm_so >= 0)
			add(o, text + p->rm_so, (size_t)(p->rm_eo - p->rm_so));
	}
}

int rules_apply(const struct rules *r, size_t n, const char *text, unsigned times,
    char out[static RULES_TEXT_MAX])
{
	const struct rule *rule = &r->rule[n];
	struct out o = {.text = out};
	regmatch_t part[GROUPS];
	unsigned found = 0;

	if (strlen(text) >= RULES_TEXT_MAX)
		return E2BIG;
	while (found < times &&
	    regexec(&rule->pattern, text, GROUPS, part, found ? REG_NOTBOL : 0) == 0) {
		size_t end = (size_t)part[0].rm_eo;

		found++;
		add(&o, text, (size_t)part[0].rm_so);
		add_replacement(&o, rule->replace, text, part);
		text += end;
		if (part[0].rm_so != part[0].rm_eo)
			continue;
		if (!*text)
			break;
		add(&o, text++, 1); /* it matched nothing: on with the next character */
	}
	if (!found)
		return ENOENT;
	add(&o, text, strlen(text));
	out[o.full ? 0 : o.len] = '\0';
	return o.full ? E2BIG : 0;
}
