/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What trace writes is read back with libpcap, and checked against RFC 791, 8200 and 768. */
#include "build-config.h"

#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sip/transport.h"
#include "tap.h"

static char dir[] = "/tmp/trace_test.XXXXXX";
static char path[128], other[128];

static struct addr A(const char *ip, uint16_t port) {
	struct addr a;

	addr_parse(&a, ip, port);
	return a;
}

static int
open_trace(struct trace **t, uint64_t max)
{
	return trace_open(t, path, (uid_t)-1, (gid_t)-1, max);
}

/* --- reading back ------------------------------------------------------------------------- */

struct packet {
	struct addr from, to;
	const uint8_t *data;
	size_t len;
	bool sums_right;
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Over a whole packet with its checksum the sum is all ones. */
static uint32_t sum_of(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool take_apart(const uint8_t *ip, size_t len, struct packet *out)
{
	bool is6 = len > 0 && ip[0] >> 4 == 6;
	size_t ip_len = is6 ? 40 : 20, addrs = is6 ? 32 : 8, udp_len;
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET};
	const uint8_t *udp = ip + ip_len;

	if (len < ip_len + 8 || (!is6 && ip[0] != 0x45) || ip[is6 ? 6 : 9] != IPPROTO_UDP)
		return false;
	udp_len = get16(udp + 4);
	if (udp_len + ip_len != len || (is6 ? get16(ip + 4) != udp_len : get16(ip + 2) != len))
		return false;
	for (int i = 0; i < 2; i++) {
		const uint8_t *at = udp - addrs + (size_t)i * addrs / 2;
		struct addr *a = i ? &out->to : &out->from;

		memcpy(&in.sin_addr, at, 4);
		memcpy(&in6.sin6_addr, at, is6 ? 16 : 4);
		if (is6)
			addr_set(a, (struct sockaddr *)&in6, sizeof(in6));
		else
			addr_set(a, (struct sockaddr *)&in, sizeof(in));
		addr_set_port(a, (uint16_t)get16(udp + 2 * i));
	}
	out->data = udp + 8;
	out->len = udp_len - 8;
	out->sums_right = get16(udp + 6) != 0 &&
	    sum_of(sum_of((uint32_t)(17 + udp_len), udp - addrs, addrs), udp, udp_len) == 0xffff &&
	    (is6 || sum_of(0, ip, 20) == 0xffff);
	return true;
}

/* The n-th packet of the file, with libpcap: its bytes, NULL when there is none. */
static uint8_t *read_raw(int n, size_t *len)
{
	static uint8_t copy[70000];
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, why);
	struct pcap_pkthdr *head;
	const u_char *bytes;
	bool found = false;

	if (!p)
		return NULL;
	for (int i = 0; i <= n; i++)
		found = pcap_next_ex(p, &head, &bytes) == 1;
	found = found && pcap_datalink(p) == DLT_RAW && head->caplen == head->len &&
	    head->len <= sizeof(copy);
	if (found) {
		memcpy(copy, bytes, head->len);
		*len = head->len;
	}
	pcap_close(p);
	return found ? copy : NULL;
}

static bool read_back(int n, struct packet *out)
{
	size_t len = 0;
	uint8_t *bytes = read_raw(n, &len);

	memset(out, 0, sizeof(*out));
	return bytes && take_apart(bytes, len, out);
}

/* The n-th packet is a TCP segment: between these ports, with these numbers, flags and data, and
 * right checksums. */
static bool is_segment(int n, int family, unsigned from, unsigned to, uint32_t seq, uint32_t ack,
    unsigned flags, const char *data, size_t data_len)
{
	size_t len = 0, ip_len = family == AF_INET6 ? 40 : 20, addrs = family == AF_INET6 ? 32 : 8;
	uint8_t *ip = read_raw(n, &len), *tcp = ip + ip_len;
	uint32_t sum;

	if (!ip || len != ip_len + 20 + data_len || ip[0] >> 4 != (family == AF_INET6 ? 6 : 4) ||
	    ip[family == AF_INET6 ? 6 : 9] != IPPROTO_TCP ||
	    get16(ip + (family == AF_INET6 ? 4 : 2)) != (family == AF_INET6 ? len - 40 : len))
		return false;
	sum = sum_of((uint32_t)(IPPROTO_TCP + len - ip_len), tcp - addrs, addrs);
	return get16(tcp) == from && get16(tcp + 2) == to &&
	    ((uint32_t)get16(tcp + 4) << 16 | get16(tcp + 6)) == seq &&
	    ((uint32_t)get16(tcp + 8) << 16 | get16(tcp + 10)) == ack && tcp[12] == 5 << 4 &&
	    tcp[13] == flags && (data_len == 0 || memcmp(tcp + 20, data, data_len) == 0) &&
	    sum_of(sum, tcp, len - ip_len) == 0xffff &&
	    (family == AF_INET6 || sum_of(0, ip, 20) == 0xffff);
}

