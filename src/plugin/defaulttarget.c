/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * defaulttarget: calls from the Internet for nobody that is registered go to one phone, which
 * need not be registered either. With plugin_defaulttarget_redirect the caller is told to call the
 * target himself, which must then be an address that he can reach.
 */
#include <string.h>

#include "siproxd/plugin.h"

static const struct plugin_option options[] = {
    {"target", PLUGIN_TEXT, NULL, 0, 0, NULL, "phone that gets calls for nobody"},
    {"log", PLUGIN_YESNO, "0", 0, 1, NULL, "log such calls"},
    {"redirect", PLUGIN_YESNO, "0", 0, 1, NULL, "let the caller call it (302)"},
    {.key = NULL},
};

static int defaulttarget_open(struct plugin_self *self)
{
	const char *target = plugin_text(self, "target");
	struct plugin_uri uri;

	if (!target)
		return plugin_complain(self, "target", 0, "is not set: there is nobody to call");
	if (!plugin_uri_parse(target, &uri) || !uri.user.len || !uri.host.len)
		return plugin_complain(self, "target", 0,
		    "\"%s\" is no address like sip:100@192.168.1.20:5060", target);
	if (plugin_yes(self, "redirect") && plugin_is_private(uri.host))
		return plugin_complain(self, "redirect", 0,
		    "%s cannot be called from the Internet; without redirect siproxd forwards "
		    "the calls",
		    target);
	return 0;
}

static enum plugin_verdict defaulttarget_unknown(struct plugin_self *self, struct plugin_msg *m)
{
	const char *target = plugin_text(self, "target");
	int status = 0;

	if (strcmp(plugin_msg_method(m), "INVITE") != 0)
		return PLUGIN_PASS;
	if (plugin_yes(self, "redirect"))
		plugin_redirect(m, target);
	else
		status = plugin_forward_to(m, target);
	if (status)
		plugin_log(self, PLUGIN_WARN, "plugin_defaulttarget: %s cannot be reached (%d)",
		    target, status);
	else if (plugin_yes(self, "log"))
		plugin_log(self, PLUGIN_INFO, "plugin_defaulttarget: %s from %s (%s) goes to %s",
		    plugin_msg_uri(m), plugin_msg_header(m, "From", 0), plugin_msg_source(m),
		    target);
	return status ? PLUGIN_PASS : PLUGIN_DONE;
}

const struct plugin plugin_defaulttarget = {
    .api = PLUGIN_API,
    .name = "defaulttarget",
    .meaning = "one phone for all calls that are for nobody",
    .options = options,
    .last_resort = true,
    .open = defaulttarget_open,
    .unknown = defaulttarget_unknown,
};
