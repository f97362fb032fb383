/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "config_table.h"

/* True when the line reader would make something else of it. */
static bool needs_quotes(const char *text)
{
	size_t len = strlen(text);

	return len == 0 || strchr("\"'{ \t", text[0]) || strchr(" \t", text[len - 1]) ||
	    strchr(text, '#') || strcmp(text, "undef") == 0;
}

static void add_text(struct buf *b, const char *text)
{
	if (!needs_quotes(text)) {
		buf_str(b, text);
		return;
	}
	buf_str(b, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_str(b, "\\");
		buf_add(b, text, 1);
	}
	buf_str(b, "\"");
}

static void add_line(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, "%s = ", name);
	add_text(b, text);
	buf_str(b, "\n");
}

static void add_number(struct buf *b, const char *name, long long n)
{
	buf_printf(b, "%s = %lld\n", name, n);
}

static void add_enum(struct buf *b, const struct config_row *row, int n)
{
	const char *word = row->unit;

	for (; n > 0; n--)
		word += strcspn(word, "|") + 1;
	buf_printf(b, "%s = %.*s\n", row->name, (int)strcspn(word, "|"), word);
}

static void add_words(struct buf *b, const char *name, const struct config_list *list)
{
	struct buf all = BUF_INIT;

	for (size_t i = 0; i < list->count; i++) {
		buf_str(&all, i > 0 ? ", " : "");
		buf_str(&all, list->item[i]);
	}
	if (all.failed)
		b->failed = true;
	else if (all.len > 0)
		add_line(b, name, all.data);
	buf_free(&all);
}

static void add_acl(struct buf *b, const char *name, const struct acl *acl)
{
	char ip[ADDR_TEXT_MAX];

	if (acl->count == 0)
		return;
	buf_printf(b, "%s = ", name);
	for (size_t i = 0; i < acl->count; i++)
		buf_printf(b, "%s%s/%u", i > 0 ? ", " : "", addr_format_ip(&acl->entry[i].net, ip),
		    acl->entry[i].prefix_len);
	buf_str(b, "\n");
}

static void add_list(struct buf *b, const char *name, const struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		add_line(b, name, list->item[i]);
}

static void add_numbers(struct buf *b, const char *name, const struct config_numbers *list)
{
	for (size_t i = 0; i < list->count; i++)
		add_number(b, name, list->item[i]);
}

/* The lines of one option; none when it is not set. */
static void add_row(struct buf *b, const struct config *c, const struct config_row *row)
{
	const void *v = config_value(c, row);

	switch (row->type) {
	case OPT_INT:
		add_number(b, row->name, *(const int *)v);
		return;
	case OPT_BOOL:
		add_number(b, row->name, *(const bool *)v);
		return;
	case OPT_MASK:
		buf_printf(b, "%s = %#lx\n", row->name, (unsigned long)*(const uint32_t *)v);
		return;
	case OPT_ENUM:
		add_enum(b, row, *(const int *)v);
		return;
	case OPT_STRING:
		if (*(char *const *)v)
			add_line(b, row->name, *(char *const *)v);
		return;
	case OPT_LIST:
	case OPT_PLUGINS:
		add_list(b, row->name, v);
		return;
	case OPT_NUMBERS:
		add_numbers(b, row->name, v);
		return;
	case OPT_WORDS:
		add_words(b, row->name, v);
		return;
	case OPT_ACL:
		add_acl(b, row->name, v);
		return;
	case OPT_ALIAS:
	case OPT_RETIRED:
		return;
	}
}

int config_dump(const struct config *c, FILE *to)
{
	struct buf text = BUF_INIT;
	int err = 0;

	buf_printf(&text, "# siproxd: effective configuration, read from %s\n", c->file);
	for (size_t i = 0; i < config_row_count(); i++) {
		size_t before = text.len;

		if (!config_row_is_option(config_row_at(i)))
			continue;
		add_row(&text, c, config_row_at(i));
		if (text.len == before)
			buf_printf(&text, "#%s =\n", config_row_at(i)->name);
	}
	if (text.failed)
		err = ENOMEM;
	else if (fwrite(text.data, 1, text.len, to) != text.len || fflush(to) != 0)
		err = EIO;
	buf_free(&text);
	return err;
}

/* They are equal when they would be written equally; unequal when memory lacks to tell. */
static bool row_differs(const struct config *a, const struct config *b,
    const struct config_row *row)
{
	struct buf text_a = BUF_INIT, text_b = BUF_INIT;
	bool differs;

	add_row(&text_a, a, row);
	add_row(&text_b, b, row);
	differs = text_a.failed || text_b.failed || text_a.len != text_b.len ||
	    (text_a.len > 0 && memcmp(text_a.data, text_b.data, text_a.len) != 0);
	buf_free(&text_a);
	buf_free(&text_b);
	return differs;
}

size_t config_restart_needed(const struct config *old, const struct config *fresh,
    config_restart_fn *fn, void *arg)
{
	size_t count = 0;

	for (size_t i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);

		if (!(row->flags & OPT_RESTART) || !row_differs(old, fresh, row))
			continue;
		fn(arg, row->name);
		count++;
	}
	return count;
}