static uint32_t seq_of(int n, size_t ip_len)
{
	size_t len;
	uint8_t *ip = read_raw(n, &len);

	return ip ? (uint32_t)get16(ip + ip_len + 4) << 16 | get16(ip + ip_len + 6) : 0;
}

static bool is_packet(int n, const struct addr *from, const struct addr *to, const void *data,
    size_t len)
{
	struct packet p;

	return read_back(n, &p) && addr_equal(&p.from, from) && addr_equal(&p.to, to) &&
	    p.len == len && (len == 0 || memcmp(p.data, data, len) == 0) && p.sums_right;
}

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_size : -1;
}

/* --- the tests ---------------------------------------------------------------------------- */

static void test_packets(void)
{
	static char big[65536];
	struct addr a = A("192.168.1.11", 5062), b = A("203.0.113.2", 5060);
	struct addr a6 = A("fd00::11", 5062), b6 = A("2001:db8::2", 5060), none = {0};
	struct trace *t;
	struct packet p;
	uint8_t low = 0;
	bool zero = false;

	memset(big, 'x', sizeof(big));
	is_int(open_trace(&t, TRACE_MAX_BYTES), 0, "opened");
	ok(!read_back(0, &p), "nothing in it yet, but readable");
	trace_datagram(t, &a, &b, "OPTIONS sip:x SIP/2.0\r\n\r\n", 25);
	ok(is_packet(0, &a, &b, "OPTIONS sip:x SIP/2.0\r\n\r\n", 25),
	    "an IPv4 packet of odd length, seen at once");
	trace_datagram(t, &b6, &a6, "SIP/2.0 200 OK\r\n\r\n", 18);
	ok(is_packet(1, &b6, &a6, "SIP/2.0 200 OK\r\n\r\n", 18), "an IPv6 packet");
	trace_datagram(t, &a, &b, NULL, 0);
	ok(is_packet(2, &a, &b, NULL, 0), "an empty one");
	trace_datagram(t, &a, &b6, "x", 1);
	trace_datagram(t, &none, &b, "x", 1);
	trace_datagram(t, &none, &none, "x", 1);
	trace_datagram(t, &a, &b, big, 65508);
	trace_datagram(t, &a6, &b6, big, 65528);
	ok(!read_back(3, &p), "what cannot be a datagram is left out");
	trace_datagram(t, &a, &b, big, 65507);
	ok(is_packet(3, &a, &b, big, 65507), "the longest over IPv4");
	trace_datagram(t, &a6, &b6, big, 65527);
	ok(is_packet(4, &a6, &b6, big, 65527), "the longest over IPv6");
	/* Two bytes take all values, so one of them brings the checksum to zero. */
	for (unsigned i = 0; i < 65536 && !zero; i++) {
		uint8_t data[2] = {(uint8_t)(i >> 8), (uint8_t)i};
		uint8_t pseudo[] = {192, 168, 1, 11, 203, 0, 113, 2, 0, 17, 0, 10, 5062 >> 8,
		    5062 & 255, 5060 >> 8, 5060 & 255, 0, 10};

		zero = sum_of(sum_of(0, pseudo, sizeof(pseudo)), data, 2) == 0xffff;
		low = data[1];
		if (zero)
			trace_datagram(t, &a, &b, data, 2);
	}
	ok(zero && read_back(5, &p) && p.sums_right && p.data[1] == low,
	    "a checksum of zero is written as ones");
	trace_close(t);
	trace_datagram(NULL, &a, &b, "x", 1);
	trace_close(NULL);
}

#define SYN 0x02
#define PSH 0x08
#define ACK 0x10

