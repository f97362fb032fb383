/* SPDX-License-Identifier: GPL-2.0-or-later */
/* siproxd configured --without-pcap. */
#include "base/trace.h"

#include <errno.h>

int trace_open(struct trace **out, const char *path, uid_t owner, gid_t group, uint64_t max_bytes)
{
	(void)path;
	(void)owner;
	(void)group;
	(void)max_bytes;
	*out = NULL;
	return ENOTSUP;
}

void trace_close(struct trace *t)
{
	(void)t;
}

void trace_datagram(struct trace *t, const struct addr *from, const struct addr *to,
    const void *data, size_t len)
{
	(void)t;
	(void)from;
	(void)to;
	(void)data;
	(void)len;
}

void trace_stream(struct trace *t, struct trace_stream *s, bool by_opener, const void *data,
    size_t len)
{
	(void)t;
	(void)s;
	(void)by_opener;
	(void)data;
	(void)len;
}
