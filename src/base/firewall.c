/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/firewall.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One table of the ruleset: "table inet fw { chain input { type filter hook input ...; RULES } }".
 * Chains that the input chain jumps to stand in the same table, so all its rules count alike. */
struct table {
	const char *interface;
	int depth;      /* of braces */
	bool relevant;  /* IPv4 passes it */
	bool in_input;  /* the chain in hand is the one that sees what comes in */
	bool elsewhere; /* ... is one for other packets */
	bool drops, open_to_all, unsure;
	uint8_t open[65536 / 8];
};

static void open_range(struct table *t, unsigned long first, unsigned long last)
{
	for (unsigned long port = first; port <= last && port < 65536; port++)
		t->open[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool all_open(const struct table *t, unsigned first, unsigned last)
{
	for (unsigned port = first; port <= last; port++)
		if (!(t->open[port / 8] & 1u << port % 8))
			return false;
	return true;
}

/* "7070-7089" or "5060"; returns what is behind it, or NULL when that is none. */
static const char *read_range(struct table *t, const char *s)
{
	char *end;
	unsigned long first = strtoul(s, &end, 10), last = first;

	if (end == s)
		return NULL;
	if (*end == '-')
		last = strtoul(end + 1, &end, 10);
	open_range(t, first, last);
	return end;
}

/* Behind "dport": a port, a range, or "{ 5060, 7070-7089 }", of a vmap "{ 5060 : accept, ... }". */
static void read_ports(struct table *t, const char *s)
{
	bool map = strncmp(s, "vmap ", 5) == 0;

	if (map)
		s += 5;
	if (*s != '{') {
		t->unsure |= map || !read_range(t, s);
		return;
	}
	while (*s && *s != '}') {
		s += strspn(s, "{, ");
		s = read_range(t, s);
		if (!s) {
			t->unsure = true;
			return;
		}
		if (map && strncmp(s, " : accept", 9) != 0) { /* it goes on elsewhere */
			t->unsure = true;
			return;
		}
		s += strcspn(s, ",}");
	}
	t->unsure |= !*s;
}

/* "counter packets 3 bytes 180 drop": behind the counter. */
static const char *skip_counter(const char *rule)
{
	if (strncmp(rule, "counter packets ", 16) != 0)
		return rule;
	rule += 16;
	rule += strcspn(rule, " ");
	rule += strspn(rule, " bytes");
	rule += strspn(rule, "0123456789 ");
	return rule;
}

static bool is_for_all(const char *rule)
{
	static const char *const narrower[] = {"ct ", "addr ", "icmp", "port ", "tcp ", "limit ",
	    "protocol ", "l4proto ", "mark ", "ether ", "oif"};

	for (size_t i = 0; i < sizeof(narrower) / sizeof(*narrower); i++)
		if (strstr(rule, narrower[i]))
			return false;
	return true;
}

/* A rule about interfaces: does it hold for ours? */
static bool is_for_interface(const struct table *t, const char *rule)
{
	char name[64];

	if (!strstr(rule, "iif") || !t->interface)
		return true;
	snprintf(name, sizeof(name), "\"%s\"", t->interface);
	return (strstr(rule, name) != NULL) != (strstr(rule, "!=") != NULL);
}

static void read_rule(struct table *t, const char *rule)
{
	const char *action = skip_counter(rule), *ports = strstr(rule, "udp dport ");

	if (t->in_input && (strncmp(action, "drop", 4) == 0 || strncmp(action, "reject", 6) == 0))
		t->drops = true;
	if (!strstr(rule, "accept") && !strstr(rule, "vmap @"))
		return;
	if (strstr(rule, "xt match") || strstr(rule, "# match"))
		t->unsure = true;
	if (!is_for_interface(t, rule))
		return;
	if (!ports)
		ports = strstr(rule, "th dport ");
	if (ports)
		read_ports(t, strstr(ports, "dport ") + 6);
	else if (strstr(rule, "iif") ? is_for_all(rule) : strncmp(action, "accept", 6) == 0)
		t->open_to_all = true;
}

/* What begins here. */
static void read_line(struct table *t, const char *line)
{
	if (strncmp(line, "table ", 6) == 0) {
		const char *interface = t->interface;

		memset(t, 0, sizeof(*t));
		t->interface = interface;
		t->relevant =
		    strncmp(line + 6, "ip ", 3) == 0 || strncmp(line + 6, "inet ", 5) == 0;
	} else if (strncmp(line, "chain ", 6) == 0) {
		t->in_input = t->elsewhere = false;
	} else if (strstr(line, " hook ")) {
		t->in_input =
		    strncmp(line, "type filter ", 12) == 0 && strstr(line, " hook input ");
		t->elsewhere = !t->in_input;
		t->drops |= t->in_input && strstr(line, "policy drop");
	} else if (t->depth >= 2 && !t->elsewhere) {
		read_rule(t, line);
	}
}

static void count_braces(struct table *t, const char *line)
{
	for (; *line; line++)
		t->depth += (*line == '{') - (*line == '}');
}

/* Each table can drop: the strictest one decides. */
enum firewall_verdict firewall_read(FILE *ruleset, const char *interface, unsigned first,
    unsigned last)
{
	enum firewall_verdict verdict = FIREWALL_OPEN;
	struct table *t = calloc(1, sizeof(*t));
	char line[4096];

	if (!t)
		return FIREWALL_UNSURE;
	t->interface = interface;
	while (fgets(line, sizeof(line), ruleset)) {
		const char *text = line + strspn(line, " \t");

		line[strcspn(line, "\n")] = '\0';
		read_line(t, text);
		count_braces(t, text);
		if (t->depth > 0 || !t->relevant)
			continue;
		t->relevant = false; /* its end: it is judged once */
		if (!t->drops || t->open_to_all || all_open(t, first, last))
			continue;
		if (t->unsure && verdict == FIREWALL_OPEN)
			verdict = FIREWALL_UNSURE;
		if (!t->unsure)
			verdict = FIREWALL_CLOSED;
	}
	free(t);
	return verdict;
}

enum firewall_verdict firewall_ask(const char *interface, unsigned first, unsigned last)
{
	enum firewall_verdict verdict;
	FILE *nft;

	if (geteuid() != 0)
		return FIREWALL_UNSURE;
	nft = popen("PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin; "
		    "exec nft list ruleset 2>/dev/null",
	    "r");
	if (!nft)
		return FIREWALL_UNSURE;
	verdict = firewall_read(nft, interface, first, last);
	return pclose(nft) == 0 ? verdict : FIREWALL_UNSURE;
}
