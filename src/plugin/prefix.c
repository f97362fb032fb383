/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prefix: puts digits in front of what is dialled. The Request-URI changes, the To stays as the
 * caller wrote it (RFC 3261 16.6: no proxy touches it; it tells who was meant, the Request-URI
 * where the call goes). With plugin_prefix_redirect the telephone is asked to dial anew (302).
 */
#include <stdio.h>
#include <string.h>

#include "siproxd/plugin.h"

#define URI_MAX 1024

static const struct plugin_option options[] = {
    {"akey", PLUGIN_TEXT, NULL, 0, 0, NULL, "digits put in front of dialled numbers"},
    {"redirect", PLUGIN_YESNO, "0", 0, 1, NULL, "let the telephone dial the new number (302)"},
    {.key = NULL},
};

static int prefix_open(struct plugin_self *self)
{
	const char *akey = plugin_text(self, "akey");

	if (!akey)
		return plugin_complain(self, "akey", 0, "is not set; there is nothing to dial first");
	if (akey[strcspn(akey, " <>@;?\"\\")])
		return plugin_complain(self, "akey", 0, "\"%s\" cannot be dialled", akey);
	return 0;
}

static bool is_for_us(struct plugin_msg *m, const struct plugin_uri *uri)
{
	struct plugin_part flag;

	return strcmp(plugin_msg_method(m), "INVITE") == 0 && uri->user.len &&
	    !plugin_msg_is_local(m) && !plugin_uri_param(uri->params, "redirected", &flag);
}

static enum plugin_verdict prefix_target(struct plugin_self *self, struct plugin_msg *m)
{
	const char *text = plugin_msg_uri(m);
	struct plugin_uri uri;
	char fresh[URI_MAX];
	bool redirect = plugin_yes(self, "redirect");
	int len;

	if (!plugin_uri_parse(text, &uri) || !is_for_us(m, &uri))
		return PLUGIN_PASS;
	len = snprintf(fresh, sizeof(fresh), "%.*s%s%s%s", (int)(uri.user.s - text), text,
	    plugin_text(self, "akey"), uri.user.s, redirect ? ";redirected=prefix" : "");
	if (len >= (int)sizeof(fresh))
		return PLUGIN_PASS;
	plugin_log(self, PLUGIN_DEBUG, "plugin_prefix: %s becomes %s", text, fresh);
	if (redirect)
		return plugin_redirect(m, fresh);
	plugin_msg_set_uri(m, fresh);
	return PLUGIN_PASS;
}

const struct plugin plugin_prefix = {
    .api = PLUGIN_API,
    .name = "prefix",
    .meaning = "puts digits in front of dialled numbers",
    .options = options,
    .open = prefix_open,
    .target = prefix_target,
};
