/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addr: one transport address (IPv4 or IPv6, with its port), the only type in which addresses
 * travel through the program. A plain value: copied by assignment, owned by whoever holds it.
 * IPv4-mapped IPv6 addresses never appear: whoever reads one from a socket calls addr_set().
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
};

/* Longest text that addr_format() writes, "[v6%scope]:port" and its NUL. */
#define ADDR_TEXT_MAX 72

/* From a kernel sockaddr; v4-mapped v6 becomes v4. EAFNOSUPPORT for other families. */
int addr_set(struct addr *out, const struct sockaddr *sa, socklen_t len);
/* From an IP literal, IPv6 with or without its brackets; a zone ("%eth0") on link-local ones only.
 * EINVAL when it is none: no DNS here. `out` is then zeroed. */
int addr_parse(struct addr *out, const char *host, uint16_t port);
int addr_parse_n(struct addr *out, const char *host, size_t len, uint16_t port);
/* 0.0.0.0 or :: */
void addr_any(struct addr *out, int family, uint16_t port);

int addr_family(const struct addr *a);    /* AF_INET, AF_INET6, or AF_UNSPEC when zeroed */
socklen_t addr_len(const struct addr *a); /* what connect() and sendto() want */
uint16_t addr_port(const struct addr *a); /* host byte order */
void addr_set_port(struct addr *a, uint16_t port);

/* Zones of link-local addresses count only when both are known: SIP and SDP cannot write them. */
bool addr_equal(const struct addr *a, const struct addr *b);    /* IP and port */
bool addr_equal_ip(const struct addr *a, const struct addr *b); /* IP alone */
bool addr_in_prefix(const struct addr *a, const struct addr *net, unsigned prefix_len);

bool addr_is_set(const struct addr *a); /* false for a zeroed one */
bool addr_is_any(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
bool addr_is_multicast(const struct addr *a); /* and IPv4 broadcast */
/* Not reachable over the Internet: RFC 1918, 6598, 3927, 4193, link-local, loopback, any. */
bool addr_is_private(const struct addr *a);

uint64_t addr_hash(const struct addr *a, const uint8_t key[16], bool with_port);

/* "192.0.2.1:5060", "[2001:db8::1]:5060", "[fe80::1%eth0]:5060", "(none)". Returns buf. */
const char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_MAX]);
/* The IP alone, IPv6 without brackets or zone (as SDP writes it). Returns buf. */
const char *addr_format_ip(const struct addr *a, char buf[static ADDR_TEXT_MAX]);
/* The IP alone, IPv6 in brackets (as a SIP URI or Via writes it). Returns buf. */
const char *addr_format_host(const struct addr *a, char buf[static ADDR_TEXT_MAX]);

#endif
