/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sip_check takes without asking libosip2, and that libosip2 would say the same of it. */
#include "sip/sip_plain.h"

#include <dirent.h>
#include <stdlib.h>

#include "sip/sip_check.h"
#include "tap.h"

#define MESSAGES 30000

static bool parse(struct sip_msg **msg, const char *text, size_t len)
{
	const char *why;

	if (sip_msg_parse(msg, text, len, &why) == SIP_PARSE_OK)
		return true;
	sip_msg_free(*msg);
	*msg = NULL;
	return false;
}

/* --- what is plain -------------------------------------------------------------------------- */

/* A request with that line added; its Request-URI is `uri`. */
static bool is_plain(const char *uri, const char *line)
{
	struct sip_msg *msg;
	char text[2048];
	bool plain = false;

	snprintf(text, sizeof(text),
	    "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
	    "From: \"A. Caller\" <sip:a@h.example>;tag=1\r\nTo: <sip:b@h.example>\r\n"
	    "Call-ID: x@192.0.2.1\r\nCSeq: 1 INVITE\r\n%s\r\n",
	    uri, line);
	if (!ok(parse(&msg, text, strlen(text)), "parsed"))
		printf("# %s %s\n", uri, line);
	else
		plain = sip_plain(msg);
	sip_msg_free(msg);
	return plain;
}

static void test_what_is_plain(void)
{
	static const char *const plain[] = {
	    "", "Contact: <sip:a@192.0.2.1:5060>\r\n",
	    "Contact: <sip:a@192.0.2.1:5060;transport=tcp;ob>;expires=60;q=0.5\r\n",
	    "m: <sip:a@h2>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\"\r\n",
	    "Contact: sip:a@192.0.2.1;expires=60\r\n",
	    "Route: <sip:192.0.2.2;lr>, <sip:192.0.2.3;lr>\r\n",
	    "Record-Route: <sip:192.0.2.2:5070;lr=on>\r\n",
	    "User-Agent: t\xc3\xa9l\xc3\xa9phone \\\"%<\r\n", /* nobody routes by it */
	};
	static const char *const not_plain[] = {
	    "Contact: *\r\n",
	    "Contact: <sip:a@[2001:db8::1]>\r\n",
	    "Contact: <sip:%61@192.0.2.1>\r\n",
	    "Contact: <sip:a@192.0.2.1?X=y>\r\n",
	    "Contact: <tel:+100>\r\n",
	    "Contact: \"a\\\"b\" <sip:a@192.0.2.1>\r\n",
	    "Contact: \"a,b\" <sip:a@192.0.2.1>\r\n",
	    "Contact: t\xc3\xa9l <sip:a@192.0.2.1>\r\n",
	    "Contact: <sip:a@192.0.2.1> ;q=1\r\n",
	    "Contact: <sip:a@192.0.2.1>;q = 1\r\n",
	    "Contact: <sip:a:secret@192.0.2.1>\r\n",
	    "Contact: <SIP:a@192.0.2.1>\r\n",
	    "Contact: \"a(b)\" <sip:a@192.0.2.1>\r\n",
	    "Route: <sip:192.0.2.2;lr>,\r\n <sip:192.0.2.3;lr>\r\n",
	    "Route: <sip:192.0.2.2;lr>,<sip:192.0.2.3;lr>\r\n",
	    "Via: SIP / 2.0 / UDP 192.0.2.1\r\n",
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		ok(is_plain("sip:b@h.example;user=phone", plain[i]), "plain");
	for (size_t i = 0; i < sizeof(not_plain) / sizeof(*not_plain); i++)
		if (!ok(!is_plain("sip:b@h.example", not_plain[i]), "not plain"))
			printf("# %s", not_plain[i]);
	ok(!is_plain("tel:+100", ""), "another scheme is not plain");
	ok(!is_plain("sip:b%00@h.example", ""), "nor is an escape");
	ok(!is_plain("sip:b@[::1]", ""), "nor IPv6");
	ok(!is_plain("sip:b@h", ""), "nor a host of one letter");
}

/* --- libosip2 says the same ----------------------------------------------------------------- */

/* xorshift: the same messages in each run. */
static uint64_t random_state = 88172645463325252ULL;

static unsigned pick(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 20) % n;
}

