/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

/* The family, and on the BSDs the length that their kernels want to see in the struct. */
static void set_family(struct addr *a, int family)
{
	a->u.sa.sa_family = (sa_family_t)family;
#ifdef HAVE_STRUCT_SOCKADDR_SA_LEN
	a->u.sa.sa_len = (uint8_t)addr_len(a);
#endif
}

static void set_ip(struct addr *out, int family, const void *ip, uint16_t port)
{
	memset(out, 0, sizeof(*out));
	set_family(out, family);
	if (family == AF_INET)
		memcpy(&out->u.in.sin_addr, ip, sizeof(out->u.in.sin_addr));
	else
		memcpy(&out->u.in6.sin6_addr, ip, sizeof(out->u.in6.sin6_addr));
	addr_set_port(out, port);
}

static void set_ip6(struct addr *out, const struct in6_addr *ip, uint16_t port, uint32_t scope)
{
	if (IN6_IS_ADDR_V4MAPPED(ip)) {
		set_ip(out, AF_INET, ip->s6_addr + 12, port);
		return;
	}
	set_ip(out, AF_INET6, ip, port);
	if (IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MC_LINKLOCAL(ip))
		out->u.in6.sin6_scope_id = scope;
}

int addr_set(struct addr *out, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(out, 0, sizeof(*out));
	if (sa == NULL || len < offsetof(struct sockaddr, sa_data))
		return EAFNOSUPPORT;
	if (sa->sa_family == AF_INET && len >= sizeof(in)) {
		memcpy(&in, sa, sizeof(in));
		set_ip(out, AF_INET, &in.sin_addr, ntohs(in.sin_port));
		return 0;
	}
	if (sa->sa_family == AF_INET6 && len >= sizeof(in6)) {
		memcpy(&in6, sa, sizeof(in6));
		set_ip6(out, &in6.sin6_addr, ntohs(in6.sin6_port), in6.sin6_scope_id);
		return 0;
	}
	return EAFNOSUPPORT;
}

/* "eth0" or "3" behind the % of a link-local address. */
static int parse_scope(const char *text, uint32_t *scope)
{
	unsigned long number;
	char *end;

	*scope = if_nametoindex(text);
	if (*scope != 0)
		return 0;
	if (*text < '0' || *text > '9')
		return EINVAL;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || number == 0 || number > UINT32_MAX)
		return EINVAL;
	*scope = (uint32_t)number;
	return 0;
}

static int parse_ip6(struct addr *out, char *text, uint16_t port)
{
	char *percent = strchr(text, '%');
	struct in6_addr ip;
	uint32_t scope = 0;

	if (percent != NULL) {
		*percent = '\0';
		if (parse_scope(percent + 1, &scope) != 0)
			return EINVAL;
	}
	if (inet_pton(AF_INET6, text, &ip) != 1)
		return EINVAL;
	if (scope != 0 && !IN6_IS_ADDR_LINKLOCAL(&ip) && !IN6_IS_ADDR_MC_LINKLOCAL(&ip))
		return EINVAL;
	set_ip6(out, &ip, port, scope);
	return 0;
}

/* As inet_pton() has it: four numbers, no leading zeros. False is no address, or an IPv6 one. */
static bool parse_ip4(const char *text, size_t len, uint8_t ip[4])
{
	const char *end = text + len;

	for (unsigned i = 0; i < 4; i++) {
		const char *start = text;
		unsigned n = 0;

		if (i > 0 && (text == end || *text++ != '.'))
			return false;
		for (start = text; text < end && *text >= '0' && *text <= '9'; text++) {
			n = n * 10 + (unsigned)(*text - '0');
			if (n > 255 || (text > start && *start == '0'))
				return false;
		}
		if (text == start)
			return false;
		ip[i] = (uint8_t)n;
	}
	return text == end;
}

int addr_parse_n(struct addr *out, const char *host, size_t len, uint16_t port)
{
	char text[ADDR_TEXT_MAX];
	uint8_t ip[4];
	bool bracketed = len >= 2 && host[0] == '[' && host[len - 1] == ']';

	memset(out, 0, sizeof(*out));
	if (bracketed) {
		host++;
		len -= 2;
	}
	if (!bracketed && parse_ip4(host, len, ip)) {
		set_ip(out, AF_INET, ip, port);
		return 0;
	}
	/* Most texts that are no address are names, and have no colon either. */
	if (len == 0 || len >= sizeof(text) || memchr(host, ':', len) == NULL ||
	    memchr(host, '\0', len) != NULL)
		return EINVAL;
	memcpy(text, host, len);
	text[len] = '\0';
	return parse_ip6(out, text, port);
}

