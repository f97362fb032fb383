/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/siphash.h"

/* O_NONBLOCK: opening a FIFO that somebody put there must not hold us. */
#define OPEN_FLAGS (O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

struct file {
	char *path;
	const char *name; /* its last component, within `path` */
	int dir_fd;       /* -1 when the directory cannot be opened: then only in place */
	int fd;
	int flags; /* how to open it */
	uid_t owner;
	bool made, hasty;
};

static int open_dir(struct file *f)
{
	char *slash = strrchr(f->path, '/'), *dir;

	f->name = slash != NULL ? slash + 1 : f->path;
	if (*f->name == '\0' || strcmp(f->name, ".") == 0 || strcmp(f->name, "..") == 0)
		return EISDIR;
	dir = slash != NULL ? strndup(f->path, (size_t)(slash - f->path) + 1) : strdup(".");
	if (dir == NULL)
		return ENOMEM;
	f->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return f->dir_fd < 0 && errno != EACCES ? errno : 0;
}

/* By its name in the directory that we hold, since a chroot makes the path meaningless. */
static int open_at(const struct file *f, const char *name, int flags)
{
	if (f->dir_fd < 0)
		return open(f->path, flags | OPEN_FLAGS, 0600);
	return openat(f->dir_fd, name, flags | OPEN_FLAGS, 0600);
}

static bool is_friend(const struct file *f, uid_t uid)
{
	return uid == geteuid() || (f->owner != (uid_t)-1 && uid == f->owner);
}

/*
 * Whose file may stand there? In everybody's directory ours or the owner's; in a stranger's own
 * directory his too. It has one name, or it might be a link to a file that matters elsewhere.
 */
static bool is_planted(const struct file *f, const struct stat *st)
{
	struct stat dir = {.st_mode = S_IWOTH};
	bool shared, strange;

	if (f->dir_fd >= 0 && fstat(f->dir_fd, &dir) != 0)
		return true;
	shared = (dir.st_mode & S_IWOTH) != 0;
	strange = dir.st_uid != 0 && !is_friend(f, dir.st_uid);
	if (!shared && !strange)
		return false;
	if (st->st_nlink != 1)
		return true;
	return !is_friend(f, st->st_uid) && (shared || st->st_uid != dir.st_uid);
}

static int check(const struct file *f, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	if (f->flags == O_RDONLY)
		return 0;
	return is_planted(f, &st) ? EPERM : 0;
}

static int open_or_make(struct file *f, gid_t group)
{
	f->fd = open_at(f, f->name, f->flags);
	if (f->fd < 0 && errno == ENOENT && f->flags != O_RDONLY) {
		f->fd = open_at(f, f->name, f->flags | O_CREAT | O_EXCL);
		f->made = f->fd >= 0;
		/* Where this is refused (a squashed root) the descriptor serves us all the same. */
		if (f->fd >= 0 && f->owner != (uid_t)-1 && fchown(f->fd, f->owner, group) != 0)
			errno = 0;
	}
	if (f->fd < 0)
		return errno == EMLINK ? ELOOP : errno; /* the BSDs' word for O_NOFOLLOW */
	return check(f, f->fd);
}

static int open_file(struct file **out, const char *path, int flags, uid_t owner, gid_t group)
{
	struct file *f = calloc(1, sizeof(*f));
	int err;

	*out = NULL;
	if (f == NULL)
		return ENOMEM;
	f->dir_fd = f->fd = -1;
	f->flags = flags;
	f->owner = owner;
	f->path = strdup(path);
	err = f->path != NULL ? open_dir(f) : ENOMEM;
	if (err == 0)
		err = open_or_make(f, group);
	if (err != 0) {
		file_close(f);
		return err;
	}
	*out = f;
	return 0;
}

int file_open(struct file **out, const char *path, uid_t owner, gid_t group)
{
	return open_file(out, path, O_RDWR | O_NOFOLLOW, owner, group);
}

int file_open_readonly(struct file **out, const char *path)
{
	return open_file(out, path, O_RDONLY, (uid_t)-1, (gid_t)-1);
}

void file_close(struct file *f)
{
	if (f == NULL)
		return;
	fd_close(&f->fd);
	fd_close(&f->dir_fd);
	free(f->path);
	free(f);
}

int file_open_plain(const char *path, uid_t owner, gid_t group, int *fd)
{
	struct file *f;
	int err = file_open(&f, path, owner, group);

	*fd = -1;
	if (err != 0)
		return err;
	*fd = f->fd;
	f->fd = -1;
	file_close(f);
	return 0;
}

const char *file_path(const struct file *f)
{
	return f->path;
}

bool file_is_new(const struct file *f)
{
	return f->made;
}

void file_set_hasty(struct file *f)
{
	f->hasty = true;
}

static int sync_to_disk(const struct file *f, int fd)
{
	return !f->hasty && fsync(fd) != 0 ? errno : 0;
}

/* Takes the file that bears the name now, if we may; ENOENT when ours was deleted meanwhile. */
static int refresh(struct file *f)
{
	int fd = f->dir_fd >= 0 ? open_at(f, f->name, f->flags) : -1;
	struct stat st;

	if (fd >= 0 && check(f, fd) == 0) {
		fd_close(&f->fd);
		f->fd = fd;
		return 0;
	}
	fd_close(&fd);
	if (fstat(f->fd, &st) != 0)
		return errno;
	return st.st_nlink == 0 ? ENOENT : 0;
}