static const char *one_of(const char *const *words, unsigned n)
{
	return words[pick(n)];
}
#define ONE_OF(...)                                \
	one_of((const char *const[]){__VA_ARGS__}, \
	    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void add_word(struct buf *b)
{
	static const char chars[] = "abcxyzABCXYZ0123456789-._!~*'+";
	unsigned len = pick(20) ? 1 + pick(12) : 1 + pick(300);

	while (len-- > 0)
		buf_add(b, &chars[pick(sizeof(chars) - 1)], 1);
}

static void add_host(struct buf *b)
{
	if (!pick(100))
		buf_str(b, ONE_OF("h", "-", ".", "1"));
	else
		buf_str(b,
		    ONE_OF("192.0.2.1", "a.example", "h2", "a..b", "999.1.1.1", "UDP", "x-1."));
	if (!pick(3))
		buf_printf(b, ":%u", pick(pick(20) ? 65536 : 99999));
}

static void add_params(struct buf *b, bool in_uri)
{
	for (unsigned n = pick(30) ? pick(4) : pick(70); n > 0; n--) {
		buf_str(b, ";");
		if (pick(2))
			add_word(b);
		else
			buf_str(b,
			    ONE_OF("lr", "transport", "expires", "q", "rport", "branch", "received",
				"maddr", "ttl", "method", "user"));
		if (!pick(3))
			continue;
		buf_str(b, "=");
		if (in_uri || pick(3))
			add_word(b);
		else
			buf_str(b,
			    ONE_OF("\"\"", "\"<urn:uuid:1>\"", "\"a b\"", "\"<\"", "\"a/b@c\""));
	}
}

static void add_uri(struct buf *b)
{
	buf_str(b, "sip:");
	if (pick(4)) {
		add_word(b);
		buf_str(b, "@");
	}
	add_host(b);
}

static void add_nameaddr(struct buf *b)
{
	unsigned shape = pick(5);

	if (shape == 0) {
		add_uri(b);
		return;
	}
	if (shape == 1) {
		add_word(b);
		buf_str(b, " ");
	} else if (shape == 2) {
		buf_str(b, ONE_OF("\"\" ", "\"A. B\" ", "\"<a>\" ", "\"sip:x@y\"", "a b ", "sip "));
	}
	buf_str(b, "<");
	add_uri(b);
	add_params(b, true);
	buf_str(b, ">");
}

static void add_list(struct buf *b, const char *name, bool is_via)
{
	unsigned n = 1 + pick(pick(10) ? 2 : 10);

	buf_printf(b, "%s: ", name);
	while (n-- > 0) {
		if (is_via) {
			buf_str(b, ONE_OF("SIP/2.0/UDP ", "SIP/2.0/TCP ", "SIP/2.0/x-1 "));
			add_host(b);
		} else {
			add_nameaddr(b);
		}
		add_params(b, false);
		buf_str(b, n ? ", " : "\r\n");
	}
}

/* What sip_plain lets pass, in all shapes, and with few and many parts. */
static void write_message(struct buf *b)
{
	const char *method = ONE_OF("INVITE", "REGISTER", "X", "a-b", "MESSAGE");

	buf_reset(b);
	if (pick(2)) {
		buf_printf(b, "%s ", method);
		add_uri(b);
		add_params(b, true);
		buf_str(b, " SIP/2.0\r\n");
	} else {
		buf_printf(b, "SIP/2.0 %u OK\r\n", 100 + pick(600));
	}
	add_list(b, ONE_OF("Via", "v", "VIA"), true);
	add_list(b, "Via", true);
	buf_str(b, ONE_OF("From: ", "f:", "FROM :"));
	add_nameaddr(b);
	add_params(b, false);
	buf_str(b, "\r\nTo: ");
	add_nameaddr(b);
	add_params(b, false);
	buf_str(b, "\r\nCall-ID: ");
	add_word(b);
	if (pick(2)) {
		buf_str(b, "@");
		add_word(b);
	}
	buf_printf(b, "\r\nCSeq: %u%u %s\r\n", pick(430000), pick(10000), method);
	if (pick(2))
		add_list(b, ONE_OF("Contact", "m"), false);
	if (pick(2))
		add_list(b, "Route", false);
	if (pick(2))
		add_list(b, "Record-Route", false);
	buf_str(b, "\r\n");
}

/* A few bytes that mean something, in any place. */
static void damage(struct buf *b)
{
	static const char meant[] = "\"<>;,:@=%\\ \t()/?[]&$*0aS\r\n\x80";

	for (unsigned n = pick(4); n > 0 && b->len > 2; n--) {
		unsigned at = pick((unsigned)b->len - 1);

		if (pick(3))
			b->data[at] = meant[pick(sizeof(meant) - 1)];
		else
			memmove(b->data + at, b->data + at + 1, --b->len - at);
	}
}

struct tally {
	unsigned read, plain, differ;
};

static void compare(struct tally *t, const struct buf *b)
{
	struct sip_msg *msg;
	const char *why = "";

	if (!parse(&msg, b->data, b->len))
		return;
	t->read++;
	if (sip_plain(msg)) {
		t->plain++;
		if (sip_check_asked(msg, &why) != SIP_PARSE_OK && t->differ++ < 5)
			printf("# libosip2 says \"%s\" of:\n%.*s\n", why, (int)b->len, b->data);
	}
	sip_msg_free(msg);
}

static void test_made_up(void)
{
	struct tally whole = {0}, damaged = {0};
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < MESSAGES; i++) {
		write_message(&b);
		compare(&whole, &b);
		damage(&b);
		compare(&damaged, &b);
	}
	buf_free(&b);
	printf("# whole: %u read, %u plain; damaged: %u read, %u plain\n", whole.read, whole.plain,
	    damaged.read, damaged.plain);
	ok(whole.plain > MESSAGES / 2, "most of the messages that were made up are plain");
	ok(damaged.plain > MESSAGES / 10 && damaged.plain < damaged.read,
	    "of the damaged ones some are");
	is_int(whole.differ, 0, "libosip2 takes all that are plain, and sees the same");
	is_int(damaged.differ, 0, "... also of those that were damaged");
}

