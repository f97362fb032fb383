/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_messages: how config.c fills the messages that config.h hands out. The messages own
 * their texts. Used by config*.c alone.
 */
#ifndef CONFIG_MESSAGES_H
#define CONFIG_MESSAGES_H

#include "config.h"

/* Adds one; control characters become '?'. A failed allocation counts it in `lost`. */
void config_say(struct config_messages *msgs, enum config_level level, const char *file,
    unsigned line, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Further ones are only counted: no need to look for good advice. */
bool config_messages_full(const struct config_messages *msgs);

#endif
