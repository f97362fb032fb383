/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int set_flags(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return errno;
	return 0;
}

int wake_open(struct wake *w)
{
	int fds[2], err;

	if (pipe(fds) < 0)
		return errno;
	w->read_fd = fds[0];
	w->write_fd = fds[1];
	err = set_flags(fds[0]);
	if (!err)
		err = set_flags(fds[1]);
	if (err)
		wake_close(w);
	return err;
}

void wake_close(struct wake *w)
{
	close(w->read_fd);
	close(w->write_fd);
}

void wake_pull(struct wake *w)
{
	/* A full pipe wakes as well as one byte more would. */
	while (write(w->write_fd, "", 1) < 0 && errno == EINTR)
		;
}

void wake_clear(struct wake *w)
{
	char bytes[64];
	ssize_t n;

	do
		n = read(w->read_fd, bytes, sizeof(bytes));
	while (n == (ssize_t)sizeof(bytes) || (n < 0 && errno == EINTR));
}
