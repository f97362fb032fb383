/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * regex_body: rewrites bodies by regular expressions, in both directions, before siproxd itself
 * looks at them. Line by line, all rules one after the other, each up to ten times a line; a line
 * of which nothing is left goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/rules.h"

#define BODY_MAX 32768 /* bytes; longer ones are left alone */
#define TIMES    10

static const struct plugin_option options[] = {
    RULES_OPTIONS,
    {.key = NULL},
};

static int regex_body_open(struct plugin_self *self)
{
	struct rules *rules;
	int err = rules_open(self, &rules);

	plugin_set_state(self, rules);
	return err;
}

static void regex_body_close(struct plugin_self *self)
{
	rules_free(plugin_state(self));
}

struct text {
	char *s;
	size_t len, cap;
};

static bool add(struct text *t, const char *s, size_t len)
{
	if (t->len + len > t->cap) {
		size_t cap = 2 * (t->len + len);
		char *more = realloc(t->s, cap);

		if (!more)
			return false;
		t->s = more;
		t->cap = cap;
	}
	memcpy(t->s + t->len, s, len);
	t->len += len;
	return true;
}

/* The line after all rules, in `line`; true: it is another one. */
static bool rewrite(const struct rules *rules, char line[static RULES_TEXT_MAX])
{
	char fresh[RULES_TEXT_MAX];
	bool changed = false;

	for (size_t i = 0; i < rules_count(rules); i++) {
		if (rules_apply(rules, i, line, TIMES, fresh) != 0 || strcmp(line, fresh) == 0)
			continue;
		memcpy(line, fresh, strlen(fresh) + 1);
		changed = true;
	}
	return changed;
}

/* The next line of the body, and how long its end is. */
static size_t line_at(const char *p, const char *end, size_t *eol)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));
	size_t len = (size_t)((lf ? lf : end) - p);

	*eol = lf ? 1 : 0;
	if (lf && len && p[len - 1] == '\r') {
		len--;
		++*eol;
	}
	return len;
}

/* As a string; false for one that is empty, or none that rules could read. */
static bool read_line(const char *p, size_t len, char line[static RULES_TEXT_MAX])
{
	if (!len || len >= RULES_TEXT_MAX || memchr(p, '\0', len))
		return false;
	memcpy(line, p, len);
	line[len] = '\0';
	return true;
}

/* False: no memory. */
static bool rewrite_body(const struct rules *rules, const char *body, size_t len, struct text *out,
    bool *changed)
{
	const char *p = body, *end = body + len;

	while (p < end) {
		size_t eol, n = line_at(p, end, &eol);
		char line[RULES_TEXT_MAX];
		bool good;

		if (read_line(p, n, line) && rewrite(rules, line)) {
			*changed = true;
			good = !*line || (add(out, line, strlen(line)) && add(out, p + n, eol));
		} else {
			good = add(out, p, n + eol);
		}
		if (!good)
			return false;
		p += n + eol;
	}
	return true;
}

static enum plugin_verdict regex_body_forward(struct plugin_self *self, struct plugin_msg *m)
{
	struct text out = {NULL, 0, 0};
	bool changed = false;
	size_t len;
	const char *body = plugin_msg_body(m, &len);

	if (!body)
		return PLUGIN_PASS;
	if (len > BODY_MAX) {
		plugin_log(self, PLUGIN_WARN,
		    "plugin_regex_body: a body of %zu bytes is too long and stays as it is", len);
		return PLUGIN_PASS;
	}
	if (rewrite_body(plugin_state(self), body, len, &out, &changed) && changed &&
	    plugin_msg_set_body(m, body, len, out.s ? out.s : "", out.len) != 0)
		plugin_log(self, PLUGIN_WARN, "plugin_regex_body: a body could not be changed");
	free(out.s);
	return PLUGIN_PASS;
}

const struct plugin plugin_regex_body = {
    .api = PLUGIN_API,
    .name = "regex_body",
    .meaning = "rewrites bodies by regular expressions",
    .options = options,
    .open = regex_body_open,
    .close = regex_body_close,
    .forward = regex_body_forward,
};
