/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

#include "tap.h"

#define STRANGER 65534

static char dir[] = "/tmp/file_test.XXXXXX";
static char path[128], other[128];

static const char *in_dir(char *out, const char *name)
{
	snprintf(out, 128, "%s/%s", dir, name);
	return out;
}

static void put(const char *name, const char *text, mode_t mode)
{
	char p[128];
	int fd = open(in_dir(p, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fchmod(fd, mode) != 0)
		exit(99);
	close(fd);
}

static const char *get(const char *name)
{
	static char text[8192];
	char p[128];
	int fd = open(in_dir(p, name), O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd < 0)
		return "(no such file)";
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return text;
}

static int count_files(void)
{
	struct dirent *e;
	int n = -2;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL)
		n++;
	closedir(d);
	return n;
}

static void clean(void)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	chmod(dir, 0700);
	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

static int write_text(struct file *f, const char *text, bool *atomic)
{
	return file_write(f, text, strlen(text), atomic);
}

static void test_plain(void)
{
	struct file *f;
	bool atomic = false;
	struct stat st;
	char *data;
	size_t len;

	is_int(file_open(&f, in_dir(path, "regs"), (uid_t)-1, (gid_t)-1), 0, "opened");
	is_str(file_path(f), path, "its path");
	stat(path, &st);
	is_int(st.st_mode & 0777, 0600, "made for us alone");
	is_int(file_read(f, 100, &data, &len), 0, "read when empty");
	ok(len == 0 && data != NULL && *data == '\0', "... is an empty string");
	free(data);

	is_int(write_text(f, "first content", &atomic), 0, "written");
	ok(atomic, "... atomically");
	is_str(get("regs"), "first content", "... is there");
	chmod(path, 0640);
	is_int(write_text(f, "short", NULL), 0, "written again");
	is_str(get("regs"), "short", "... shorter");
	stat(path, &st);
	is_int(st.st_mode & 0777, 0640, "the mode stays");
	is_int(count_files(), 1, "nothing else remains");

	is_int(file_read(f, 5, &data, &len), 0, "read, just small enough");
	ok(len == 5 && strcmp(data, "short") == 0, "... its content");
	free(data);
	is_int(file_read(f, 4, &data, &len), EFBIG, "too large");
	ok(data == NULL && len == 0, "... gives nothing");

	put("new", "by somebody else", 0600);
	rename(in_dir(other, "new"), path);
	is_int(file_read(f, 100, &data, &len), 0, "a file that another program replaced");
	is_str(data, "by somebody else", "... is read anew");
	free(data);
	unlink(path);
	is_int(file_read(f, 100, &data, &len), ENOENT, "deleted");
	is_int(write_text(f, "again", &atomic), 0, "... and written again");
	is_str(get("regs"), "again", "... under its name");
	put(".regs.new", "left by a crash", 0400);
	is_int(write_text(f, "after crash", &atomic), 0, "a temporary file that a crash left");
	ok(atomic && count_files() == 1, "... is no hindrance");
	file_close(f);
	file_close(NULL);
}

static void test_relative(void)
{
	struct file *f;
	int here = open(".", O_RDONLY);

	if (here < 0 || chdir(dir) != 0)
		exit(99);
	is_int(file_open(&f, "regs", (uid_t)-1, (gid_t)-1), 0, "a relative name");
	if (fchdir(here) != 0)
		exit(99);
	close(here);
	is_int(write_text(f, "relative", NULL), 0, "... is kept when the directory changes");
	is_str(get("regs"), "relative", "... written where it was meant");
	file_close(f);
}

