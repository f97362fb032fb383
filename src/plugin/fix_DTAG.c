/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fix_DTAG: a provider (T-Online was the one) whose responses bear a Via that is not ours on top.
 * Where both the sender and that Via are on the list, ours is put in its place; where ours stands
 * below it, the foreign one goes.
 */
#include <string.h>

#include "siproxd/plugin.h"

static const struct plugin_option options[] = {
    {"networks", PLUGIN_NETWORKS, NULL, 0, 0, NULL, "servers that answer with a foreign Via"},
    {.key = NULL},
};

static int fix_DTAG_open(struct plugin_self *self)
{
	if (plugin_networks_empty(self, "networks"))
		return plugin_complain(self, "networks", 0, "is not set: nobody answers wrongly");
	return 0;
}

static bool is_own(struct plugin_msg *m, unsigned n, const char *own)
{
	const char *value = plugin_msg_value(m, "Via", n);
	struct plugin_part ours, theirs;
	struct plugin_via a, b;

	return value && plugin_via_parse(value, &a) && plugin_via_parse(own, &b) &&
	    plugin_uri_param(a.params, "branch", &theirs) &&
	    plugin_uri_param(b.params, "branch", &ours) && ours.len == theirs.len &&
	    strncmp(ours.s, theirs.s, (size_t)ours.len) == 0 && strcmp(a.host, b.host) == 0;
}

static enum plugin_verdict fix_DTAG_receive(struct plugin_self *self, struct plugin_msg *m)
{
	const char *value, *own;
	struct plugin_via via;

	if (plugin_msg_is_request(m) || plugin_msg_side(m) != PLUGIN_WAN ||
	    !plugin_networks_match(self, "networks", plugin_msg_source_ip(m)))
		return PLUGIN_PASS;
	value = plugin_msg_value(m, "Via", 0);
	if (!value || !plugin_via_parse(value, &via) ||
	    !plugin_networks_match(self, "networks", via.host))
		return PLUGIN_PASS;
	own = plugin_own_via(m);
	if (!own || is_own(m, 0, own))
		return PLUGIN_PASS;
	if (is_own(m, 1, own))
		plugin_msg_remove_value(m, "Via", 0);
	else
		plugin_msg_set_value(m, "Via", 0, own);
	plugin_log(self, PLUGIN_DEBUG, "plugin_fix_DTAG: a Via of %s from %s was put right",
	    via.host, plugin_msg_source(m));
	return PLUGIN_PASS;
}

const struct plugin plugin_fix_DTAG = {
    .api = PLUGIN_API,
    .name = "fix_DTAG",
    .meaning = "puts our Via into responses that bear a foreign one",
    .options = options,
    .open = fix_DTAG_open,
    .receive = fix_DTAG_receive,
};
