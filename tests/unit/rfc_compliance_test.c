/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doc/rfc-compliance names a test for all that it claims, and every test that it names is there. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static const char *top;

static bool is_test(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/unit/%s_test.c", top, name);
	if (access(path, R_OK) == 0)
		return true;
	snprintf(path, sizeof(path), "%s/tests/integration/%s.test", top, name);
	return access(path, R_OK) == 0 || strcmp(name, "(all)") == 0;
}

/* "core_call, call_out (this too)": names between commas; what follows a blank is a remark. */
static unsigned check_names(char *text)
{
	unsigned n = 0;

	for (char *save, *name = strtok_r(text, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		name += strspn(name, " \t");
		name[strcspn(name, " \t\n")] = '\0';
		if (!*name)
			continue;
		n++;
		if (!is_test(name) && !ok(false, "a test that is there"))
			printf("# %s\n", name);
	}
	return n;
}

/* A row is "| section | what | where | tests". */
static bool check_row(char *line)
{
	char *tests = strrchr(line, '|');

	return strncmp(line, "| Section", 9) == 0 || check_names(tests + 1) > 0;
}

int main(void)
{
	unsigned rows = 0, deviations = 0;
	char line[1000];
	FILE *f;

	top = getenv("top_srcdir") ? getenv("top_srcdir") : ".";
	snprintf(line, sizeof(line), "%s/doc/rfc-compliance", top);
	f = fopen(line, "r");
	while (f && fgets(line, sizeof(line), f)) {
		char copy[1000];
		bool good = true;

		snprintf(copy, sizeof(copy), "%s", line);
		if (line[0] == '|') {
			rows++;
			good = check_row(line);
		} else if (strncmp(line, "   Test ", 8) == 0) {
			deviations++;
			good = check_names(line + 8) > 0;
		}
		if (!good && !ok(false, "a claim with a test"))
			printf("# %s", copy);
	}
	if (f)
		fclose(f);
	ok(rows > 90, "the table is there");
	ok(deviations > 20, "and so are the deviations");
	return tap_done();
}
