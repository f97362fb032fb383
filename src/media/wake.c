/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/wake.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"

int wake_open(struct wake *w)
{
	int fds[2], err = fd_pipe(fds);

	if (err)
		return err;
	w->read_fd = fds[0];
	w->write_fd = fds[1];
	return 0;
}

void wake_close(struct wake *w)
{
	fd_close(&w->read_fd);
	fd_close(&w->write_fd);
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
