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
#define IP_MAX       65535 /* IPv4's whole length, IPv6's without its header */
#define FILE_HEADER  24    /* of the file and of each record: pcap-savefile(5) */
#define RECORD_BYTES 16
#define HOPS         64

struct trace {
	pcap_t *pcap; /* says of what kind the records are */
	pcap_dumper_t *dump;
	char *path;
	uint64_t size, max;
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

/* --- a datagram's headers: RFC 791, 8200, 768 --------------------------------------------- */

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
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

static void put_ip4(uint8_t *ip, const struct addr *from, const struct addr *to, size_t udp_len)
{
	memset(ip, 0, IP4_LEN);
	ip[0] = 0x45;
	put16(ip + 2, IP4_LEN + udp_len);
	ip[8] = HOPS;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, &from->u.in.sin_addr, 4);
	memcpy(ip + 16, &to->u.in.sin_addr, 4);
	put16(ip + 10, fold(add_up(0, ip, IP4_LEN)));
}

static void put_ip6(uint8_t *ip, const struct addr *from, const struct addr *to, size_t udp_len)
{
	memset(ip, 0, IP6_LEN);
	ip[0] = 0x60;
	put16(ip + 4, udp_len);
	ip[6] = IPPROTO_UDP;
	ip[7] = HOPS;
	memcpy(ip + 8, &from->u.in6.sin6_addr, 16);
	memcpy(ip + 24, &to->u.in6.sin6_addr, 16);
}

/* The checksum covers the two addresses (the `addrs` bytes before the header), the protocol and
 * the length; one that comes out as zero is written as ones. */
static void put_udp(uint8_t *udp, size_t addrs, uint16_t from, uint16_t to, size_t udp_len)
{
	uint32_t sum;
	uint16_t check;

	put16(udp, from);
	put16(udp + 2, to);
	put16(udp + 4, udp_len);
	put16(udp + 6, 0);
	sum = add_up(IPPROTO_UDP + (uint32_t)udp_len, udp - addrs, addrs);
	check = fold(add_up(sum, udp, udp_len));
	put16(udp + 6, check != 0 ? check : 0xffff);
}

/* The whole packet; its length, 0 for one that cannot be. */
static size_t build(uint8_t *packet, const struct addr *from, const struct addr *to,
    const void *data, size_t len)
{
	bool is6 = addr_family(from) == AF_INET6;
	size_t ip_len = is6 ? IP6_LEN : IP4_LEN, udp_len = UDP_LEN + len;
	uint8_t *udp = packet + ip_len;

	if (!addr_is_set(from) || addr_family(from) != addr_family(to))
		return 0;
	if (len > IP_MAX - UDP_LEN - (is6 ? 0 : IP4_LEN))
		return 0;
	if (is6)
		put_ip6(packet, from, to, udp_len);
	else
		put_ip4(packet, from, to, udp_len);
	if (len > 0)
		memcpy(udp + UDP_LEN, data, len);
	put_udp(udp, is6 ? 32 : 8, addr_port(from), addr_port(to), udp_len);
	return ip_len + udp_len;
}

/* --- writing ------------------------------------------------------------------------------ */

static void write_record(struct trace *t, size_t len)
{
	struct pcap_pkthdr head = {.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len};

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
	size_t packet_len;

	if (t == NULL || t->stopped)
		return;
	packet_len = build(t->packet, from, to, data, len);
	if (packet_len == 0)
		return;
	if (t->size + RECORD_BYTES + packet_len > t->max) {
		log_warn(LOG_NET, "%s is full, the trace ends here", t->path);
		t->stopped = true;
		return;
	}
	write_record(t, packet_len);
}
