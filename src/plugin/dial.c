/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugin/dial.h"

#include <stdio.h>
#include <string.h>

bool dial_is_call(struct plugin_msg *m, const char **text, struct plugin_uri *uri)
{
	struct plugin_part flag;

	*text = plugin_msg_uri(m);
	return strcmp(plugin_msg_method(m), "INVITE") == 0 && plugin_uri_parse(*text, uri) &&
	    uri->user.len && !plugin_uri_param(uri->params, "redirected", &flag);
}

static enum plugin_verdict redirect(struct plugin_msg *m, const char *uri, const char *by)
{
	char contact[DIAL_URI_MAX + 40];

	snprintf(contact, sizeof(contact), "%s;redirected=%s", uri, by);
	return plugin_redirect(m, contact);
}

enum plugin_verdict dial_anew(struct plugin_self *self, struct plugin_msg *m, const char *uri,
    const char *by)
{
	struct plugin_uri parsed;
	const char *was = plugin_msg_uri(m);

	if (!plugin_uri_parse(uri, &parsed) || !parsed.user.len) {
		plugin_log(self, PLUGIN_WARN, "plugin_%s: %s would become %s, which is no address",
		    by, was, uri);
		return PLUGIN_PASS;
	}
	plugin_log(self, PLUGIN_INFO, "plugin_%s: %s becomes %s", by, was, uri);
	if (plugin_yes(self, "redirect"))
		return redirect(m, uri, by);
	if (plugin_msg_set_uri(m, uri) != 0)
		plugin_log(self, PLUGIN_WARN, "plugin_%s: %s cannot be dialled", by, uri);
	return PLUGIN_PASS;
}
