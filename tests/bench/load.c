/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TIMES_US 1000000

void load_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t load_now_ns(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

void load_sleep_until_ns(uint64_t monotonic_ns)
{
	struct timespec ts = {.tv_sec = (time_t)(monotonic_ns / 1000000000U),
	    .tv_nsec = (long)(monotonic_ns % 1000000000U)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

void load_raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

struct sockaddr_in load_address(const char *host, unsigned port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	errno = EINVAL;
	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		load_die(host);
	return sin;
}

struct sockaddr_in load_address_of(const char *text)
{
	char host[INET_ADDRSTRLEN];
	unsigned port;

	errno = EINVAL;
	if (sscanf(text, "%15[0-9.]:%u", host, &port) != 2 || port > 65535)
		load_die(text);
	return load_address(host, port);
}

void load_enter_host(const char *netns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		load_die(path);
	close(fd);
}

int load_socket(struct sockaddr_in local, int buffer_bytes)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		load_die("socket");
	if (buffer_bytes &&
	    (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) !=
		    0))
		load_die("socket buffer");
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0)
		load_die("bind");
	return fd;
}

void load_cpu_add(struct load_cpu *cpu, const char *pid)
{
	if (cpu->count < LOAD_PROGRAMS_MAX)
		cpu->pid[cpu->count++] = atoi(pid);
}

/* The scheduler's own sum, in nanoseconds. It includes what the kernel did on the thread's behalf,
 * delivery to the next socket of a veth among it. */
static uint64_t process_ns(int pid)
{
	char path[320];
	uint64_t sum = 0, ns;
	struct dirent *task;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		load_die(path);
	while ((task = readdir(dir))) {
		FILE *f;

		if (task->d_name[0] == '.') /* task/.. is the process: its first thread again */
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, task->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fscanf(f, "%" SCNu64, &ns) == 1)
			sum += ns;
		fclose(f);
	}
	closedir(dir);
	return sum;
}

/* All but idle and waiting for a disk, of all processors. */
static uint64_t machine_ns(void)
{
	uint64_t v[8] = {0}, ticks;
	FILE *f = fopen("/proc/stat", "re");

	if (!f ||
	    fscanf(f,
		"cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		" %" SCNu64,
		&v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6]) != 7)
		load_die("/proc/stat");
	fclose(f);
	ticks = v[0] + v[1] + v[2] + v[5] + v[6];
	return ticks * (1000000000U / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t programs_ns(const struct load_cpu *cpu)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < cpu->count; i++)
		sum += process_ns(cpu->pid[i]);
	return sum;
}

void load_cpu_start(struct load_cpu *cpu)
{
	cpu->program_ns = programs_ns(cpu);
	cpu->machine_ns = machine_ns();
}

void load_cpu_stop(struct load_cpu *cpu)
{
	cpu->program_ns = programs_ns(cpu) - cpu->program_ns;
	cpu->machine_ns = machine_ns() - cpu->machine_ns;
}

void load_times_init(struct load_times *t)
{
	*t = (struct load_times){.us = calloc(TIMES_US + 1, sizeof(*t->us))};
	if (!t->us)
		load_die("memory");
}

void load_times_add(struct load_times *t, int64_t ns)
{
	uint64_t time_ns = ns < 0 ? 0 : (uint64_t)ns;
	uint64_t us = time_ns / 1000;

	t->us[us < TIMES_US ? us : TIMES_US]++;
	t->count++;
	if (time_ns > t->max_ns)
		t->max_ns = time_ns;
}

unsigned load_times_us(const struct load_times *t, unsigned permille)
{
	uint64_t want = (t->count * permille + 999) / 1000, seen = 0;

	for (unsigned us = 0; us <= TIMES_US; us++) {
		seen += t->us[us];
		if (seen && seen >= want)
			return us;
	}
	return 0;
}
