/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fd: what every descriptor of ours must be: closed on exec, and never blocking when it is a
 * socket or a pipe. Not every system can do that in socket() or pipe(): fcntl() does it there.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

/* Both flags; errno of fcntl(). */
int fd_prepare(int fd);
/* A prepared socket; errno. */
int fd_socket(int family, int type, int *fd);
/* A pipe with both ends prepared; errno. */
int fd_pipe(int fds[2]);
/* Closes *fd unless it is -1, and makes it -1. Keeps errno. */
void fd_close(int *fd);

#endif
