/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file: a small file that is rewritten whole while the program runs as somebody else, perhaps in a
 * chroot. It is reached through descriptors opened at the start, before root is given up.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct file;

/*
 * Opens the directory of `path`, and the file itself (made with mode 0600 when absent) as the
 * fallback for a directory that we may not write later. When `owner` is not (uid_t)-1 a file made
 * here is given to him. ELOOP for a symbolic link; EINVAL for what is no plain file; EPERM in a
 * directory that everybody may write, unless the file is ours or `owner`'s and has one name, and in
 * one that belongs to a stranger, unless the file is ours, `owner`'s or his; errno.
 */
int file_open(struct file **out, const char *path, uid_t owner, gid_t group);
/* For a file that others write: must exist, may be a symbolic link; file_write() gives EROFS. */
int file_open_readonly(struct file **out, const char *path);
void file_close(struct file *f);
/* By the rules of file_open(), for a file that is written bit by bit: its descriptor alone, for
 * reading and writing. What stands in the file is left to the caller, who closes *fd. */
int file_open_plain(const char *path, uid_t owner, gid_t group, int *fd);
/*
 * The whole content, NUL-terminated, at most max bytes (EFBIG), of the file that has the name now,
 * or, where we may no longer open that, of the one opened at the start. ENOENT when it was deleted.
 * The caller frees *data.
 */
int file_read(struct file *f, size_t max, char **data, size_t *len);
/* A number that is another one once the file that has the name is another, or was written. errno.
 */
int file_stamp(const struct file *f, uint64_t *stamp);
/*
 * Replaces the content. First choice: a temporary file beside it, fsync, rename: a crash at any
 * instruction leaves the old or the new. Where that is impossible (bind mount: EBUSY; directory
 * not writable) in place: written, cut, fsynced; when the disk is full the old content stays there
 * too. Mode and, if we may, owner stay the same. *atomic (may be NULL) tells which way it went.
 * errno. It waits for the disk: for small files, and seldom.
 */
int file_write(struct file *f, const void *data, size_t len, bool *atomic);
const char *file_path(const struct file *f);
/* Opening it made it: nobody had one of that name. */
bool file_is_new(const struct file *f);
/* file_write() does not wait for the disk any more: for what is worth nothing once the machine
 * itself has stopped. A crash of the program still leaves the old or the new. */
void file_set_hasty(struct file *f);

#endif
