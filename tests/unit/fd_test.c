/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static bool is_prepared(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

int main(void)
{
	int fds[2], fd, old;

	is_int(fd_pipe(fds), 0, "a pipe");
	ok(is_prepared(fds[0]) && is_prepared(fds[1]), "both ends never block and close on exec");
	old = fds[0];
	errno = EPIPE;
	fd_close(&fds[0]);
	is_int(errno, EPIPE, "closing keeps errno");
	ok(fds[0] == -1 && fcntl(old, F_GETFD) < 0, "it is closed");
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	is_int(fd_socket(AF_INET, SOCK_DGRAM, &fd), 0, "a socket");
	ok(is_prepared(fd), "it never blocks and closes on exec");
	fd_close(&fd);
	ok(fd_socket(-5, SOCK_DGRAM, &fd) != 0 && fd == -1, "no such family");
	is_int(fd_prepare(-1), EBADF, "no such descriptor");
	return tap_done();
}
