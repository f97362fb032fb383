/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which texts of a message give way before it leaves, and which must not. */
#include "proxy/leak_guard.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/acl.h"
#include "base/buf.h"
#include "proxy/side.h"
#include "sip/sip_edit.h"
#include "tap.h"

static struct side_map *sides;
static struct addr named, named6;

static void open_sides(void)
{
	static const char *const inbound[] = {"eth1"};
	static struct acl nets;
	struct side_setup setup = {inbound, 1, "eth0", &nets, 5060};
	struct netif_addr entry[3] = {{.name = "eth1", .index = 2, .up = true, .prefix_len = 24},
	    {.name = "eth1", .index = 2, .up = true, .prefix_len = 64},
	    {.name = "eth0", .index = 3, .up = true, .prefix_len = 24}};
	struct netif_set set = {entry, 3};
	char *bad;

	addr_parse(&entry[0].addr, "192.168.1.1", 0);
	addr_parse(&entry[1].addr, "fd00:1::1", 0);
	addr_parse(&entry[2].addr, "203.0.113.1", 0);
	addr_parse(&named, "203.0.113.1", 5060);
	addr_parse(&named6, "2001:db8::1", 5060);
	if (acl_parse(&nets, "10.20.0.0/16", &bad) != 0 || side_new(&sides, &setup) != 0 ||
	    side_refresh(sides, &set, NULL) != 0)
		abort();
}

#define HEAD                                                                                   \
	"Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.net>;tag=f\r\n" \
	"To: <sip:b@example.net>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"

static struct sip_msg *parsed(const char *start, const char *head, const char *line)
{
	struct sip_msg *msg = NULL;
	const char *why;
	char text[2048];

	snprintf(text, sizeof(text), "%s\r\n%s%s%sContent-Length: 0\r\n\r\n", start, head, line,
	    *line ? "\r\n" : "");
	if (sip_msg_parse(&msg, text, strlen(text), &why) != SIP_PARSE_OK) {
		printf("# %s: %s\n", line, why);
		abort();
	}
	return msg;
}

/* `want` NULL: as it is, without any edit. */
static void guard(struct sip_msg *msg, const struct addr *ours, const char *text, const char *want)
{
	struct buf out = BUF_INIT;

	is_int(leak_guard(sides, msg, ours), 0, "guarded");
	if (!want)
		is_int(msg->n_edits, 0, text);
	is_int(sip_edit_splice(msg, &out), 0, "spliced");
	if (!ok(out.data && strstr(out.data, want ? want : text) != NULL, text))
		printf("# got %s\n", out.data);
	buf_free(&out);
	sip_msg_free(msg);
}

static void line(const char *text, const char *want)
{
	guard(parsed("OPTIONS sip:b@example.net SIP/2.0", HEAD, text), &named, text, want);
}

static void test_replaced(void)
{
	line("X-A: 192.168.1.10", "X-A: 203.0.113.1\r\n");
	line("X-A: 192.168.1.10:5070", "X-A: 203.0.113.1:5070\r\n");
	line("X-A: <sip:a@192.168.1.10;x=192.168.1.11>, \"192.168.1.12\"",
	    "X-A: <sip:a@203.0.113.1;x=203.0.113.1>, \"203.0.113.1\"\r\n");
	line("X-A: (192.168.1.10.)", "X-A: (203.0.113.1.)\r\n");
	line("X-A: 10.20.30.40 127.0.0.1", "X-A: 203.0.113.1 203.0.113.1\r\n");
	line("Call-Info: <http://192.168.1.10/a.png>", "<http://203.0.113.1/a.png>");
	line("User-Agent: Phone/192.168.1.10-2", "Phone/203.0.113.1-2");
	line("Subject: 192.168.1.10", "Subject: 203.0.113.1\r\n");
	line("Refer-To: <sip:b@192.168.1.10?Replaces=x%40192.168.1.10>",
	    "<sip:b@203.0.113.1?Replaces=x%40192.168.1.10>");
	line("r: <sip:b@192.168.1.10?Replaces=192.168.1.10>",
	    "<sip:b@203.0.113.1?Replaces=192.168.1.10>");
	line("X-A: [fd00:1::10]:5060 and fd00:1::11, ::1",
	    "X-A: 203.0.113.1:5060 and 203.0.113.1, 203.0.113.1\r\n");
	line("X-A: [fd00:1::10", "X-A: [203.0.113.1\r\n");
	guard(parsed("OPTIONS sip:b@[fd00:1::10] SIP/2.0", HEAD, ""), &named6, "a Request-URI",
	    "OPTIONS sip:b@[2001:db8::1] SIP/2.0\r\n");
	guard(parsed("OPTIONS sip:b@192.168.1.10 SIP/2.0", HEAD, "X-A: fd00:1::10"), &named6,
	    "brackets where there were some, or none", "X-A: 2001:db8::1\r\n");
	guard(parsed("SIP/2.0 404 Not at 192.168.1.10", HEAD, ""), &named, "a reason",
	    "SIP/2.0 404 Not at 203.0.113.1\r\n");
}

