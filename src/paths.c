/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paths.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const paths_registrations[] = {
    "/var/lib/siproxd/siproxd_registrations",
    "/tmp/siproxd_registrations",
    NULL,
};

static char *join(const char *dir, const char *path)
{
	char *out;
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	while (*path == '/')
		path++;
	return asprintf(&out, "%.*s/%s", (int)len, dir, path) < 0 ? NULL : out;
}

/* Its directory; the string is cut. */
static const char *cut_to_dir(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	slash[slash == path] = '\0';
	return path;
}

static bool dir_exists(const char *path)
{
	char *copy = strdup(path);
	struct stat st;
	bool exists = copy && stat(cut_to_dir(copy), &st) == 0 && S_ISDIR(st.st_mode);

	free(copy);
	return exists;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

char *paths_in_jail(const char *jail, const char *path)
{
	char *inside;

	if (!path)
		return NULL;
	if (!jail || is_below(path, jail))
		return strdup(path);
	inside = join(jail, path);
	if (inside && path[0] == '/' && !dir_exists(inside)) {
		free(inside);
		return strdup(path);
	}
	return inside;
}

const char *paths_from_inside(const char *jail, const char *path)
{
	size_t len = strlen(jail);

	while (len > 1 && jail[len - 1] == '/')
		len--;
	return is_below(path, jail) ? path + len : NULL;
}

void paths_make_parent(const char *path, uid_t owner, gid_t group)
{
	char *copy = strdup(path);
	const char *dir;

	if (!copy)
		return;
	dir = cut_to_dir(copy);
	if (strrchr(dir, '/') != dir && mkdir(dir, 0750) == 0 && owner != (uid_t)-1 &&
	    chown(dir, owner, group) != 0)
		rmdir(dir);
	free(copy);
}
