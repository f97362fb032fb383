/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugin/builtin.h"

#include <strings.h>

static const struct plugin *const builtin[] = {
    &plugin_demo,
    &plugin_logcall,
    &plugin_prefix,
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
