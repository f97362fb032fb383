/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules, as nft prints them, say about UDP 7070 to 7089 that comes in by wan0. */
#include "base/firewall.h"

#include <string.h>

#include "tap.h"

#define INPUT(policy, rules)                                                             \
	"table inet fw {\n\tchain input {\n\t\ttype filter hook input priority filter; " \
	"policy " policy ";\n" rules "\t}\n\n\tchain forward {\n"                        \
	"\t\ttype filter hook forward priority filter; policy drop;\n"                   \
	"\t\tiifname \"wan0\" accept\n\t\tudp dport 7070-7089 accept\n\t}\n}\n"
#define USUAL "\t\tiifname { \"lo\", \"lan0\" } accept\n\t\tct state established,related accept\n"

static void says(enum firewall_verdict want, const char *text, const char *what)
{
	FILE *f = fmemopen((void *)text, strlen(text) + !*text, "r");

	is_int(firewall_read(f, "wan0", 7070, 7089), want, what);
	fclose(f);
}

static void test_simple(void)
{
	says(FIREWALL_OPEN, "", "no rule at all");
	says(FIREWALL_OPEN, INPUT("accept", ""), "nothing is dropped");
	says(FIREWALL_CLOSED, INPUT("drop", USUAL), "nothing is let in");
	says(FIREWALL_OPEN,
	    INPUT("drop", USUAL "\t\tiifname \"wan0\" udp dport 7070-7089 accept\n"), "a range");
	says(FIREWALL_OPEN, INPUT("drop", "\t\tudp dport { 5060, 7000-7999 } accept\n"), "a set");
	says(FIREWALL_CLOSED, INPUT("drop", "\t\tudp dport { 5060, 7070-7079 } accept\n"),
	    "half of the range");
	says(FIREWALL_OPEN,
	    INPUT("drop",
		"\t\tudp dport 7070-7079 accept\n\t\tudp dport 7080-7089 counter packets "
		"0 bytes 0 accept\n"),
	    "two halves");
	says(FIREWALL_CLOSED, INPUT("drop", "\t\tudp dport 5060 accept\n"), "SIP alone");
	says(FIREWALL_CLOSED, INPUT("drop", "\t\ttcp dport 7070-7089 accept\n"), "TCP");
	says(FIREWALL_CLOSED, INPUT("drop", "\t\tudp dport 7070-7089 drop\n"), "a rule that drops");
	says(FIREWALL_OPEN,
	    INPUT("drop", "\t\tmeta l4proto { tcp, udp } th dport 7070-7089 accept\n"),
	    "two protocols");
	says(FIREWALL_OPEN,
	    INPUT("drop", "\t\tudp dport vmap { 5060 : accept, 7070-7089 : accept }\n"), "a map");
}

static void test_interfaces(void)
{
	says(FIREWALL_CLOSED, INPUT("drop", "\t\tiifname \"lan0\" udp dport 7070-7089 accept\n"),
	    "on the other side only");
	says(FIREWALL_OPEN, INPUT("drop", "\t\tiifname != \"lan0\" udp dport 7070-7089 accept\n"),
	    "everywhere but there");
	says(FIREWALL_OPEN, INPUT("drop", "\t\tiifname \"wan0\" accept\n"), "all of that side");
	says(FIREWALL_CLOSED, INPUT("drop", "\t\tiifname \"wan0\" ct state established accept\n"),
	    "what belongs to it only");
}

static void test_forms(void)
{
	says(FIREWALL_CLOSED, INPUT("accept", USUAL "\t\tcounter packets 7 bytes 300 drop\n"),
	    "a drop at the end");
	says(FIREWALL_CLOSED, INPUT("accept", "\t\treject with icmpx admin-prohibited\n"),
	    "a refusal at the end");
	says(FIREWALL_OPEN, INPUT("drop", "\t\tcounter packets 7 bytes 300 accept\n"),
	    "an accept for all");
	says(FIREWALL_UNSURE, INPUT("drop", "\t\tudp dport @voice accept\n"), "a named set");
	says(FIREWALL_UNSURE, INPUT("drop", "\t\tmeta l4proto udp xt match \"multiport\" accept\n"),
	    "a match of xtables");
	says(FIREWALL_OPEN,
	    "table ip6 fw {\n\tchain input {\n\t\ttype filter hook input priority 0; "
	    "policy drop;\n\t}\n}\n",
	    "IPv6 is another matter");
	says(FIREWALL_CLOSED, INPUT("drop", "\t\tudp dport 7070-7089 accept\n") INPUT("drop", ""),
	    "a second table that drops");
	says(FIREWALL_OPEN,
	    "table inet fw4 {\n\tchain input {\n\t\ttype filter hook input priority filter; policy "
	    "drop;\n\t\tiifname \"wan0\" jump input_wan comment \"!fw4: wan\"\n\t}\n\tchain "
	    "input_wan "
	    "{\n\t\tudp dport 7070-7089 counter packets 0 bytes 0 accept comment "
	    "\"voice\"\n\t}\n}\n",
	    "in a chain of the input chain, as OpenWrt has it");
	says(FIREWALL_CLOSED,
	    "table ip nat {\n\tchain in {\n\t\ttype nat hook input priority 0; policy "
	    "accept;\n\t}\n}\n" INPUT("drop", USUAL),
	    "beside other tables");
}

int main(void)
{
	test_simple();
	test_interfaces();
	test_forms();
	return tap_done();
}