int addr_parse(struct addr *out, const char *host, uint16_t port)
{
	return addr_parse_n(out, host, strlen(host), port);
}

void addr_any(struct addr *out, int family, uint16_t port)
{
	static const struct in6_addr zeros;

	set_ip(out, family, &zeros, port);
}

int addr_family(const struct addr *a)
{
	return a->u.sa.sa_family;
}

socklen_t addr_len(const struct addr *a)
{
	if (addr_family(a) == AF_INET)
		return sizeof(a->u.in);
	return addr_family(a) == AF_INET6 ? sizeof(a->u.in6) : 0;
}

uint16_t addr_port(const struct addr *a)
{
	if (addr_family(a) == AF_INET)
		return ntohs(a->u.in.sin_port);
	return addr_family(a) == AF_INET6 ? ntohs(a->u.in6.sin6_port) : 0;
}

void addr_set_port(struct addr *a, uint16_t port)
{
	if (addr_family(a) == AF_INET)
		a->u.in.sin_port = htons(port);
	else if (addr_family(a) == AF_INET6)
		a->u.in6.sin6_port = htons(port);
}

/* The IP's bytes in network order; *len is 0 for an unset address. */
static const uint8_t *ip_bytes(const struct addr *a, size_t *len)
{
	if (addr_family(a) == AF_INET) {
		*len = 4;
		return (const uint8_t *)&a->u.in.sin_addr;
	}
	*len = addr_family(a) == AF_INET6 ? 16 : 0;
	return (const uint8_t *)&a->u.in6.sin6_addr;
}

/* A zone that one of the two does not name (SIP and SDP cannot) makes no difference. */
static bool scopes_agree(const struct addr *a, const struct addr *b)
{
	uint32_t sa = a->u.in6.sin6_scope_id, sb = b->u.in6.sin6_scope_id;

	return addr_family(a) != AF_INET6 || sa == 0 || sb == 0 || sa == sb;
}

bool addr_equal_ip(const struct addr *a, const struct addr *b)
{
	size_t len_a, len_b;
	const uint8_t *ip_a = ip_bytes(a, &len_a), *ip_b = ip_bytes(b, &len_b);

	return addr_family(a) == addr_family(b) && memcmp(ip_a, ip_b, len_a) == 0 &&
	    scopes_agree(a, b);
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_equal_ip(a, b) && addr_port(a) == addr_port(b);
}

bool addr_in_prefix(const struct addr *a, const struct addr *net, unsigned prefix_len)
{
	size_t len, net_len;
	const uint8_t *ip = ip_bytes(a, &len), *net_ip = ip_bytes(net, &net_len);
	unsigned whole = prefix_len / 8, rest = prefix_len % 8;

	if (len == 0 || len != net_len || !scopes_agree(a, net))
		return false;
	if (prefix_len >= len * 8)
		return memcmp(ip, net_ip, len) == 0;
	if (memcmp(ip, net_ip, whole) != 0)
		return false;
	return rest == 0 || ((ip[whole] ^ net_ip[whole]) >> (8 - rest)) == 0;
}

bool addr_is_set(const struct addr *a)
{
	return addr_family(a) != AF_UNSPEC;
}

/* True when the first `bits` of an IPv4 address are those of `net` (host byte order). */
static bool in_net4(const struct addr *a, uint32_t net, unsigned bits)
{
	return addr_family(a) == AF_INET &&
	    ((ntohl(a->u.in.sin_addr.s_addr) ^ net) >> (32 - bits)) == 0;
}

