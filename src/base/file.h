/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file: a small file that is rewritten whole while the program runs as somebody else, perhaps in a
 * chroot. It is reached through descriptors opened at the start, before root is given up.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct file;

/*
 * Opens the directory of `path`, and the file itself (made with mode 0600 when absent) as the
 * fallback for a directory that we may not write later. Refuses a symbolic link, and in a
 * directory that everybody may write, a file that is not `owner`'s or ours. When `owner` is not
 * (uid_t)-1 a file made here is given to him. errno.
 */
int file_open(struct file **out, const char *path, uid_t owner, gid_t group);
void file_close(struct file *f);
/* The whole content, NUL-terminated, at most max bytes (EFBIG). The caller frees *data. */
int file_read(struct file *f, size_t max, char **data, size_t *len);
/*
 * Replaces the content. First choice: a temporary file beside it, fsync, rename: a crash at any
 * instruction leaves the old or the new. Where that is impossible (bind mount: EBUSY; directory
 * not writable) in place: written, cut, fsynced. *atomic (may be NULL) tells which. errno.
 */
int file_write(struct file *f, const void *data, size_t len, bool *atomic);
const char *file_path(const struct file *f);

#endif
