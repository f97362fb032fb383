/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/trace.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"

#define IP4_LEN      20
#define IP6_LEN      40
#define UDP_LEN      8
#define TCP_LEN      20
#define IP_MAX       65535 /* IPv4's whole length, IPv6's without its header */
#define FILE_HEADER  24    /* of the file and of each record: pcap-savefile(5) */
#define RECORD_BYTES 16
#define HOPS         64
#define WINDOW       65535
#define STREAM_STEP  1000003 /* between the first numbers of two streams */

enum { FLAG_SYN = 0x02, FLAG_PSH = 0x08, FLAG_ACK = 0x10 };

struct trace {
	pcap_t *pcap; /* says of what kind the records are */
	pcap_dumper_t *dump;
	char *path;
	uint64_t size, max;
	uint32_t streams; /* so far */
	bool stopped;
	uint8_t packet[IP6_LEN + IP_MAX];
};

/* --- the file ----------------------------------------------------------------------------- */

/* A mistyped trace_file must not empty somebody's letter. */
static bool may_be_overwritten(int fd)
{
	static const uint32_t magics[] = {
	    0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, /* pcap, micro- and nanoseconds */
	    0x0a0d0d0a,                                     /* pcapng */
	};
	uint32_t magic;
	ssize_t n = pread(fd, &magic, sizeof(magic), 0);

	if (n == 0)
		return true;
	for (size_t i = 0; n == sizeof(magic) && i < sizeof(magics) / sizeof(*magics); i++)
		if (magic == magics[i])
			return true;
	return false;
}

static int open_empty(const char *path, uid_t owner, gid_t group, int *fd)
{
	int err = file_open_plain(path, owner, group, fd);

	if (err != 0)
		return err;
	if (!may_be_overwritten(*fd))
		err = EEXIST;
	else if (fchmod(*fd, 0600) != 0 || ftruncate(*fd, 0) != 0)
		err = errno;
	if (err != 0)
		fd_close(fd);
	return err;
}

static int open_dump(struct trace *t, const char *path, uid_t owner, gid_t group)
{
	FILE *stream;
	int fd, err = open_empty(path, owner, group, &fd);

	if (err != 0)
		return err;
	stream = fdopen(fd, "wb");
	if (stream == NULL) {
		err = errno;
		close(fd);
		return err;
	}
	t->pcap = pcap_open_dead(DLT_RAW, sizeof(t->packet));
	if (t->pcap != NULL)
		t->dump = pcap_dump_fopen(t->pcap, stream);
	if (t->dump == NULL) {
		fclose(stream);
		return ENOMEM;
	}
	return pcap_dump_flush(t->dump) == 0 ? 0 : EIO;
}

int trace_open(struct trace **out, const char *path, uid_t owner, gid_t group, uint64_t max_bytes)
{
	struct trace *t = calloc(1, sizeof(*t));
	int err;

	*out = NULL;
	if (t == NULL)
		return ENOMEM;
	t->max = max_bytes;
	t->size = FILE_HEADER;
	t->path = strdup(path);
	err = t->path != NULL ? open_dump(t, path, owner, group) : ENOMEM;
	if (err != 0) {
		trace_close(t);
		return err;
	}
	*out = t;
	return 0;
}

void trace_close(struct trace *t)
{
	if (t == NULL)
		return;
	if (t->dump != NULL)
		pcap_dump_close(t->dump);
	if (t->pcap != NULL)
		pcap_close(t->pcap);
	free(t->path);
	free(t);
}

