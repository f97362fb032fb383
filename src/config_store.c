/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "config_store.h"

#include <confuse.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct config_store {
	cfg_opt_t *opts; /* the rows as libconfuse sees them */
	cfg_t *cfg;
};

static cfg_opt_t libconfuse_option(const struct config_row *row)
{
	cfg_opt_t number = CFG_INT(row->name, 0, CFGF_NONE);
	cfg_opt_t string = CFG_STR(row->name, row->def, CFGF_NONE);
	cfg_opt_t numbers = CFG_INT_LIST(row->name, NULL, CFGF_NONE);
	cfg_opt_t strings = CFG_STR_LIST(row->name, NULL, CFGF_NONE);

	switch (row->type) {
	case OPT_INT:
	case OPT_BOOL:
	case OPT_MASK:
		number.def.number = strtol(row->def, NULL, 0);
		return number;
	case OPT_ENUM: /* the first word is the default */
		return number;
	case OPT_NUMBERS:
		return numbers;
	case OPT_LIST:
	case OPT_PLUGINS:
	case OPT_WORDS:
	case OPT_ACL:
		return strings;
	case OPT_STRING:
	case OPT_ALIAS: /* never set */
	case OPT_RETIRED:
		break;
	}
	return string;
}

/* What it could complain about was checked before; cfg_parse_buf()'s result tells the rest. */
static void keep_quiet(cfg_t *cfg, const char *fmt, va_list ap)
{
	(void)cfg;
	(void)fmt;
	(void)ap;
}

int config_store_open(struct config_store **out)
{
	const cfg_opt_t end = CFG_END();
	struct config_store *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return ENOMEM;
	s->opts = calloc(config_row_count() + 1, sizeof(*s->opts));
	if (!s->opts)
		goto fail;
	for (size_t i = 0; i < config_row_count(); i++)
		s->opts[i] = libconfuse_option(config_row_at(i));
	s->opts[config_row_count()] = end;
	s->cfg = cfg_init(s->opts, CFGF_NONE);
	if (!s->cfg)
		goto fail;
	cfg_set_error_function(s->cfg, keep_quiet);
	*out = s;
	return 0;
fail:
	config_store_close(s);
	return ENOMEM;
}

void config_store_close(struct config_store *s)
{
	if (!s)
		return;
	if (s->cfg)
		cfg_free(s->cfg);
	free(s->opts);
	free(s);
}

/* In single quotes libconfuse knows two escapes, \\ and \', and no ${variable}. */
static void add_quoted(struct buf *b, const char *text)
{
	buf_str(b, "'");
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_str(b, "\\");
		buf_add(b, text, 1);
	}
	buf_str(b, "'");
}

/* Frees the text. */
static int feed(struct config_store *s, struct buf *text)
{
	int err = ENOMEM;

	buf_str(text, "\n");
	if (!text->failed)
		err = cfg_parse_buf(s->cfg, text->data) == CFG_SUCCESS ? 0 : EINVAL;
	buf_free(text);
	return err;
}

int config_store_set(struct config_store *s, const struct config_row *row, const char *value)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s = ", row->name);
	add_quoted(&text, value);
	return feed(s, &text);
}

int config_store_add(struct config_store *s, const struct config_row *row, const char *items,
    size_t count, bool replace)
{
	struct buf text = BUF_INIT;
	size_t old = replace ? 0 : cfg_size(s->cfg, row->name);

	if (old + count > CONFIG_LIST_MAX)
		return E2BIG;
	buf_printf(&text, "%s %s {", row->name, replace ? "=" : "+=");
	for (size_t i = 0; i < count; i++) {
		buf_str(&text, i > 0 ? "," : "");
		add_quoted(&text, items);
		items += strlen(items) + 1;
	}
	buf_str(&text, "}");
	return feed(s, &text);
}

static int copy_strings(cfg_opt_t *opt, struct config_list *out)
{
	size_t count = cfg_opt_size(opt);

	if (count == 0)
		return 0;
	out->item = calloc(count, sizeof(*out->item));
	if (!out->item)
		return ENOMEM;
	for (; out->count < count; out->count++) {
		out->item[out->count] = strdup(cfg_opt_getnstr(opt, (unsigned)out->count));
		if (!out->item[out->count])
			return ENOMEM;
	}
	return 0;
}

static int copy_numbers(cfg_opt_t *opt, struct config_numbers *out)
{
	size_t count = cfg_opt_size(opt);

	if (count == 0)
		return 0;
	out->item = calloc(count, sizeof(*out->item));
	if (!out->item)
		return ENOMEM;
	for (; out->count < count; out->count++)
		out->item[out->count] = (int)cfg_opt_getnint(opt, (unsigned)out->count);
	return 0;
}

static int copy_acl(cfg_opt_t *opt, struct acl *out)
{
	struct buf text = BUF_INIT;
	char *bad = NULL;
	int err = 0;

	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		buf_str(&text, i > 0 ? "," : "");
		buf_str(&text, cfg_opt_getnstr(opt, i));
	}
	if (text.failed)
		err = ENOMEM;
	else if (text.len > 0)
		err = acl_parse(out, text.data, &bad); /* each line was accepted already */
	free(bad);
	buf_free(&text);
	return err;
}

/* An empty string is no string. */
static int copy_string(cfg_opt_t *opt, char **out)
{
	const char *text = cfg_opt_getnstr(opt, 0);

	if (!text || !*text)
		return 0;
	*out = strdup(text);
	return *out ? 0 : ENOMEM;
}

int config_store_copy(struct config_store *s, const struct config_row *row, struct config *c)
{
	void *field = config_field(c, row);
	cfg_opt_t *opt = cfg_getopt(s->cfg, row->name);

	switch (row->type) {
	case OPT_INT:
	case OPT_ENUM:
		*(int *)field = (int)cfg_opt_getnint(opt, 0);
		return 0;
	case OPT_BOOL:
		*(bool *)field = cfg_opt_getnint(opt, 0) != 0;
		return 0;
	case OPT_MASK:
		*(uint32_t *)field = (uint32_t)cfg_opt_getnint(opt, 0);
		return 0;
	case OPT_STRING:
		return copy_string(opt, field);
	case OPT_LIST:
	case OPT_PLUGINS:
	case OPT_WORDS:
		return copy_strings(opt, field);
	case OPT_NUMBERS:
		return copy_numbers(opt, field);
	case OPT_ACL:
		return copy_acl(opt, field);
	case OPT_ALIAS:
	case OPT_RETIRED:
		break;
	}
	return 0;
}