static void compare_file(struct tally *t, const char *path)
{
	char data[SIP_MSG_MAX];
	struct buf b = BUF_INIT;
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(data, 1, sizeof(data), f) : 0;

	if (f)
		fclose(f);
	for (unsigned i = 0; len && i < 300; i++) {
		buf_reset(&b);
		buf_add(&b, data, len);
		if (i)
			damage(&b);
		compare(t, &b);
	}
	buf_free(&b);
}

static void compare_folder(struct tally *t, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[1024];

	while (dir && (e = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			compare_file(t, name);
	}
	if (dir)
		closedir(dir);
}

static void test_samples(void)
{
	static const char *const folders[] = {"", "dropped", "refused", "rfc4475"};
	const char *top = getenv("top_srcdir");
	struct tally t = {0};
	char path[512];

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		snprintf(path, sizeof(path), "%s/tests/data/sip/%s", top ? top : ".", folders[i]);
		compare_folder(&t, path);
	}
	printf("# %u read, %u plain\n", t.read, t.plain);
	ok(t.plain > 100 && t.plain < t.read, "some of the samples are plain");
	is_int(t.differ, 0, "libosip2 takes those, too");
}

int main(void)
{
	if (sip_msg_init() != 0)
		return 1;
	test_what_is_plain();
	test_made_up();
	test_samples();
	return tap_done();
}
