/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plugin asks about its options. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config_table.h"
#include "proxy/plugin_state.h"

/* "plugin_", the plugin's name, '_', the option's. A longer one is none of the table's. */
#define FULL_NAME_MAX 80

static void full_name(const struct plugin_self *self, const char *key,
    char out[static FULL_NAME_MAX])
{
	snprintf(out, FULL_NAME_MAX, "plugin_%s_%s", self->plugin->name, key);
}

void plugin_find_rows(struct plugin_self *self)
{
	const struct plugin_option *option = self->plugin->options;
	char name[FULL_NAME_MAX];

	for (size_t i = 0; option && option->key && i < PLUGIN_OPTIONS_MAX; i++, option++) {
		full_name(self, option->key, name);
		self->row[i] = config_row_find(name);
	}
}

static const struct config_row *find_row(const struct plugin_self *self, const char *key)
{
	const struct plugin_option *option = self->plugin->options;
	char name[FULL_NAME_MAX];

	for (size_t i = 0; option && option->key && i < PLUGIN_OPTIONS_MAX; i++, option++)
		if (strcmp(option->key, key) == 0)
			return self->row[i];
	full_name(self, key, name); /* one that stands in siproxd's own table */
	return config_row_find(name);
}

/* NULL: the plugin asks for what it did not declare so. */
static const void *value(const struct plugin_self *self, const char *key, enum option_type type)
{
	const struct config_row *row = find_row(self, key);

	return row && row->type == type ? config_value(self->config, row) : NULL;
}

int plugin_number(const struct plugin_self *self, const char *key)
{
	const int *n = value(self, key, OPT_INT);

	return n ? *n : 0;
}

bool plugin_yes(const struct plugin_self *self, const char *key)
{
	const bool *yes = value(self, key, OPT_BOOL);

	return yes && *yes;
}

const char *plugin_text(const struct plugin_self *self, const char *key)
{
	char *const *text = value(self, key, OPT_STRING);

	return text ? *text : NULL;
}

const char *plugin_entry(const struct plugin_self *self, const char *key, size_t n)
{
	const struct config_list *list = value(self, key, OPT_LIST);

	return list && n < list->count ? list->item[n] : NULL;
}

size_t plugin_entries(const struct plugin_self *self, const char *key)
{
	const struct config_list *list = value(self, key, OPT_LIST);

	return list ? list->count : 0;
}

bool plugin_networks_empty(const struct plugin_self *self, const char *key)
{
	const struct acl *acl = value(self, key, OPT_ACL);

	return !acl || acl_is_empty(acl);
}

bool plugin_networks_match(const struct plugin_self *self, const char *key, const char *host)
{
	const struct acl *acl = value(self, key, OPT_ACL);
	struct addr a;

	return acl && addr_parse(&a, host, 0) == 0 && acl_match(acl, &a);
}

int plugin_complain(struct plugin_self *self, const char *key, size_t n, const char *fmt, ...)
{
	char name[FULL_NAME_MAX], text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	full_name(self, key, name);
	/* What a configuration in force has to be told of was told when it was read. */
	if (self->complain)
		self->complain(self->complain_arg, name, n, text);
	else
		log_debug(LOG_PLUGIN, "%s: %s", name, text);
	return EINVAL;
}
