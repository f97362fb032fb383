/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration file; what is read is dumped, and the dump read again gives the same dump. */
#include <string.h>

#include "config.h"
#include "fuzz.h"

static char *dumped(const char *text, size_t len, size_t *dump_len)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *config;
	char *dump = NULL;
	FILE *f;

	if (config_parse(&config, "fuzz.conf", text, len, &msgs) == 0) {
		f = open_memstream(&dump, dump_len);
		HOLDS(f && config_dump(config, f) == 0 && fclose(f) == 0);
		config_free(config);
	} else {
		HOLDS(msgs.errors > 0);
	}
	config_messages_done(&msgs);
	return dump;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = 0, again_len = 0;
	char *dump = dumped((const char *)data, size, &len), *again;

	if (dump) {
		again = dumped(dump, len, &again_len);
		HOLDS(again && again_len == len && memcmp(again, dump, len) == 0);
		free(again);
	}
	free(dump);
	return 0;
}
