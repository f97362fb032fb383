/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/system.h"

struct daemon_wait {
	int pipe_fd; /* one byte: ready; end of file: failed */
	int null_fd; /* opened early: a chroot has no /dev/null */
};

/* A descriptor of /dev/null above stderr; what is closed of 0, 1 and 2 is filled with it too. */
static int open_null(int *out)
{
	do {
		*out = open("/dev/null", O_RDWR | O_NOCTTY);
		if (*out < 0)
			return errno;
	} while (*out <= STDERR_FILENO);
	fcntl(*out, F_SETFD, FD_CLOEXEC);
	return 0;
}

static _Noreturn void wait_for_child(pid_t child, int pipe_fd)
{
	int status;
	char byte;
	ssize_t n;

	do
		n = read(pipe_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(EXIT_SUCCESS);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			_exit(EXIT_FAILURE);
	}
	if (WIFSIGNALED(status))
		fprintf(stderr, "siproxd: ended by signal %d before it was ready\n",
		    WTERMSIG(status));
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE);
}

int daemon_detach(struct daemon_wait **out)
{
	struct daemon_wait *w = calloc(1, sizeof(*w));
	int fds[2] = {-1, -1}, err;
	pid_t child;

	*out = NULL;
	if (w == NULL)
		return ENOMEM;
	w->null_fd = -1;
	err = open_null(&w->null_fd);
	if (err == 0 && pipe(fds) != 0) /* not fd_pipe(): the first process is to block */
		err = errno;
	fflush(NULL);
	child = err == 0 ? fork() : -1;
	if (child < 0) {
		err = err != 0 ? err : errno;
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		fd_close(&w->null_fd);
		free(w);
		return err;
	}
	if (child > 0) {
		fd_close(&fds[1]);
		wait_for_child(child, fds[0]);
	}
	/*
	 * A second fork would keep a session leader from getting a controlling terminal by opening
	 * one. We open none (and what we open by a configured name, with O_NOCTTY).
	 */
	setsid();
	umask(027);
	fd_close(&fds[0]);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	w->pipe_fd = fds[1];
	*out = w;
	return 0;
}

void daemon_ready(struct daemon_wait *w)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

	if (w == NULL)
		return;
	fflush(NULL);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(w->null_fd, fd);
	/* The first process may have been killed: that is its own business. */
	sigaction(SIGPIPE, &ignore, &before);
	while (write(w->pipe_fd, "r", 1) < 0 && errno == EINTR)
		continue;
	sigaction(SIGPIPE, &before, NULL);
	fd_close(&w->pipe_fd);
	fd_close(&w->null_fd);
	free(w);
}

void daemon_failed(struct daemon_wait *w)
{
	if (w == NULL)
		return;
	fd_close(&w->pipe_fd);
	fd_close(&w->null_fd);
	free(w);
}

#if defined(HAVE_SETRESUID) && defined(HAVE_SETRESGID)
static int set_ids(uid_t uid, gid_t gid)
{
	return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0 ? 0 : errno;
}
#else
/* For root these set the saved ids too. */
static int set_ids(uid_t uid, gid_t gid)
{
	return setgid(gid) == 0 && setuid(uid) == 0 ? 0 : errno;
}
#endif

static bool root_is_gone(uid_t uid, gid_t gid)
{
	return getuid() == uid && geteuid() == uid && getgid() == gid && getegid() == gid &&
	    setuid(0) != 0 && seteuid(0) != 0;
}

/* We never were root: what cannot be done is said, and no reason to stop. */
static int stay_ourselves(const struct daemon_ids *ids, char *why, size_t why_size)
{
	const struct passwd *pw = ids->user != NULL ? getpwnam(ids->user) : NULL;
	bool other_user = ids->user != NULL && (pw == NULL || pw->pw_uid != geteuid());

	if (other_user && ids->chroot_dir != NULL)
		snprintf(why, why_size,
		    "not started as root: \"user = %s\" and \"chrootjail = %s\" "
		    "are without effect",
		    ids->user, ids->chroot_dir);
	else if (other_user)
		snprintf(why, why_size, "not started as root: \"user = %s\" is without effect",
		    ids->user);
	else if (ids->chroot_dir != NULL)
		snprintf(why, why_size,
		    "not started as root: \"chrootjail = %s\" is without "
		    "effect",
		    ids->chroot_dir);
	return 0;
}

