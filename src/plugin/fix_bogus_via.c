/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fix_bogus_via: requests from the Internet whose topmost Via names an address that cannot be
 * right (a private one, mostly). The answer goes to the address and port that the request came
 * from, as if the sender had asked for it with `rport` (RFC 3581). The address that it wrote stays
 * in the Via, since a sender must drop answers that do not bear it (RFC 3261 18.1.2).
 */
#include <stdio.h>
#include <string.h>

#include "siproxd/plugin.h"

#define VIA_MAX 1024

static const struct plugin_option options[] = {
    {"networks", PLUGIN_NETWORKS, NULL, 0, 0, NULL, "Via addresses that cannot be right"},
    {.key = NULL},
};

static int fix_bogus_via_open(struct plugin_self *self)
{
	if (plugin_networks_empty(self, "networks"))
		return plugin_complain(self, "networks", 0, "is not set: no address is wrong");
	return 0;
}

static enum plugin_verdict fix_bogus_via_receive(struct plugin_self *self, struct plugin_msg *m)
{
	const char *value;
	struct plugin_via via;
	struct plugin_part rport;
	char fixed[VIA_MAX];

	if (!plugin_msg_is_request(m) || plugin_msg_side(m) != PLUGIN_WAN)
		return PLUGIN_PASS;
	value = plugin_msg_value(m, "Via", 0);
	if (!value || !plugin_via_parse(value, &via) ||
	    !plugin_networks_match(self, "networks", via.host) ||
	    plugin_uri_param(via.params, "rport", &rport))
		return PLUGIN_PASS;
	if (snprintf(fixed, sizeof(fixed), "%s;rport", value) >= (int)sizeof(fixed))
		return PLUGIN_PASS;
	plugin_log(self, PLUGIN_DEBUG, "plugin_fix_bogus_via: answers for %s go to %s", via.host,
	    plugin_msg_source(m));
	plugin_msg_set_value(m, "Via", 0, fixed);
	return PLUGIN_PASS;
}

const struct plugin plugin_fix_bogus_via = {
    .api = PLUGIN_API,
    .name = "fix_bogus_via",
    .meaning = "answers those whose Via is wrong where they really are",
    .options = options,
    .open = fix_bogus_via_open,
    .receive = fix_bogus_via_receive,
};
