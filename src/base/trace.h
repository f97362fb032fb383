/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace: a file of packets, as they came and as they left, for Wireshark and tcpdump: UDP
 * datagrams, and TCP segments, of which each holds one message, however it was cut on its way (or
 * several that waited for the connection). Their headers are made up here around the bytes that a
 * socket gave or took, so no privilege and no network interface is needed. The only user of
 * libpcap; trace_stub.c stands in for it where siproxd is built without. It waits for the file's
 * writing: a tool for finding faults. Used in the main thread.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

struct trace;

/* Enough for some 100 000 SIP messages. */
#define TRACE_MAX_BYTES (100 * 1024 * 1024)

/*
 * Begins the file anew, mode 0600, by the rules of file_open() (so never through a symbolic link);
 * a file made here is given to `owner` unless that is (uid_t)-1. It will not grow beyond
 * max_bytes. Call it before root is given up and before a chroot. EEXIST: there is a file of
 * another kind, which was left alone; ENOTSUP: built without libpcap; errno.
 */
int trace_open(struct trace **out, const char *path, uid_t owner, gid_t group, uint64_t max_bytes);
void trace_close(struct trace *t);
/*
 * One datagram, now; a reader sees it at once. NULL for `t` is fine, and ignored are: ends of
 * different families and more bytes than fit into a datagram. When the file is full, or cannot be
 * written, that is logged once and nothing more is written.
 */
void trace_datagram(struct trace *t, const struct addr *from, const struct addr *to,
    const void *data, size_t len);

/* A TCP connection; zeroed but for its ends when it begins. */
struct trace_stream {
	struct addr end[2]; /* who opened it, and who was called */
	uint32_t next[2];   /* their sequence numbers */
	bool begun;
};
/* Bytes that one of the ends sent, now; the rest as above. The stream's SYNs come before the first.
 */
void trace_stream(struct trace *t, struct trace_stream *s, bool by_opener, const void *data,
    size_t len);

#endif
