/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/udp.h"

#define SELECT_END ((int)FD_SETSIZE) /* unsigned on some systems */
#define RESERVE    128
#define MACOS_MAX  10240 /* there setrlimit() refuses more, whatever the hard limit says */

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || limit.rlim_max < MACOS_MAX)
		return;
	limit.rlim_cur = MACOS_MAX;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * Linux grows a process's table of descriptors when a number is beyond it, which takes some 10 ms
 * once there are several threads. So it grows here, and not when the first call comes.
 */
static void grow_table(void)
{
	int low = socket(AF_INET, SOCK_DGRAM, 0), high;

	if (low < 0)
		return;
	high = fcntl(low, F_DUPFD_CLOEXEC, SELECT_END);
	fd_close(&high);
	fd_close(&low);
}

void sockets_prepare(void)
{
	raise_limit();
	grow_table();
}

/*
 * The main loop's select() can only hold descriptors below FD_SETSIZE, so media, which does not
 * need them, must not use them up: a media socket moves to a number above. Where the limit of
 * open files leaves no room there it stays below, but for the last RESERVE numbers, so that
 * SIP connections, DNS and files still find theirs when calls have eaten the rest.
 */
static int move_up(int *fd)
{
	struct rlimit limit;
	rlim_t end = SELECT_END;
	int high;

	if (*fd >= SELECT_END)
		return 0;
	high = fcntl(*fd, F_DUPFD_CLOEXEC, SELECT_END);
	if (high >= 0) {
		close(*fd);
		*fd = high;
		return 0;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end)
		end = limit.rlim_cur;
	return (rlim_t)*fd + RESERVE < end ? 0 : EMFILE;
}

int sockets_open(const struct addr *local, int dscp, bool tell_dscp, int *fd)
{
	int err = udp_open(local, fd), dscp_err;

	if (err) {
		*fd = -1;
		return err;
	}
	err = move_up(fd);
	if (err) {
		fd_close(fd);
		return err;
	}
	dscp_err = dscp < 0 ? 0 : udp_set_dscp(*fd, addr_family(local), dscp);
	if (!dscp_err && tell_dscp)
		dscp_err = udp_tell_dscp(*fd, addr_family(local));
	if (dscp_err)
		log_every(60, LOG_LVL_WARN, LOG_RTP, "media goes without its DSCP: %s",
		    strerror(dscp_err));
	return 0;
}

static bool leaves_half(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd < limit.rlim_cur / 2;
}

int sockets_open_twin(int fd, const struct addr *local, const struct addr *peer, int dscp,
    int *twin)
{
	int err = udp_open_twin(fd, local, peer, twin);

	if (!err)
		err = move_up(twin);
	if (!err && !leaves_half(*twin))
		err = EMFILE;
	if (!err && dscp >= 0)
		udp_set_dscp(*twin, addr_family(local), dscp);
	if (err)
		fd_close(twin);
	return err;
}