static void test_left_alone(void)
{
	line("X-A: nothing", NULL);
	line("X-A: 198.51.100.7 203.0.113.1 192.168.2.10 10.21.0.1", NULL);
	line("X-A: 2001:db8::7 [2001:db8::8]:5060 fd00:2::1", NULL);
	line("X-A: 12:30:45 00:15:65:aa:bb:cc 1.2.3 192.168.1 192.168.1.256", NULL);
	line("User-Agent: X/1.192.168.1.1-2", NULL);
	line("User-Agent: X/192.168.1.1.2", NULL);
	line("X-A: [", NULL);
	line("X-A: :: : . 1. .1 1.... 192.168.1.", NULL);
	line("X-A: 0.0.0.0", NULL);
	line("P-Asserted-Identity: <tel:192.168.1.10>, <tel:+192.168.1.10>", NULL);
	line("Authorization: Digest username=\"a\", uri=\"sip:192.168.1.10\", nonce=\"1\"", NULL);
	line("Proxy-Authorization: Digest uri=\"sip:192.168.1.10\"", NULL);
	line("Replaces: 1@192.168.1.10;to-tag=1;from-tag=2", NULL);
	line("Join: 1@192.168.1.10;to-tag=1;from-tag=2", NULL);
	line("Target-Dialog: 1@192.168.1.10;local-tag=1;remote-tag=2", NULL);
	line("In-Reply-To: 1@192.168.1.10", NULL);
	line("Event: dialog;call-id=\"1@192.168.1.10\"", NULL);
	guard(parsed("OPTIONS sip:b@example.net SIP/2.0",
		  "Via: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bK192.168.1.10\r\n"
		  "From: <sip:a@example.net>;tag=192.168.1.10\r\n"
		  "To: <sip:b@example.net>;tag=x-192.168.1.10-1\r\nCall-ID: 1@192.168.1.10\r\n"
		  "CSeq: 1 OPTIONS\r\n",
		  ""),
	    &named, "tag=x-192.168.1.10-1\r\n", NULL);
}

/* What somebody has rewritten or taken away already is not touched again. */
static void test_overlaps(void)
{
	struct sip_msg *msg = parsed("OPTIONS sip:b@example.net SIP/2.0", HEAD,
	    "Contact: <sip:a@192.168.1.10:5062>;x=192.168.1.11");
	const struct sip_value *v = sip_msg_value(msg, HDR_CONTACT, 0);
	struct sip_nameaddr addr;

	sip_nameaddr_parse(&addr, v->text);
	sip_edit_replace(msg, addr.uri, str_of("sip:a@203.0.113.1"));
	guard(msg, &named, "beside an edit", "Contact: <sip:a@203.0.113.1>;x=203.0.113.1\r\n");
	msg =
	    parsed("OPTIONS sip:b@example.net SIP/2.0", HEAD, "Record-Route: <sip:192.168.1.1;lr>");
	sip_edit_remove_lines(msg, HDR_RECORD_ROUTE);
	guard(msg, &named, "a line that goes", "CSeq: 1 OPTIONS\r\nContent-Length");
	msg = parsed("OPTIONS sip:b@example.net SIP/2.0", HEAD, "X-A: 192.168.1.10");
	leak_guard(sides, msg, &named);
	guard(msg, &named, "twice is once", "X-A: 203.0.113.1\r\n");
}

int main(void)
{
	if (sip_msg_init() != 0)
		abort();
	open_sides();
	test_replaced();
	test_left_alone();
	test_overlaps();
	side_free(sides);
	return tap_done();
}
