/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "media/priority.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

void priority_allow(void)
{
#ifdef RLIMIT_RTPRIO
	rlim_t lowest = (rlim_t)sched_get_priority_min(SCHED_RR);
	struct rlimit limit;

	if (getrlimit(RLIMIT_RTPRIO, &limit) < 0 || limit.rlim_cur >= lowest)
		return;
	limit.rlim_cur = lowest;
	if (limit.rlim_max < lowest)
		limit.rlim_max = lowest;
	setrlimit(RLIMIT_RTPRIO, &limit);
#endif
}

int priority_raise(pthread_t thread)
{
#ifdef _POSIX_THREAD_PRIORITY_SCHEDULING
	struct sched_param param;

	memset(&param, 0, sizeof(param));
	param.sched_priority = sched_get_priority_min(SCHED_RR);
	return pthread_setschedparam(thread, SCHED_RR, &param);
#else
	(void)thread;
	return ENOTSUP;
#endif
}
