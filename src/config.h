/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: siproxd.conf, read once into a struct that nobody changes afterwards. A reload builds a
 * second one and swaps. Each field bears its option's name; siproxd.conf(5) says what it means.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/acl.h"

struct config_list {
	char **item;
	size_t count;
};

enum config_latch { RTP_LATCH_STRICT, RTP_LATCH_ANY };

#endif
