/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "config_reading.h"

/* ---- the struct ---------------------------------------------------------------------------- */

void config_list_free(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct config_list){NULL, 0};
}

void config_numbers_free(struct config_numbers *numbers)
{
	free(numbers->item);
	*numbers = (struct config_numbers){NULL, 0};
}

static void free_row(struct config *c, const struct config_row *row)
{
	void *field = config_field(c, row);

	switch (row->type) {
	case OPT_STRING:
		free(*(char **)field);
		return;
	case OPT_LIST:
	case OPT_PLUGINS:
	case OPT_WORDS:
		config_list_free(field);
		return;
	case OPT_NUMBERS:
		config_numbers_free(field);
		return;
	case OPT_ACL:
		acl_done(field);
		return;
	default:
		return;
	}
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < config_row_count(); i++)
		if (config_row_is_option(config_row_at(i)))
			free_row(c, config_row_at(i));
	free(c->file);
	free(c);
}

/* ---- from text ----------------------------------------------------------------------------- */

/* All lines were read: into the struct. */
static int build(struct reading *r)
{
	int err = 0;

	r->c = calloc(1, sizeof(*r->c));
	if (!r->c)
		return ENOMEM;
	r->c->file = strdup(r->file);
	if (!r->c->file)
		return ENOMEM;
	for (size_t i = 0; i < config_row_count() && !err; i++)
		if (config_row_is_option(config_row_at(i)))
			err = config_store_copy(r->store, config_row_at(i), r->c);
	if (err)
		return err;
	config_check(r);
	return r->errors > 0 ? EINVAL : 0;
}

static int read_text(struct reading *r, char *text, size_t len)
{
	struct config_lines lines;
	struct config_line line;
	int err;

	r->set_at = calloc(config_row_count(), sizeof(*r->set_at));
	if (!r->set_at)
		return ENOMEM;
	err = config_store_open(&r->store);
	if (err)
		return err;
	config_lines_start(&lines, text, len);
	while (!r->no_memory && config_lines_next(&lines, &line)) {
		config_set_line(r, &line);
		if (line.kind ==
		    LINE_NUL) /* what follows is no better, and would be told at length */
			return EINVAL;
	}
	return r->no_memory ? ENOMEM : build(r);
}

int config_parse(struct config **out, const char *name, const char *text, size_t len,
    struct config_messages *msgs)
{
	struct reading r = {.msgs = msgs, .file = name};
	char *copy;
	int err;

	*out = NULL;
	if (len > CONFIG_FILE_MAX) {
		reading_say(&r, CONFIG_ERR, "the file is larger than %d bytes", CONFIG_FILE_MAX);
		return EFBIG;
	}
	copy = malloc(len + 1);
	if (!copy)
		return ENOMEM;
	if (len > 0)
		memcpy(copy, text, len);
	err = read_text(&r, copy, len);
	config_store_close(r.store);
	free(r.set_at);
	free(r.entry);
	free(copy);
	if (err)
		config_free(r.c);
	else
		*out = r.c;
	return err;
}

/* ---- from a file --------------------------------------------------------------------------- */

/* At most CONFIG_FILE_MAX + 1 bytes: config_parse() says that this is too much. */
static int read_all(int fd, char **data, size_t *len)
{
	size_t max = CONFIG_FILE_MAX + 1;
	ssize_t n = 1;

	*len = 0;
	*data = malloc(max);
	if (!*data)
		return ENOMEM;
	while (n != 0 && *len < max) {
		n = read(fd, *data + *len, max - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			return errno;
	}
	return 0;
}

/* Also from a pipe; a directory can be opened, but not read. */
static int read_file(const char *path, char **data, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err;

	*data = NULL;
	if (fd < 0)
		return errno;
	err = read_all(fd, data, len);
	close(fd);
	return err;
}

static const char *const folders[] = {SYSCONFDIR, "/etc", "/etc/siproxd", "/usr/etc",
    "/usr/local/etc"};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

/* The folder that was chosen at build time is one of the usual ones, mostly. */
static bool is_repeated(size_t folder)
{
	return folder > 0 && strcmp(folders[folder], folders[0]) == 0;
}

static void say_not_found(struct config_messages *msgs)
{
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < FOLDERS; i++)
		if (!is_repeated(i))
			buf_printf(&list, "%s%s", i > 0 ? ", " : "", folders[i]);
	config_say(msgs, CONFIG_ERR, NULL, 0,
	    "no configuration file found: no ~/.siproxdrc, and no "
	    "siproxd.conf in %s; copy siproxd.conf.example to %s/siproxd.conf",
	    list.failed ? folders[0] : list.data, folders[0]);
	buf_free(&list);
}

/* The candidate number i: ~/.siproxdrc comes first. NULL: it is none, or (errno) no memory. */
static char *candidate(size_t i)
{
	const char *home = getenv("HOME");
	struct buf name = BUF_INIT;

	errno = 0;
	if (i == 0 ? !home : is_repeated(i - 1))
		return NULL;
	if (i == 0)
		buf_printf(&name, "%s/.siproxdrc", home);
	else
		buf_printf(&name, "%s/siproxd.conf", folders[i - 1]);
	errno = ENOMEM;
	return buf_take(&name);
}

static int search(char **path, char **data, size_t *len, struct config_messages *msgs)
{
	for (size_t i = 0; i <= FOLDERS; i++) {
		int err;

		*path = candidate(i);
		if (!*path && errno)
			return ENOMEM;
		if (!*path)
			continue;
		err = read_file(*path, data, len);
		if (!err)
			return 0;
		free(*data);
		*data = NULL;
		if (err != ENOENT && err != ENOTDIR)
			config_say(msgs, CONFIG_WARN, NULL, 0, "cannot read %s: %s", *path,
			    strerror(err));
		free(*path);
		*path = NULL;
	}
	say_not_found(msgs);
	return ENOENT;
}

static int read_named(const char *path, char **found, char **data, size_t *len,
    struct config_messages *msgs)
{
	int err = read_file(path, data, len);

	if (err) {
		config_say(msgs, CONFIG_ERR, NULL, 0, "cannot read %s: %s", path, strerror(err));
		return err;
	}
	*found = strdup(path);
	return *found ? 0 : ENOMEM;
}

int config_load(struct config **out, const char *path, struct config_messages *msgs)
{
	char *found = NULL, *data = NULL;
	size_t len = 0;
	int err;

	*out = NULL;
	err =
	    path ? read_named(path, &found, &data, &len, msgs) : search(&found, &data, &len, msgs);
	if (!err) {
		config_say(msgs, CONFIG_INFO, found, 0, "this file is read");
		err = config_parse(out, found, data, len, msgs);
	}
	free(found);
	free(data);
	return err;
}

bool config_loads_plugin(const struct config *c, const char *plugin)
{
	char name[CONFIG_PLUGIN_NAME_MAX];

	for (size_t i = 0; i < c->load_plugin.count; i++)
		if (strcasecmp(config_plugin_name(c->load_plugin.item[i], name), plugin) == 0)
			return true;
	return false;
}
