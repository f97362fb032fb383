/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main() of a fuzz target without libFuzzer: NAME_fuzz runs over each file of
 * tests/fuzz/corpus/NAME, or over the files that it is given. One file, one claim; what is wrong
 * with one ends the program.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"
#include "tap.h"

static void replay(const char *path)
{
	size_t len = 0, cap = 1 << 20;
	/* To size, so that a sanitizer sees who reads behind the end. */
	uint8_t *all = malloc(cap), *data;
	FILE *f = fopen(path, "rb");

	if (f && all)
		len = fread(all, 1, cap, f);
	data = malloc(len ? len : 1);
	if (data && all) {
		memcpy(data, all, len);
		LLVMFuzzerTestOneInput(data, len);
	}
	ok(f && all && data, path);
	if (f)
		fclose(f);
	free(all);
	free(data);
}

static void replay_corpus(const char *program)
{
	const char *top = getenv("top_srcdir"), *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program, *end = strstr(name, "_fuzz");
	char dir[512], path[1024];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%.*s", top ? top : ".",
	    (int)(end ? (size_t)(end - name) : strlen(name)), name);
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		replay(path);
	}
	if (d)
		closedir(d);
	ok(tap_count > 0, dir);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		replay_corpus(argv[0]);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	return tap_done();
}
