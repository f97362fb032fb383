/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A datagram from each side, through the whole core and all plugins that touch messages. The first
 * byte says from which side it comes.
 */
#include "plugins.h"

#include "fuzz.h"

static const char configuration[] =
    "load_plugin = logcall\nload_plugin = demo\n"
    "load_plugin = shortdial\nplugin_shortdial_akey = *00\nplugin_shortdial_entry = 1@example.org\n"
    "load_plugin = prefix\nplugin_prefix_akey = 0\n"
    "load_plugin = regex\nplugin_regex_desc = a\nplugin_regex_pattern = ^sip:(.*)9(.*)@\n"
    "plugin_regex_replace = sip:\\2\\1@\n"
    "load_plugin = regex_body\nplugin_regex_body_desc = a\nplugin_regex_body_pattern = a(.)\n"
    "plugin_regex_body_replace = \\1\\1\\1\n"
    "load_plugin = stripheader\nplugin_stripheader_remove = Supported:100rel\n"
    "plugin_stripheader_remove = Allow\nplugin_stripheader_remove = Record-Route\n"
    "load_plugin = codecfilter\nplugin_codecfilter_blacklist = G7\n"
    "load_plugin = siptrunk\nplugin_siptrunk_account = sip:alice@192.168.1.1\n"
    "plugin_siptrunk_numbers_regex = ^5+$\n"
    "load_plugin = defaulttarget\nplugin_defaulttarget_target = sip:100@192.168.1.20\n"
    "load_plugin = fix_bogus_via\nplugin_fix_bogus_via_networks = 10.0.0.0/8\n"
    "load_plugin = fix_DTAG\nplugin_fix_DTAG_networks = 0.0.0.0/0\n"
    "load_plugin = fix_fbox_anoncall\nplugin_fix_fbox_anoncall_networks = 192.168.0.0/16\n"
    "load_plugin = blacklist\nplugin_blacklist_dbpath = \"\"\n";

static void deliver_from(struct core *c, enum side side, const char *peer, const uint8_t *data,
    size_t size)
{
	struct addr a;

	parse_peer(peer, &a);
	deliver(c, side, &a, 0, (const char *)data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *config = read_config(configuration, &msgs);
	struct core c;

	HOLDS(config && msgs.count == 0);
	core_init(&c);
	HOLDS(core_start(&c, false) == 0);
	c.sd.config = config;
	HOLDS(plugins_new(&c.sd.plugins, &c.sd, config, (uid_t)-1, (gid_t)-1) == 0);
	if (size > 1) {
		bool lan = data[0] % 2;

		deliver_from(&c, lan ? LAN : WAN, lan ? CORE_PHONE : CORE_PROVIDER, data + 1,
		    size - 1);
		core_resolve("198.51.100.9");
	}
	plugins_free(c.sd.plugins);
	c.sd.plugins = NULL;
	core_free(&c);
	config_free(config);
	return 0;
}