static int enter_chroot(const char *dir, char *why, size_t why_size)
{
	int err = chroot(dir) == 0 && chdir("/") == 0 ? 0 : errno;

	if (err != 0)
		snprintf(why, why_size, "cannot chroot to %s: %s", dir, strerror(err));
	return err;
}

/* The user's ids and, before a chroot hides /etc/group, his groups. */
static int take_groups(const char *user, uid_t *uid, gid_t *gid, char *why, size_t why_size)
{
	const struct passwd *pw = getpwnam(user);
	int err;

	if (pw == NULL) {
		snprintf(why, why_size,
		    "user \"%s\" does not exist: create it, or name another one "
		    "with \"user =\"",
		    user);
		return EINVAL;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	if (initgroups(user, *gid) == 0)
		return 0;
	err = errno;
	snprintf(why, why_size, "cannot set the groups of user \"%s\": %s", user, strerror(err));
	return err;
}

int daemon_drop_root(const struct daemon_ids *ids, char *why, size_t why_size)
{
	uid_t uid = 0;
	gid_t gid = 0;
	int err = 0;

	if (why_size > 0)
		why[0] = '\0';
	if (geteuid() != 0)
		return stay_ourselves(ids, why, why_size);
	if (ids->user != NULL)
		err = take_groups(ids->user, &uid, &gid, why, why_size);
	if (err == 0 && ids->chroot_dir != NULL)
		err = enter_chroot(ids->chroot_dir, why, why_size);
	if (err != 0 || ids->user == NULL)
		return err;
	err = set_ids(uid, gid);
	if (err == 0 && uid != 0 && !root_is_gone(uid, gid))
		err = EPERM;
	if (err != 0)
		snprintf(why, why_size, "cannot become user \"%s\" for good: %s", ids->user,
		    strerror(err));
	else if (uid == 0)
		snprintf(why, why_size, "user \"%s\" is root: no privilege is given up", ids->user);
	return err;
}

/* The directory may be everybody's: a name that comes back between the two calls is tried again. */
static int make_pid_file(const char *path, int *fd)
{
	for (int tries = 0; tries < 5; tries++) {
		if (unlink(path) != 0 && errno != ENOENT)
			return errno;
		*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
		    0644);
		if (*fd >= 0)
			return 0;
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

int daemon_pid_write(const char *path)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid()), fd = -1, err;

	err = make_pid_file(path, &fd);
	if (err != 0)
		return err;
	if (fchmod(fd, 0644) != 0 || write(fd, text, (size_t)len) != len)
		err = errno != 0 ? errno : EIO;
	if (close(fd) != 0 && err == 0)
		err = errno;
	if (err != 0)
		unlink(path);
	return err;
}

/* 0: there is none */
static long read_pid(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? strtol(text, NULL, 10) : 0;
}

void daemon_pid_remove(const char *path)
{
	if (read_pid(path) == (long)getpid())
		unlink(path);
}

static void name_process(struct daemon_process *p)
{
	if (!system_process_name(p->pid, p->name, sizeof(p->name)))
		p->name[0] = '\0';
}

bool daemon_pid_read(const char *path, struct daemon_process *out)
{
	out->pid = read_pid(path);
	if (out->pid <= 0 || (kill((pid_t)out->pid, 0) != 0 && errno != EPERM))
		return false;
	name_process(out);
	return true;
}

bool daemon_port_owner(int type, unsigned port, struct daemon_process *out)
{
	if (!system_port_owner(type, port, &out->pid))
		return false;
	name_process(out);
	return true;
}
