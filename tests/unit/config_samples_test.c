/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads tests/data/configs/NAME.conf, one per distribution that generates such files, and compares
 * with NAME.values: lines of --dump-config that must be there, and as "! line message" all
 * warnings and errors that must be said, in their order. Then dumps, reads the dump, dumps again.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/md.h"
#include "config.h"
#include "tap.h"

static char *dump(const struct config *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (config_dump(c, f) != 0)
		ok(false, "dump");
	fclose(f);
	return text;
}

/* The dump's values, without its first line, which names the file. */
static const char *values_of(const char *dumped)
{
	return strchr(dumped, '\n') + 1;
}

/* `line` (which ends with a newline) is one of the lines of text. */
static bool has_line(const char *text, const char *line)
{
	const char *at = text;

	while ((at = strstr(at, line)) != NULL) {
		if (at == text || at[-1] == '\n')
			return true;
		at++;
	}
	return false;
}

/* The next message that the administrator must see, as NAME.values writes it. */
static const char *next_said(const struct config_messages *msgs, size_t *i, char *out, size_t size)
{
	static const char *const word[] = {"error", "warning"};

	for (; *i < msgs->count; ++*i) {
		const struct config_message *m = &msgs->item[*i];

		if (m->level > CONFIG_WARN)
			continue;
		snprintf(out, size, "! %u %s: %s\n", m->line, word[m->level], m->text);
		++*i;
		return out;
	}
	return NULL;
}

static void compare(FILE *values, const char *dumped, const struct config_messages *msgs,
    const char *name)
{
	char want[1000], got[1000];
	size_t said = 0;
	bool all = true;

	while (fgets(want, sizeof(want), values)) {
		bool there;

		if (want[0] == '!')
			there = next_said(msgs, &said, got, sizeof(got)) && strcmp(got, want) == 0;
		else
			there = has_line(dumped, want);
		if (!there)
			printf("# missing: %s", want);
		all &= there;
	}
	if (next_said(msgs, &said, got, sizeof(got))) {
		printf("# not expected: %s", got);
		all = false;
	}
	ok(all, name);
}

static void test_round_trip(const char *dumped)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *c = NULL;
	char *again;

	is_int(config_parse(&c, "dump", dumped, strlen(dumped), &msgs), 0, "... its dump loads");
	if (c) {
		again = dump(c);
		is_str(values_of(again), values_of(dumped), "... to the same values");
		free(again);
	}
	config_free(c);
	config_messages_done(&msgs);
}

static void test_sample(const char *dir, const char *name, int len)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *c = NULL;
	char path[2000], *dumped;
	FILE *values;

	snprintf(path, sizeof(path), "%s/%.*s.conf", dir, len, name);
	/* The two that set proxy_auth_realm are an error then. */
	if (config_load(&c, path, &msgs) != 0 && !md_is_available()) {
		config_messages_done(&msgs);
		return;
	}
	ok(c != NULL, path);
	snprintf(path, sizeof(path), "%s/%.*s.values", dir, len, name);
	values = fopen(path, "r");
	if (ok(values && c, "... and its values exist")) {
		dumped = dump(c);
		compare(values, dumped, &msgs, "... what must come out does");
		test_round_trip(dumped);
		free(dumped);
	}
	if (values)
		fclose(values);
	config_free(c);
	config_messages_done(&msgs);
}

/* Values that look like syntax. */
static void test_odd_values(void)
{
	static const char text[] = "ua_string = ' a # b '\n"
				   "user = '{a}'\n"
				   "chrootjail = \"'x\"\n"
				   "pid_file = \"undef\"\n"
				   "host_outbound = 'a\"b'\n"
				   "registration_file = 'C:\\x\\\\'\n"
				   "if_inbound = {'a#b', \"'c\"}\n"
				   "mask_host = {'', ' ', '\"', '\\''}\n"
				   "masked_host = {a, b, c, d}\n";
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *c = NULL;
	char *dumped;

	if (!ok(config_parse(&c, "odd", text, sizeof(text) - 1, &msgs) == 0, "odd values")) {
		config_messages_print(&msgs, stdout);
		return;
	}
	is_str(c->registration_file, "C:\\x\\", "a backslash at the end");
	is_str(c->mask_host.item[1], " ", "a blank");
	dumped = dump(c);
	test_round_trip(dumped);
	free(dumped);
	config_free(c);
	config_messages_done(&msgs);
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	char dir[1000];
	struct dirent *entry;
	DIR *d;
	int samples = 0;

	snprintf(dir, sizeof(dir), "%s/tests/data/configs", top ? top : ".");
	d = opendir(dir);
	while (d && (entry = readdir(d)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".conf") != 0)
			continue;
		test_sample(dir, entry->d_name, (int)(dot - entry->d_name));
		samples++;
	}
	if (d)
		closedir(d);
	ok(samples > 10, "the sample files are there");
	test_odd_values();
	return tap_done();
}
