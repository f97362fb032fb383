/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/priority.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static bool is_lowest_real_time(void)
{
	struct sched_param param;
	int policy;

	return pthread_getschedparam(pthread_self(), &policy, &param) == 0 && policy == SCHED_RR &&
	    param.sched_priority == sched_get_priority_min(SCHED_RR);
}

/* In a process of its own, so that the test itself stays ordinary: 0 right, 1 wrong, 2 it may not.
 */
static int try(bool as_root)
{
	int status, err;
	pid_t pid = fork();

	if (pid != 0)
		return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									    : -1;
	priority_allow();
	if (!as_root && (setgid(65534) != 0 || setuid(65534) != 0))
		_exit(1);
	err = priority_raise(pthread_self());
	if (err == EPERM || err == ENOTSUP)
		_exit(2);
	_exit(err == 0 && is_lowest_real_time() ? 0 : 1);
}

static void test_refused(void)
{
	int status, before = -1, after = -2;
	struct sched_param param;
	pid_t pid = fork();

	if (pid == 0) {
#ifdef RLIMIT_RTPRIO
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_RTPRIO, &none);
#endif
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(1);
		pthread_getschedparam(pthread_self(), &before, &param);
		if (priority_raise(pthread_self()) == 0)
			_exit(1);
		pthread_getschedparam(pthread_self(), &after, &param);
		_exit(before == after ? 0 : 1);
	}
	ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "who may not is told so, and goes on as before");
}

int main(void)
{
	int got = try(true);

	if (got == 2)
		printf("# real-time priority is not permitted here\n");
	ok(got == 0 || got == 2, "the lowest real-time priority, or none");
	if (geteuid() == 0 && got == 0)
		ok(try(false) == 0, "... also when root was given up after it was allowed");
	test_refused();
	return tap_done();
}