static void test_refused(void)
{
	struct file *f;

	put("target", "precious", 0600);
	if (symlink("target", in_dir(path, "link")) != 0)
		exit(99);
	is_int(file_open(&f, path, (uid_t)-1, (gid_t)-1), ELOOP, "a symbolic link");
	ok(f == NULL, "... gives nothing");
	is_str(get("target"), "precious", "... and its target stays");
	is_int(file_open(&f, "/dev/null", (uid_t)-1, (gid_t)-1), EINVAL, "a device");
	mkfifo(in_dir(path, "fifo"), 0600);
	is_int(file_open(&f, path, (uid_t)-1, (gid_t)-1), EINVAL, "a FIFO, without waiting");
	is_int(file_open(&f, dir, (uid_t)-1, (gid_t)-1), EISDIR, "a directory");
	is_int(file_open(&f, "/", (uid_t)-1, (gid_t)-1), EISDIR, "no name");
	is_int(file_open(&f, "", (uid_t)-1, (gid_t)-1), EISDIR, "no path");
	is_int(file_open(&f, "/nosuchdir/x", (uid_t)-1, (gid_t)-1), ENOENT, "no directory");

	chmod(dir, 01777);
	is_int(file_open(&f, in_dir(path, "mine"), (uid_t)-1, (gid_t)-1), 0, "a new file in /tmp");
	file_close(f);
	is_int(file_open(&f, path, (uid_t)-1, (gid_t)-1), 0, "... and again");
	file_close(f);
	if (link(path, in_dir(other, "second-name")) != 0)
		exit(99);
	is_int(file_open(&f, path, (uid_t)-1, (gid_t)-1), EPERM, "one with two names in /tmp");
	unlink(other);
	chmod(dir, 0700);
	if (geteuid() != 0)
		return;
	put("planted", "", 0666);
	if (chown(in_dir(path, "planted"), STRANGER, STRANGER) != 0)
		exit(99);
	is_int(file_open(&f, path, (uid_t)-1, (gid_t)-1), 0, "a stranger's file in our directory");
	file_close(f);
	chmod(dir, 01777);
	is_int(file_open(&f, path, (uid_t)-1, (gid_t)-1), EPERM, "... in everybody's");
	is_int(file_open(&f, path, STRANGER, STRANGER), 0, "... unless he is the owner to be");
	file_close(f);
	chmod(dir, 0700);
	if (chown(dir, STRANGER, STRANGER) != 0)
		exit(99);
	is_int(file_open(&f, path, (uid_t)-1, (gid_t)-1), 0, "... or in his own directory");
	file_close(f);
	put("roots", "", 0600);
	is_int(file_open(&f, in_dir(path, "roots"), (uid_t)-1, (gid_t)-1), 0,
	    "... which has ours too");
	file_close(f);
	if (link(path, in_dir(other, "link-to-roots")) != 0)
		exit(99);
	is_int(file_open(&f, other, (uid_t)-1, (gid_t)-1), EPERM, "... but not by a planted link");
	unlink(other);
	if (chown(dir, 0, 0) != 0)
		exit(99);
}

static void test_symlink_planted_later(void)
{
	struct file *f;
	bool atomic;

	put("target", "precious", 0600);
	is_int(file_open(&f, in_dir(path, "regs"), (uid_t)-1, (gid_t)-1), 0, "opened");
	unlink(path);
	if (symlink("target", path) != 0 || symlink("target", in_dir(other, ".regs.new")) != 0)
		exit(99);
	is_int(write_text(f, "ours", &atomic), 0, "links planted before a write");
	is_str(get("target"), "precious", "... are not followed");
	is_str(get("regs"), "ours", "... but replaced");
	file_close(f);
}

static void test_readonly(void)
{
	struct file *f;
	char *data;
	size_t len;

	put("passwd", "alice secret", 0600);
	if (symlink("passwd", in_dir(path, "link")) != 0)
		exit(99);
	is_int(file_open_readonly(&f, path), 0, "a link to a file that is only read");
	is_int(file_read(f, 100, &data, &len), 0, "... read");
	is_str(data, "alice secret", "... its content");
	free(data);
	is_int(write_text(f, "x", NULL), EROFS, "... not written");
	file_close(f);
	is_int(file_open_readonly(&f, in_dir(path, "none")), ENOENT, "one that does not exist");
	ok(access(path, F_OK) != 0, "... is not made");
}

