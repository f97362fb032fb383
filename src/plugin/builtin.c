/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugin/builtin.h"

#include <strings.h>

static const struct plugin *const builtin[] = {
    &plugin_blacklist,
    &plugin_codecfilter,
    &plugin_defaulttarget,
    &plugin_demo,
    &plugin_fix_DTAG,
    &plugin_fix_bogus_via,
    &plugin_fix_fbox_anoncall,
    &plugin_logcall,
    &plugin_prefix,
    &plugin_regex,
    &plugin_regex_body,
    &plugin_shortdial,
    &plugin_siptrunk,
    &plugin_stats,
    &plugin_stripheader,
    &plugin_stun,
};

#define COUNT (sizeof(builtin) / sizeof(builtin[0]))

const struct plugin *builtin_plugin(size_t i)
{
	return i < COUNT ? builtin[i] : NULL;
}

const struct plugin *builtin_plugin_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcasecmp(builtin[i]->name, name) == 0)
			return builtin[i];
	return NULL;
}
