/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon: leaving the terminal, the pid file, and giving up root for good.
 */
#ifndef BASE_DAEMON_H
#define BASE_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

struct daemon_wait;

/*
 * Forks into the background: a session of its own, umask 027, the working directory kept (file
 * names may be relative). The first process stays until the child says daemon_ready(), then exits
 * 0; when the child ends before that it exits with the child's status, never 0 (the child has
 * written the reason on the terminal). Returns in the child only, or errno in the only process.
 * Call it before any thread and any event loop exists.
 */
int daemon_detach(struct daemon_wait **out);
/* Lets the first process go, and points stdin, stdout and stderr at /dev/null (also inside a
 * chroot). Frees `w`; NULL, for a process that stays in the foreground, is fine. */
void daemon_ready(struct daemon_wait *w);

/* The start failed: frees `w`, keeps the terminal. The first process goes when we exit. */
void daemon_failed(struct daemon_wait *w);

struct daemon_ids {
	const char *user;       /* NULL: keep who we are */
	const char *chroot_dir; /* NULL: none */
};
/*
 * Groups, chroot (and there to "/"), group and user id: for good, proved by trying the way back.
 * Any failure gives errno and a sentence in `why`, and the program must end: half may be done. An
 * unknown user is EINVAL. 0 with why[0] != 0 is a warning: not started as root, a `user` other
 * than our own and a chroot are impossible and left undone (packages ship `user = nobody`, and
 * people start the program by hand); or `user` is root himself.
 */
int daemon_drop_root(const struct daemon_ids *ids, char *why, size_t why_size);

/* "pid\n", made anew (what stood there is removed) with mode 0644, never through a symbolic link;
 * errno. */
int daemon_pid_write(const char *path);
/* Unlinks it if it still holds our pid. */
void daemon_pid_remove(const char *path);
/* A process that lives; its name is empty where the system does not tell. */
struct daemon_process {
	long pid;
	char name[32];
};
/* The one that a pid file names; false when there is none. */
bool daemon_pid_read(const char *path, struct daemon_process *out);
/* Who holds a port of UDP (SOCK_DGRAM) or TCP (SOCK_STREAM); false where the system does not tell.
 */
bool daemon_port_owner(int type, unsigned port, struct daemon_process *out);

#endif
