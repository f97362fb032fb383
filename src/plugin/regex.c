/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * regex: rewrites what is dialled by regular expressions. They see the whole Request-URI
 * ("sip:0049123@example.org"), and of several rules the first that matches counts.
 */
#include <errno.h>

#include "plugin/dial.h"
#include "plugin/rules.h"

static const struct plugin_option options[] = {
    RULES_OPTIONS,
    DIAL_REDIRECT_OPTION,
    {.key = NULL},
};

static int regex_open(struct plugin_self *self)
{
	struct rules *rules;
	int err = rules_open(self, &rules);

	plugin_set_state(self, rules);
	return err;
}

static void regex_close(struct plugin_self *self)
{
	rules_free(plugin_state(self));
}

static enum plugin_verdict regex_target(struct plugin_self *self, struct plugin_msg *m)
{
	const struct rules *rules = plugin_state(self);
	char fresh[RULES_TEXT_MAX];
	struct plugin_uri uri;
	const char *text;

	if (!dial_is_call(m, &text, &uri))
		return PLUGIN_PASS;
	for (size_t i = 0; i < rules_count(rules); i++) {
		int err = rules_apply(rules, i, text, 1, fresh);

		if (err == ENOENT)
			continue;
		if (err) {
			plugin_log(self, PLUGIN_WARN, "plugin_regex: %s: a number is too long",
			    rules_name(rules, i));
			return PLUGIN_PASS;
		}
		plugin_log(self, PLUGIN_DEBUG, "plugin_regex: %s", rules_name(rules, i));
		return dial_anew(self, m, fresh, "regex");
	}
	return PLUGIN_PASS;
}

const struct plugin plugin_regex = {
    .api = PLUGIN_API,
    .name = "regex",
    .meaning = "rewrites dialled numbers by regular expressions",
    .options = options,
    .open = regex_open,
    .close = regex_close,
    .target = regex_target,
};
