/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paths: where files of a configuration lie, with or without a chroot.
 */
#ifndef PATHS_H
#define PATHS_H

#include <sys/types.h>

/* Where registrations are kept when nothing is said, best place first; NULL ends it. */
extern const char *const paths_registrations[];

/*
 * The file that `path` means, as it is called before the chroot. A path that begins with the jail
 * means what it says (so its authors meant it, though the classic siproxd looked inside the jail);
 * a relative one lies in the jail; any other absolute one too if its directory exists there.
 * Malloced; NULL for a NULL path or without memory. `jail` may be NULL.
 */
char *paths_in_jail(const char *jail, const char *path);
/* The same file's name once we are in the jail; a pointer into `path`, NULL if it is outside. */
const char *paths_from_inside(const char *jail, const char *path);
/* Makes the last directory of `path` if only that is missing, and gives it to `owner`. Never one
 * directly below the root: that is a slip of the pen. */
void paths_make_parent(const char *path, uid_t owner, gid_t group);

#endif