int file_read(struct file *f, size_t max, char **data, size_t *len)
{
	struct stat st;
	char *bytes;
	int err = refresh(f);

	*data = NULL;
	*len = 0;
	if (err != 0)
		return err;
	if (fstat(f->fd, &st) != 0)
		return errno;
	if (st.st_size < 0 || (uintmax_t)st.st_size > max)
		return EFBIG;
	bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL)
		return ENOMEM;
	while (*len < (size_t)st.st_size) {
		ssize_t n = pread(f->fd, bytes + *len, (size_t)st.st_size - *len, (off_t)*len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = errno;
			free(bytes);
			*len = 0;
			return err;
		}
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	bytes[*len] = '\0';
	*data = bytes;
	return 0;
}

static uint64_t mtime_ns(const struct stat *st)
{
#ifdef HAVE_STRUCT_STAT_ST_MTIM_TV_NSEC
	return (uint64_t)st->st_mtim.tv_nsec;
#else
	(void)st;
	return 0;
#endif
}

int file_stamp(const struct file *f, uint64_t *stamp)
{
	static const uint8_t key[SIPHASH_KEY_LEN];
	struct stat st;
	uint64_t field[5];

	/* A link may lead out of the jail: then what we hold is all that we see. */
	if ((f->dir_fd < 0 || fstatat(f->dir_fd, f->name, &st, 0) != 0) && fstat(f->fd, &st) != 0)
		return errno;
	field[0] = (uint64_t)st.st_dev;
	field[1] = (uint64_t)st.st_ino;
	field[2] = (uint64_t)st.st_size;
	field[3] = (uint64_t)st.st_mtime;
	field[4] = mtime_ns(&st);
	*stamp = siphash(key, field, sizeof(field));
	return 0;
}

static int write_at(int fd, const char *data, size_t from, size_t to)
{
	while (from < to) {
		ssize_t n = pwrite(fd, data + from, to - from, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		from += (size_t)n;
	}
	return 0;
}

/*
 * ".name.new" every time, so that crashes leave one such file and not many; another name if a
 * stranger owns that one. The old file's mode and owner are for those who read it.
 */
static int make_temp(const struct file *f, char *name, size_t size, int *fd)
{
	struct stat st;
	uint32_t number;

	if (f->dir_fd < 0)
		return EACCES;
	snprintf(name, size, ".%.200s.new", f->name);
	unlinkat(f->dir_fd, name, 0);
	for (int tries = 0; tries < 10; tries++) {
		*fd = open_at(f, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
		if (*fd >= 0 || errno != EEXIST)
			break;
		random_bytes(&number, sizeof(number));
		snprintf(name, size, ".%.200s.%08lx", f->name, (unsigned long)number);
	}
	if (*fd < 0)
		return errno;
	if (fstat(f->fd, &st) == 0) {
		if (fchown(*fd, st.st_uid, st.st_gid) != 0)
			errno = 0; /* only root gives files away */
		fchmod(*fd, st.st_mode & 0777);
	}
	return 0;
}

/* *possible is false when this way is closed here, and nothing has happened. */
static int write_by_rename(struct file *f, const char *data, size_t len, bool *possible)
{
	char name[256];
	int fd = -1, err = make_temp(f, name, sizeof(name), &fd);

	*possible = err == 0;
	if (err != 0)
		return err;
	err = write_at(fd, data, 0, len);
	if (err == 0)
		err = sync_to_disk(f, fd);
	if (err == 0 && renameat(f->dir_fd, name, f->dir_fd, f->name) != 0) {
		err = errno;
		*possible = false;
	}
	if (err != 0) {
		unlinkat(f->dir_fd, name, 0);
		fd_close(&fd);
		return err;
	}
	fd_close(&f->fd);
	f->fd = fd;
	sync_to_disk(f, f->dir_fd); /* where a directory cannot be synced, nothing better exists */
	return 0;
}

static int write_in_place(struct file *f, const char *data, size_t len)
{
	size_t old_len;
	struct stat st;
	int err = refresh(f);

	if (err != 0)
		return err;
	if (fstat(f->fd, &st) != 0)
		return errno;
	old_len = (size_t)st.st_size;
	/* What needs new room first: when there is none, the old content is still whole. */
	err = write_at(f->fd, data, old_len < len ? old_len : len, len);
	if (err != 0) {
		if (ftruncate(f->fd, st.st_size) != 0)
			return errno;
		return err;
	}
	err = write_at(f->fd, data, 0, old_len < len ? old_len : len);
	if (err == 0 && ftruncate(f->fd, (off_t)len) != 0)
		err = errno;
	return err ? err : sync_to_disk(f, f->fd);
}

int file_write(struct file *f, const void *data, size_t len, bool *atomic)
{
	bool possible;
	int err;

	if (f->flags == O_RDONLY)
		return EROFS;
	err = write_by_rename(f, data, len, &possible);
	if (atomic != NULL)
		*atomic = possible;
	return possible ? err : write_in_place(f, data, len);
}