/* Wireshark puts them together again by their numbers. */
static void test_segments(int family)
{
	static char big[65536];
	bool is6 = family == AF_INET6;
	struct trace_stream s = {.end = {A(is6 ? "fd00::11" : "192.168.1.11", 40000),
				     A(is6 ? "2001:db8::2" : "203.0.113.2", 5060)}};
	struct trace_stream again = s, mixed = s;
	size_t ip_len = is6 ? 40 : 20, most = is6 ? 65515 : 65495;
	uint32_t seq, far;
	struct trace *t;

	memset(big, 'x', sizeof(big));
	open_trace(&t, TRACE_MAX_BYTES);
	trace_stream(t, &s, true, "INVITE", 6);
	trace_stream(t, &s, false, "SIP/2.0", 7);
	trace_stream(t, &s, true, "ACK", 3);
	seq = seq_of(0, ip_len);
	far = seq_of(1, ip_len);
	ok(is_segment(0, family, 40000, 5060, seq, 0, SYN, NULL, 0), "a connection begins");
	ok(is_segment(1, family, 5060, 40000, far, seq + 1, SYN | ACK, NULL, 0),
	    "... at both ends");
	ok(is_segment(2, family, 40000, 5060, seq + 1, far + 1, PSH | ACK, "INVITE", 6),
	    "who opened it speaks");
	ok(is_segment(3, family, 5060, 40000, far + 1, seq + 7, PSH | ACK, "SIP/2.0", 7),
	    "... and is answered");
	ok(is_segment(4, family, 40000, 5060, seq + 7, far + 8, PSH | ACK, "ACK", 3),
	    "... and its numbers go on");
	trace_stream(t, &s, true, big, 65535);
	ok(is_segment(5, family, 40000, 5060, seq + 10, far + 8, PSH | ACK, big, most),
	    "the largest message");
	ok(is_segment(6, family, 40000, 5060, (uint32_t)(seq + 10 + most), far + 8, PSH | ACK, big,
	       65535 - most),
	    "... takes two segments");
	trace_stream(t, &again, true, "x", 1);
	ok(seq_of(7, ip_len) - seq > 65536 + 10, "the same ends meet again: other numbers");
	mixed.end[1] = A(is6 ? "192.0.2.1" : "::1", 5060);
	trace_stream(t, &mixed, true, "x", 1);
	trace_stream(NULL, &s, true, "x", 1);
	ok(seq_of(9, ip_len) && !seq_of(10, ip_len), "ends of two families are left out");
	trace_close(t);

	memset(&s.next, 0, sizeof(s.next));
	s.begun = false;
	open_trace(&t, 24 + 3 * (16 + ip_len + 20) + 4);
	trace_stream(t, &s, true, "four", 4);
	trace_stream(t, &s, true, "x", 1);
	ok(size_of(path) == (off_t)(24 + 3 * (16 + ip_len + 20) + 4), "a full trace takes no more");
	trace_close(t);
}

static void test_limit(void)
{
	struct addr a = A("192.168.1.11", 5062), b = A("203.0.113.2", 5060);
	struct trace *t;
	struct packet p;

	open_trace(&t, 24 + 2 * (16 + 20 + 8 + 100));
	for (int i = 0; i < 3; i++)
		trace_datagram(t, &a, &b, dir, 10);
	trace_datagram(t, &a, &b, path, 127);
	trace_datagram(t, &a, &b, path, 1);
	ok(read_back(2, &p) && !read_back(3, &p), "a full trace takes nothing more");
	ok(size_of(path) <= 24 + 2 * 144, "... and keeps its limit");
	trace_close(t);
	open_trace(&t, TRACE_MAX_BYTES);
	is_int(size_of(path), 24, "each start begins anew");
	trace_close(t);
}