/* --- the headers: RFC 791, 8200, 768, 9293 ------------------------------------------------ */

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* RFC 1071; an odd last byte counts as if a zero followed. */
static uint32_t add_up(uint32_t sum, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (i < len)
		sum += (uint32_t)data[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool is_ip6(const struct addr *from)
{
	return addr_family(from) == AF_INET6;
}

/* Between two ends, with a header of so many bytes behind IP's: how much data a packet holds; 0 for
 * ends of which none can be made. */
static size_t data_max(const struct addr *from, const struct addr *to, size_t header)
{
	if (!addr_is_set(from) || addr_family(from) != addr_family(to))
		return 0;
	return IP_MAX - header - (is_ip6(from) ? 0 : IP4_LEN);
}

static void put_ip4(uint8_t *ip, const struct addr *from, const struct addr *to, uint8_t protocol,
    size_t len)
{
	memset(ip, 0, IP4_LEN);
	ip[0] = 0x45;
	put16(ip + 2, IP4_LEN + len);
	ip[8] = HOPS;
	ip[9] = protocol;
	memcpy(ip + 12, &from->u.in.sin_addr, 4);
	memcpy(ip + 16, &to->u.in.sin_addr, 4);
	put16(ip + 10, fold(add_up(0, ip, IP4_LEN)));
}

static void put_ip6(uint8_t *ip, const struct addr *from, const struct addr *to, uint8_t protocol,
    size_t len)
{
	memset(ip, 0, IP6_LEN);
	ip[0] = 0x60;
	put16(ip + 4, len);
	ip[6] = protocol;
	ip[7] = HOPS;
	memcpy(ip + 8, &from->u.in6.sin6_addr, 16);
	memcpy(ip + 24, &to->u.in6.sin6_addr, 16);
}

/* The IP header of a packet that has `len` bytes behind it; where those begin. */
static uint8_t *put_ip(uint8_t *packet, const struct addr *from, const struct addr *to,
    uint8_t protocol, size_t len)
{
	if (is_ip6(from))
		put_ip6(packet, from, to, protocol, len);
	else
		put_ip4(packet, from, to, protocol, len);
	return packet + (is_ip6(from) ? IP6_LEN : IP4_LEN);
}

/* It covers the two addresses, which stand right before the header, the protocol and the length. */
static uint16_t checksum(const uint8_t *header, bool ip6, uint8_t protocol, size_t len)
{
	size_t addrs = ip6 ? 32 : 8;
	uint32_t sum = add_up(protocol + (uint32_t)len, header - addrs, addrs);

	return fold(add_up(sum, header, len));
}

/* A checksum that comes out as zero is written as ones. */
static void put_udp(uint8_t *udp, const struct addr *from, const struct addr *to, size_t len)
{
	uint16_t check;

	put16(udp, addr_port(from));
	put16(udp + 2, addr_port(to));
	put16(udp + 4, len);
	put16(udp + 6, 0);
	check = checksum(udp, is_ip6(from), IPPROTO_UDP, len);
	put16(udp + 6, check != 0 ? check : 0xffff);
}

struct segment {
	const struct addr *from, *to;
	uint32_t seq, ack;
	uint8_t flags;
};

static void put_tcp(uint8_t *tcp, const struct segment *s, size_t len)
{
	memset(tcp, 0, TCP_LEN);
	put16(tcp, addr_port(s->from));
	put16(tcp + 2, addr_port(s->to));
	put32(tcp + 4, s->seq);
	put32(tcp + 8, s->ack);
	tcp[12] = TCP_LEN / 4 << 4;
	tcp[13] = s->flags;
	put16(tcp + 14, WINDOW);
	put16(tcp + 16, checksum(tcp, is_ip6(s->from), IPPROTO_TCP, len));
}

/* --- writing ------------------------------------------------------------------------------ */

/* `packet`, if there is still room. */
static void write_record(struct trace *t, size_t len)
{
	struct pcap_pkthdr head = {.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len};

	if (t->stopped)
		return;
	if (t->size + RECORD_BYTES + len > t->max) {
		log_warn(LOG_NET, "%s is full, the trace ends here", t->path);
		t->stopped = true;
		return;
	}
	gettimeofday(&head.ts, NULL);
	pcap_dump((u_char *)t->dump, &head, t->packet);
	if (pcap_dump_flush(t->dump) != 0 || ferror(pcap_dump_file(t->dump))) {
		log_err(LOG_NET, "%s cannot be written any more, the trace ends here: %s", t->path,
		    strerror(errno));
		t->stopped = true;
	}
	t->size += RECORD_BYTES + len;
}

void trace_datagram(struct trace *t, const struct addr *from, const struct addr *to,
    const void *data, size_t len)
{
	size_t max = t != NULL ? data_max(from, to, UDP_LEN) : 0;
	uint8_t *udp;

	if (max == 0 || len > max || t->stopped)
		return;
	udp = put_ip(t->packet, from, to, IPPROTO_UDP, UDP_LEN + len);
	if (len > 0)
		memcpy(udp + UDP_LEN, data, len);
	put_udp(udp, from, to, UDP_LEN + len);
	write_record(t, (size_t)(udp - t->packet) + UDP_LEN + len);
}

/* One segment from an end of the stream, and the stream goes on behind it. */
static void write_segment(struct trace *t, struct trace_stream *s, unsigned from, uint8_t flags,
    const uint8_t *data, size_t len)
{
	struct segment segment = {&s->end[from], &s->end[!from], s->next[from],
	    flags & FLAG_ACK ? s->next[!from] : 0, flags};
	uint8_t *tcp = put_ip(t->packet, segment.from, segment.to, IPPROTO_TCP, TCP_LEN + len);

	if (len > 0)
		memcpy(tcp + TCP_LEN, data, len);
	put_tcp(tcp, &segment, TCP_LEN + len);
	write_record(t, (size_t)(tcp - t->packet) + TCP_LEN + len);
	s->next[from] += (uint32_t)len + (flags & FLAG_SYN ? 1 : 0);
}

/* Two ends may meet again: what they say then must not look like a repetition. */
static void begin_stream(struct trace *t, struct trace_stream *s)
{
	s->begun = true;
	s->next[0] = s->next[1] = ++t->streams * STREAM_STEP;
	write_segment(t, s, 0, FLAG_SYN, NULL, 0);
	write_segment(t, s, 1, FLAG_SYN | FLAG_ACK, NULL, 0);
}

void trace_stream(struct trace *t, struct trace_stream *s, bool by_opener, const void *data,
    size_t len)
{
	size_t max = t != NULL ? data_max(&s->end[0], &s->end[1], TCP_LEN) : 0;
	const uint8_t *bytes = data;

	if (max == 0)
		return;
	if (!s->begun)
		begin_stream(t, s);
	for (size_t done = 0; done < len && !t->stopped;) {
		size_t n = len - done < max ? len - done : max;

		write_segment(t, s, !by_opener, FLAG_PSH | FLAG_ACK, bytes + done, n);
		done += n;
	}
}
