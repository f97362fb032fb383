/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stun: our public address, in front of a router whose address changes. The work is done where
 * siproxd keeps its own addresses, and the options stand in its table; loading the plugin switches
 * it on.
 */
#include "siproxd/plugin.h"

static int stun_open(struct plugin_self *self)
{
	if (!plugin_text(self, "server"))
		return plugin_complain(self, "server", 0, "is not set: there is nobody to ask");
	return 0;
}

const struct plugin plugin_stun = {
    .api = PLUGIN_API,
    .name = "stun",
    .meaning = "asks a server for our public address",
    .open = stun_open,
};