static void test_file(void)
{
	struct trace *t;
	struct stat st;
	int fd;

	unlink(path);
	umask(0);
	open_trace(&t, TRACE_MAX_BYTES);
	stat(path, &st);
	is_int(st.st_mode & 07777, 0600, "nobody else can read it");
	trace_close(t);
	chmod(path, 0644);
	open_trace(&t, TRACE_MAX_BYTES);
	stat(path, &st);
	is_int(st.st_mode & 07777, 0600, "... nor one that stood there");
	trace_close(t);

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	is_int(write(fd, "Dear John", 9), 9, "a letter");
	is_int(open_trace(&t, TRACE_MAX_BYTES), EEXIST, "... is not overwritten");
	is_int(ftruncate(fd, 2), 0, "nor is what is too short to be a trace");
	is_int(open_trace(&t, TRACE_MAX_BYTES), EEXIST, "...");
	ok(t == NULL && size_of(path) == 2, "... and left alone");
	is_int(ftruncate(fd, 0), 0, "an empty file");
	is_int(open_trace(&t, TRACE_MAX_BYTES), 0, "... is taken");
	trace_close(t);
	close(fd);

	is_int(rename(path, other), 0, "moved away");
	is_int(symlink(other, path), 0, "... and a link put there");
	is_int(open_trace(&t, TRACE_MAX_BYTES), ELOOP, "... is not followed");
	unlink(path);
	is_int(mkfifo(path, 0600), 0, "a pipe");
	is_int(open_trace(&t, TRACE_MAX_BYTES), EINVAL, "... is no file");
	unlink(path);
	is_int(trace_open(&t, "/nonexistent/trace", (uid_t)-1, (gid_t)-1, 1), ENOENT,
	    "no directory");
	if (access("/dev/full", F_OK) == 0)
		is_int(trace_open(&t, "/dev/full", (uid_t)-1, (gid_t)-1, 1), EINVAL, "a device");
}

static void on_receive(void *arg, const void *data, size_t len, const struct transport_from *from)
{
	(void)data;
	(void)len;
	*(struct addr *)arg = from->at.local;
}

static int recv_soon(int fd, struct udp_from *from)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char data[16];
	size_t len;

	poll(&p, 1, 5000);
	return udp_recv(fd, data, sizeof(data), &len, from);
}

/* On a port that was free a moment ago. */
static int open_somewhere(struct transport **out, struct loop *loop, struct addr *got)
{
	struct transport_setup setup = {.loop = loop, .hooks = {.arg = got, .receive = on_receive}};
	enum sip_transport failed;
	int err = EADDRINUSE;

	for (int tries = 0; tries < 50 && err == EADDRINUSE; tries++) {
		struct sockaddr_in in;
		socklen_t len = sizeof(in);
		int fd;

		if (udp_open_any(AF_INET, 0, &fd) != 0)
			break;
		getsockname(fd, (struct sockaddr *)&in, &len);
		close(fd);
		setup.port = ntohs(in.sin_port);
		err = transport_open(out, &setup, &failed);
	}
	return err;
}

/* The transport writes what it sends and what it receives, with the real addresses. */
static void test_transport(void)
{
	struct addr got = {0}, any, to, from;
	struct transport_to way = {.peer = &to, .local = &from, .transport = SIP_UDP};
	struct udp_from seen;
	struct transport *tr;
	struct loop *loop;
	struct trace *t;
	struct sockaddr_in in;
	socklen_t in_len = sizeof(in);
	int fd;

	addr_any(&any, AF_INET, 0);
	to = A("127.0.0.1", 0);
	is_int(loop_new(&loop), 0, "a loop");
	is_int(open_somewhere(&tr, loop, &got), 0, "a transport");
	is_int(udp_open(&to, &fd), 0, "a phone");
	is_int(open_trace(&t, TRACE_MAX_BYTES), 0, "a trace");
	transport_set_trace(tr, t);
	getsockname(fd, (struct sockaddr *)&in, &in_len);
	addr_set(&to, (struct sockaddr *)&in, in_len);
	from = A("127.0.0.2", 5060);
	is_int(transport_send(tr, "one", 3, &way, NULL), 0, "sent, the source given");
	is_int(recv_soon(fd, &seen), 0, "... and received");
	ok(is_packet(0, &seen.peer, &to, "one", 3), "the trace has the source that was seen");
	way.local = &any;
	is_int(transport_send(tr, "two", 3, &way, NULL), 0, "sent, the source not given");
	is_int(recv_soon(fd, &seen), 0, "... and received");
	ok(is_packet(1, &seen.peer, &to, "two", 3), "the trace has the kernel's choice");
	udp_send(fd, "three", 5, NULL, &seen.peer);
	for (int i = 0; i < 100 && !addr_is_set(&got); i++)
		loop_once(loop, 100);
	ok(is_packet(2, &to, &seen.peer, "three", 5), "what comes is there too");
	close(fd);
	transport_close(tr);
	trace_close(t);
	loop_free(loop);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 99;
	snprintf(path, sizeof(path), "%s/trace.pcap", dir);
	snprintf(other, sizeof(other), "%s/other.pcap", dir);
	test_packets();
	test_segments(AF_INET);
	test_segments(AF_INET6);
	test_limit();
	test_file();
	test_transport();
	unlink(path);
	unlink(other);
	rmdir(dir);
	return tap_done();
}
