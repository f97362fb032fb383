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
 * Forks into the background. The first process stays until the child says daemon_ready(), then
 * exits 0; when the child ends before that it exits 1 (the child has written the reason on the
 * terminal). Returns in the child only. Call it before any thread and any event loop exists.
 */
int daemon_detach(struct daemon_wait **out);
/* Lets the first process go, and points stdin, stdout and stderr at /dev/null. Frees `w`. */
void daemon_ready(struct daemon_wait *w);

struct daemon_ids {
	const char *user;       /* NULL: keep who we are */
	const char *chroot_dir; /* NULL: none */
};
/*
 * chroot, setgroups, setgid, setuid, all or nothing, and proves that the way back is closed. An
 * unknown user is an error. Not started as root: a `user` other than our own and any chroot are
 * refused with a sentence in `why`, unless started by that very user.
 */
int daemon_drop_root(const struct daemon_ids *ids, char *why, size_t why_size);

/* "pid\n", made anew with mode 0644, never through a symbolic link; errno. */
int daemon_pid_write(const char *path);
/* Unlinks it if it still holds our pid. */
void daemon_pid_remove(const char *path);

/*
 * Who holds a UDP port: "asterisk (pid 1234)" into who; false where the system does not tell.
 */
bool daemon_port_owner(int family, unsigned port, char *who, size_t size);

#endif
