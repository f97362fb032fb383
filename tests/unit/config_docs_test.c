/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option table against what people read: siproxd.conf(5) and siproxd.conf.example name every
 * option once, with its right default, and none that does not exist.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/md.h"
#include "config_table.h"
#include "tap.h"

#define ROWS_MAX 200

static FILE *open_doc(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[1000];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top ? top : ".", name);
	f = fopen(path, "r");
	ok(f != NULL, path);
	return f;
}

static bool read_line(FILE *f, char *line, size_t size)
{
	if (!fgets(line, (int)size, f))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* The option's row, and counts it; complains about one that is none. */
static const struct config_row *seen(const char *name, unsigned *count)
{
	const struct config_row *row = config_row_find(name);

	if (!row || !config_row_is_option(row)) {
		ok(false, "an option that does not exist");
		printf("# %s\n", name);
		return NULL;
	}
	count[row - config_row_at(0)]++;
	return row;
}

static void each_once(const unsigned *count, const char *what)
{
	bool all = true;

	for (size_t i = 0; i < config_row_count(); i++) {
		unsigned want = config_row_is_option(config_row_at(i));

		if (count[i] != want)
			printf("# %s stands there %u times\n", config_row_at(i)->name, count[i]);
		all &= count[i] == want;
	}
	ok(all, what);
}

/* "Default: 300 seconds. Range: 1 to 86400. Needs a restart." */
static void default_text(const struct config_row *row, char *out, size_t size)
{
	bool unit = row->unit && row->type != OPT_ENUM;
	int len;

	if (!row->def)
		len = snprintf(out, size, "Default: none.");
	else if (row->type == OPT_BOOL)
		len = snprintf(out, size, "Default: %s (%s).", row->def,
		    strcmp(row->def, "0") == 0 ? "no" : "yes");
	else
		len = snprintf(out, size, "Default: %s%s%s.", row->def, unit ? " " : "",
		    unit ? row->unit : "");
	if (row->type == OPT_INT || row->type == OPT_NUMBERS)
		len += snprintf(out + len, size - (size_t)len, " Range: %lld to %lld.", row->min,
		    row->max);
	if (row->flags & OPT_RESTART)
		snprintf(out + len, size - (size_t)len, " Needs a restart.");
}

static void test_manual(void)
{
	FILE *f = open_doc("doc/siproxd.conf.5");
	unsigned count[ROWS_MAX] = {0};
	char line[1000], want[200];
	bool later = false;

	if (!f)
		return;
	while (read_line(f, line, sizeof(line))) {
		const struct config_row *row;

		if (strncmp(line, ".Sh ACCEPTED", 12) == 0)
			later = true;
		if (strncmp(line, ".It Cm ", 7) != 0)
			continue;
		row = seen(line + 7, count);
		if (!row || !read_line(f, line, sizeof(line)))
			continue;
		default_text(row, want, sizeof(want));
		is_str(line, want, row->name);
		if (row->type != OPT_PLUGINS)
			ok(later == ((row->flags & OPT_NO_EFFECT) != 0), "... in its section");
	}
	fclose(f);
	each_once(count, "siproxd.conf(5) has every option once");
}

/* "#name = value" or "name = value"; prose has a blank behind its #. */
static bool split_setting(char *line, char **name, char **value)
{
	char *equals;

	if (*line == '#')
		line++;
	equals = strchr(line, '=');
	if (!isalpha((unsigned char)*line) || !equals || equals[1] != ' ')
		return false;
	*name = line;
	line[strcspn(line, " =")] = '\0';
	*value = equals + 2;
	return true;
}

/* All settings of the example, none of them commented out. */
static void load_all(const char *text)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *c = NULL;
	bool unknown = false;

	is_int(config_parse(&c, "example", text, strlen(text), &msgs),
	    md_is_available() ? 0 : EINVAL, "all lines of the example load");
	for (size_t i = 0; i < msgs.count; i++)
		unknown |= strstr(msgs.item[i].text, "ignored") != NULL;
	ok(!unknown, "... and none is ignored");
	config_free(c);
	config_messages_done(&msgs);
}

static void test_example(void)
{
	FILE *f = open_doc("siproxd.conf.example");
	unsigned count[ROWS_MAX] = {0};
	char line[1000], *text = NULL;
	size_t len;
	FILE *all;

	if (!f)
		return;
	all = open_memstream(&text, &len);
	while (read_line(f, line, sizeof(line))) {
		const struct config_row *row;
		char *name, *value;

		if (!split_setting(line, &name, &value))
			continue;
		fprintf(all, "%s = %s\n", name, value);
		row = seen(name, count);
		if (row && row->def)
			is_str(value, row->def, row->name);
	}
	fclose(all);
	fclose(f);
	each_once(count, "the example has every option once");
	load_all(text);
	free(text);
}

static void test_example_loads(void)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	const char *top = getenv("top_srcdir");
	struct config *c = NULL;
	char path[1000];

	snprintf(path, sizeof(path), "%s/siproxd.conf.example", top ? top : ".");
	is_int(config_load(&c, path, &msgs), 0, "the example as it is loads");
	is_int((long long)msgs.count, 1, "... and all that is said is its name");
	ok(c && c->if_inbound.count == 1 && c->if_outbound, "... and it sets both interfaces");
	config_free(c);
	config_messages_done(&msgs);
}

int main(void)
{
	ok(config_row_count() <= ROWS_MAX, "the table fits");
	test_manual();
	test_example();
	test_example_loads();
	return tap_done();
}
