/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prefix: puts digits in front of what is dialled, but for a name of siproxd's own. */
#include <stdio.h>
#include <string.h>

#include "plugin/dial.h"

static const struct plugin_option options[] = {
    {"akey", PLUGIN_TEXT, NULL, 0, 0, NULL, "digits put in front of dialled numbers"},
    DIAL_REDIRECT_OPTION,
    {.key = NULL},
};

static int prefix_open(struct plugin_self *self)
{
	const char *akey = plugin_text(self, "akey");

	if (!akey)
		return plugin_complain(self, "akey", 0,
		    "is not set: there is nothing to dial first");
	if (akey[strcspn(akey, " <>@;?:\"\\")])
		return plugin_complain(self, "akey", 0, "\"%s\" cannot be dialled", akey);
	return 0;
}

static enum plugin_verdict prefix_target(struct plugin_self *self, struct plugin_msg *m)
{
	struct plugin_uri uri;
	const char *text;
	char fresh[DIAL_URI_MAX];
	int len;

	if (!dial_is_call(m, &text, &uri) || plugin_msg_is_local(m))
		return PLUGIN_PASS;
	len = snprintf(fresh, sizeof(fresh), "%.*s%s%s", (int)(uri.user.s - text), text,
	    plugin_text(self, "akey"), uri.user.s);
	return len < (int)sizeof(fresh) ? dial_anew(self, m, fresh, "prefix") : PLUGIN_PASS;
}

const struct plugin plugin_prefix = {
    .api = PLUGIN_API,
    .name = "prefix",
    .meaning = "puts digits in front of dialled numbers",
    .options = options,
    .open = prefix_open,
    .target = prefix_target,
};