/* Runs fn in a child, whose exit status is the number of the step that failed. */
static int in_child(int (*fn)(struct file *f), struct file *f)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(f));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The daemon's life: opened as root, then somebody else in a chroot, who may not write there. */
static int write_as_stranger(struct file *f)
{
	bool atomic = true;
	char *data;
	size_t len;

	if (geteuid() == 0 &&
	    (chroot("/proc") != 0 || chdir("/") != 0 || setgid(STRANGER) != 0 ||
		setuid(STRANGER) != 0))
		return 77;
	if (write_text(f, "a much longer content than before", &atomic) != 0 || atomic)
		return 2;
	if (file_read(f, 100, &data, &len) != 0 ||
	    strcmp(data, "a much longer content than before") != 0)
		return 3;
	free(data);
	return write_text(f, "short", &atomic) == 0 && !atomic ? 0 : 4;
}

static void test_in_place(void)
{
	struct file *f;
	bool atomic;

	is_int(file_open(&f, in_dir(path, "regs"), (uid_t)-1, (gid_t)-1), 0, "opened");
	is_int(write_text(f, "before", &atomic), 0, "written by rename");
	chmod(dir, geteuid() == 0 ? 0711 : 0511);
	is_int(in_child(write_as_stranger, f), 0, "a directory that we may not write any more");
	chmod(dir, 0700);
	is_str(get("regs"), "short", "... leaves writing in place, to the file that has the name");
	is_int(count_files(), 1, "... and nothing beside it");
	file_close(f);
}

static int write_in_jail(struct file *f)
{
	bool atomic = false;

	if (geteuid() != 0 || chroot("/proc") != 0 || chdir("/") != 0)
		return 77;
	return write_text(f, "from the jail", &atomic) == 0 && atomic ? 0 : 2;
}

static void test_chroot(void)
{
	struct file *f;
	int status;

	is_int(file_open(&f, in_dir(path, "regs"), STRANGER, STRANGER), 0,
	    "opened for somebody else");
	status = in_child(write_in_jail, f);
	if (status == 77) {
		ok(true, "chroot # SKIP not root");
	} else {
		struct stat st;

		is_int(status, 0, "written by rename from inside a chroot");
		is_str(get("regs"), "from the jail", "... to the place outside");
		stat(path, &st);
		is_int(st.st_uid, STRANGER, "... and its owner stays");
	}
	file_close(f);
}

#ifdef __linux__
/* From here on this process's mounts are seen by itself alone, and end with it. */
static bool own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

static int write_bind_mounted(struct file *f)
{
	bool atomic = true;

	(void)f;
	if (!own_mounts() || mount(path, path, "none", MS_BIND, NULL) != 0)
		return 77;
	if (file_open(&f, path, (uid_t)-1, (gid_t)-1) != 0)
		return 2;
	if (write_text(f, "into the mount", &atomic) != 0 || atomic)
		return 3;
	if (write_text(f, "twice", &atomic) != 0 || atomic)
		return 4;
	file_close(f);
	return 0;
}

/* What OpenWrt's jail does with exactly this file. */
static void test_bind_mount(void)
{
	int status;

	put("mounted", "old", 0600);
	in_dir(path, "mounted");
	status = in_child(write_bind_mounted, NULL);
	if (status == 77) {
		ok(true, "bind mount # SKIP not allowed here");
		return;
	}
	is_int(status, 0, "a bind-mounted file is written in place");
	is_str(get("mounted"), "twice", "... the same file outside the mount");
	is_int(count_files(), 1, "... and no temporary file remains");
}

static int write_on_full_disk(struct file *f)
{
	static char big[4 * 65536];
	bool atomic;
	char *data;
	size_t len;

	(void)f;
	if (!own_mounts() || mount("none", dir, "tmpfs", 0, "size=65536") != 0)
		return 77;
	if (file_open(&f, path, (uid_t)-1, (gid_t)-1) != 0 ||
	    write_text(f, "old content", NULL) != 0)
		return 2;
	memset(big, 'b', sizeof(big));
	if (file_write(f, big, sizeof(big), &atomic) != ENOSPC || !atomic)
		return 3;
	if (file_read(f, 100, &data, &len) != 0 || strcmp(data, "old content") != 0)
		return 4;
	free(data);
	file_close(f);
	return 0;
}