bool addr_is_any(const struct addr *a)
{
	if (addr_family(a) == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&a->u.in6.sin6_addr);
	return addr_family(a) == AF_INET && a->u.in.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool addr_is_loopback(const struct addr *a)
{
	if (addr_family(a) == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->u.in6.sin6_addr);
	return in_net4(a, 0x7f000000, 8);
}

bool addr_is_multicast(const struct addr *a)
{
	if (addr_family(a) == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&a->u.in6.sin6_addr);
	return in_net4(a, 0xe0000000, 4) || in_net4(a, 0xffffffff, 32);
}

static bool is_private6(const struct in6_addr *ip)
{
	return (ip->s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(ip) ||
	    IN6_IS_ADDR_SITELOCAL(ip) || IN6_IS_ADDR_LOOPBACK(ip) || IN6_IS_ADDR_UNSPECIFIED(ip);
}

bool addr_is_private(const struct addr *a)
{
	static const struct {
		uint32_t net;
		unsigned bits;
	} nets[] = {
	    {0x0a000000, 8},  /* 10.0.0.0, RFC 1918 */
	    {0xac100000, 12}, /* 172.16.0.0, RFC 1918 */
	    {0xc0a80000, 16}, /* 192.168.0.0, RFC 1918 */
	    {0x64400000, 10}, /* 100.64.0.0, RFC 6598, carriers' NAT */
	    {0xa9fe0000, 16}, /* 169.254.0.0, RFC 3927, link-local */
	    {0x7f000000, 8},  /* 127.0.0.0, loopback */
	    {0x00000000, 8},  /* 0.0.0.0, "this network" */
	};

	if (addr_family(a) == AF_INET6)
		return is_private6(&a->u.in6.sin6_addr);
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		if (in_net4(a, nets[i].net, nets[i].bits))
			return true;
	}
	return false;
}

uint64_t addr_hash(const struct addr *a, const uint8_t key[16], bool with_port)
{
	struct siphash h;
	size_t len;
	const uint8_t *ip = ip_bytes(a, &len);
	uint16_t port = addr_port(a);

	siphash_init(&h, key);
	siphash_add_field(&h, ip, len);
	if (with_port)
		siphash_add(&h, &port, sizeof(port));
	return siphash_end(&h);
}

static char *format_byte(char *p, unsigned n)
{
	if (n >= 100)
		*p++ = (char)('0' + n / 100);
	if (n >= 10)
		*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

/* inet_ntop() asks printf(), which takes ten times as long; each message has a dozen of them. */
static char *format_ip4(const uint8_t ip[4], char *p)
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		p = format_byte(p, ip[i]);
	}
	*p = '\0';
	return p;
}

/* ":5060" */
static void format_port(unsigned port, char *p)
{
	unsigned unit = 10000;

	while (unit > 1 && port < unit)
		unit /= 10;
	*p++ = ':';
	for (; unit > 0; unit /= 10)
		*p++ = (char)('0' + port / unit % 10);
	*p = '\0';
}

const char *addr_format_ip(const struct addr *a, char buf[static ADDR_TEXT_MAX])
{
	size_t len;
	const uint8_t *ip = ip_bytes(a, &len);

	if (addr_family(a) == AF_INET)
		format_ip4(ip, buf);
	else if (len == 0 || inet_ntop(addr_family(a), ip, buf, ADDR_TEXT_MAX) == NULL)
		snprintf(buf, ADDR_TEXT_MAX, "(none)");
	return buf;
}

const char *addr_format_host(const struct addr *a, char buf[static ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX];

	if (addr_family(a) != AF_INET6)
		return addr_format_ip(a, buf);
	snprintf(buf, ADDR_TEXT_MAX, "[%.*s]", INET6_ADDRSTRLEN, addr_format_ip(a, ip));
	return buf;
}

/* "%eth0", or "%3" when the interface is gone; "" for an address without a zone. */
static const char *format_scope(const struct addr *a, char out[IF_NAMESIZE + 12])
{
	char name[IF_NAMESIZE];
	uint32_t scope = addr_family(a) == AF_INET6 ? a->u.in6.sin6_scope_id : 0;

	out[0] = '\0';
	if (scope == 0)
		return out;
	if (if_indextoname(scope, name) != NULL)
		snprintf(out, IF_NAMESIZE + 12, "%%%s", name);
	else
		snprintf(out, IF_NAMESIZE + 12, "%%%lu", (unsigned long)scope);
	return out;
}

const char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX], scope[IF_NAMESIZE + 12];

	if (!addr_is_set(a))
		return addr_format_ip(a, buf);
	if (addr_family(a) == AF_INET)
		format_port(addr_port(a), format_ip4((const uint8_t *)&a->u.in.sin_addr, buf));
	else
		snprintf(buf, ADDR_TEXT_MAX, "[%.*s%.17s]:%u", INET6_ADDRSTRLEN,
		    addr_format_ip(a, ip), format_scope(a, scope), addr_port(a));
	return buf;
}
