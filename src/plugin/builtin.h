/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * builtin: the plugins that are part of siproxd. Constant data.
 */
#ifndef PLUGIN_BUILTIN_H
#define PLUGIN_BUILTIN_H

#include "siproxd/plugin.h"

extern const struct plugin plugin_demo;
extern const struct plugin plugin_logcall;
extern const struct plugin plugin_prefix;

/* The i-th; NULL behind the last. */
const struct plugin *builtin_plugin(size_t i);
/* By its name, without "plugin_", and without regard to case; NULL. */
const struct plugin *builtin_plugin_find(const char *name);

#endif