static int write_on_full_disk_in_place(struct file *f)
{
	static char big[4 * 65536];
	bool atomic = true;
	char *data;
	size_t len;
	int fd;

	(void)f;
	if (!own_mounts() || mount("none", dir, "tmpfs", 0, "size=65536,nr_inodes=3") != 0)
		return 77;
	if (file_open(&f, path, (uid_t)-1, (gid_t)-1) != 0 ||
	    write_text(f, "old content", NULL) != 0)
		return 2;
	fd = open(in_dir(other, "last-inode"), O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return 3;
	memset(big, 'b', sizeof(big));
	if (file_write(f, big, sizeof(big), &atomic) != ENOSPC || atomic)
		return 4;
	if (file_read(f, 100, &data, &len) != 0 || strcmp(data, "old content") != 0)
		return 5;
	free(data);
	if (write_text(f, "fits", &atomic) != 0 || atomic)
		return 6;
	close(fd);
	file_close(f);
	return 0;
}

static void test_full_disk(void)
{
	int status;

	in_dir(path, "regs");
	status = in_child(write_on_full_disk, NULL);

	if (status == 77) {
		ok(true, "full disk # SKIP not allowed here");
		return;
	}
	is_int(status, 0, "a full disk leaves the old content");
	is_int(in_child(write_on_full_disk_in_place, NULL), 0, "... also when written in place");
}
#endif

#define CRASH_LEN 6000

static _Noreturn void rewrite_for_ever(void)
{
	static char text[CRASH_LEN];
	struct file *f;

	alarm(600); /* should the test itself die */
	if (file_open(&f, path, (uid_t)-1, (gid_t)-1) != 0)
		_exit(99);
	for (unsigned i = 0;; i++) {
		memset(text, 'a' + (int)(i % 26), sizeof(text));
		if (file_write(f, text, CRASH_LEN - i % 26 * 100, NULL) != 0)
			_exit(98);
	}
}

/* One letter throughout, and as long as that letter wants. */
static bool is_whole(const char *text)
{
	const char letter[] = {text[0], '\0'};
	size_t len = strlen(text);

	return len == (size_t)(CRASH_LEN - (text[0] - 'a') * 100) && strspn(text, letter) == len;
}

static void test_crash(void)
{
	char whole[CRASH_LEN + 1];
	int torn = 0, changes = 0;
	char last = 'a';

	memset(whole, 'a', CRASH_LEN);
	whole[CRASH_LEN] = '\0';
	put("regs", whole, 0600);
	in_dir(path, "regs");
	for (int round = 0; round < 30; round++) {
		pid_t pid = fork();

		if (pid == 0)
			rewrite_for_ever();
		if (pid < 0)
			exit(99);
		/* Until it has written, and some way into its next writing. */
		for (int i = 0, seen = changes; i < round * 20 || changes == seen; i++) {
			const char *text = get("regs");

			torn += !is_whole(text);
			changes += text[0] != last;
			last = text[0];
			if (waitpid(pid, NULL, WNOHANG) != 0) {
				ok(false, "the writer ended by itself");
				return;
			}
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		torn += !is_whole(get("regs"));
	}
	is_int(torn, 0, "a reader finds the old or the new, never half, whenever the writer dies");
	ok(changes >= 30, "... while it was being written");
	ok(count_files() <= 2, "... and at most one temporary file is left");
}

static void test_new(void)
{
	struct file *f = NULL;

	is_int(file_open(&f, in_dir(path, "regs"), (uid_t)-1, (gid_t)-1), 0, "a file that is made");
	ok(file_is_new(f), "is new");
	file_set_hasty(f);
	is_int(file_write(f, "in haste", 8, NULL), 0, "and written without waiting for the disk");
	file_close(f);
	is_str(get("regs"), "in haste", "all the same");
	is_int(file_open(&f, path, (uid_t)-1, (gid_t)-1), 0, "opened once more");
	ok(!file_is_new(f), "it is not new");
	file_close(f);
}

int main(void)
{
	void (*const tests[])(void) = {test_plain, test_new, test_relative, test_refused,
	    test_symlink_planted_later, test_readonly, test_in_place, test_chroot,
#ifdef __linux__
	    test_bind_mount, test_full_disk,
#endif
	    test_crash};

	umask(022);
	if (mkdtemp(dir) == NULL)
		return 99;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		clean();
		tests[i]();
	}
	clean();
	rmdir(dir);
	return tap_done();
}
