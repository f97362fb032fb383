/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load: what the benchmark's two loads share: sockets in another network namespace, the time that
 * processes and the machine have worked, and distributions of times. Errors end the program.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_PROGRAMS_MAX 8

_Noreturn void load_die(const char *what);

uint64_t load_now_ns(int clock); /* CLOCK_MONOTONIC, or CLOCK_REALTIME as the kernel stamps */
void load_sleep_until_ns(uint64_t monotonic_ns);

/* As many descriptors as the machine lets us have. */
void load_raise_descriptor_limit(void);
struct sockaddr_in load_address(const char *host, unsigned port);
/* "HOST:PORT" */
struct sockaddr_in load_address_of(const char *text);

/* Sockets that are opened from now on stand in that `ip netns`. Of this thread. */
void load_enter_host(const char *netns);
/* A bound UDP socket with room for `buffer_bytes` (0: the system's default). */
int load_socket(struct sockaddr_in local, int buffer_bytes);

/* The program under test: processes whose threads are all counted. */
struct load_cpu {
	int pid[LOAD_PROGRAMS_MAX];
	size_t count;
	uint64_t program_ns,
	    machine_ns; /* at load_cpu_start(); after load_cpu_stop() the work between */
};
void load_cpu_add(struct load_cpu *cpu, const char *pid);
void load_cpu_start(struct load_cpu *cpu);
void load_cpu_stop(struct load_cpu *cpu);

/* Times of up to a second in microseconds; what is longer counts as a second. */
struct load_times {
	uint32_t *us; /* how often each */
	uint64_t count;
	uint64_t max_ns;
};
void load_times_init(struct load_times *t);
void load_times_add(struct load_times *t, int64_t ns);
/* The time that `permille` of all did not exceed; 0 when there is none. */
unsigned load_times_us(const struct load_times *t, unsigned permille);

#endif
