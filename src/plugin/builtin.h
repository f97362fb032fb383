/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * builtin: the plugins that are part of siproxd. Constant data.
 */
#ifndef PLUGIN_BUILTIN_H
#define PLUGIN_BUILTIN_H

#include "siproxd/plugin.h"

extern const struct plugin plugin_blacklist;
extern const struct plugin plugin_codecfilter;
extern const struct plugin plugin_defaulttarget;
extern const struct plugin plugin_demo;
extern const struct plugin plugin_fix_DTAG;
extern const struct plugin plugin_fix_bogus_via;
extern const struct plugin plugin_fix_fbox_anoncall;
extern const struct plugin plugin_logcall;
extern const struct plugin plugin_prefix;
extern const struct plugin plugin_regex;
extern const struct plugin plugin_regex_body;
extern const struct plugin plugin_shortdial;
extern const struct plugin plugin_siptrunk;
extern const struct plugin plugin_stats;
extern const struct plugin plugin_stripheader;
extern const struct plugin plugin_stun;

/* The i-th; NULL behind the last. */
const struct plugin *builtin_plugin(size_t i);
/* By its name, without "plugin_", and without regard to case; NULL. */
const struct plugin *builtin_plugin_find(const char *name);

#endif
