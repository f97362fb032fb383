/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "failing_alloc.h"

#include "base/buf.c"
#include "sip/sip_edit.c"
#include "sip/sip_msg.c"

#include <dirent.h>
#include <osipparser2/osip_port.h>
#include <time.h>

#include "tap.h"

#define HEAD                                                                                  \
	"INVITE sip:b@h.example SIP/2.0\r\n"                                                  \
	"Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n" \
	"From: <sip:a@h.example>;tag=1\r\nTo: <sip:b@h.example>\r\n"                          \
	"Call-ID: x\r\nCSeq: 1 INVITE\r\n"

static struct sip_msg *parsed(const char *text)
{
	struct sip_msg *msg;
	const char *why;

	if (!ok(sip_msg_parse(&msg, text, strlen(text), &why) == SIP_PARSE_OK, "parsed"))
		printf("# %s\n", why);
	return msg;
}

static void is_spliced(struct sip_msg *msg, const char *want, const char *what)
{
	struct buf b = BUF_INIT;

	if (ok(sip_edit_splice(msg, &b) == 0, what))
		is_str(b.data, want, "... as it leaves");
	buf_free(&b);
}

static bool is_text(struct str got, const char *want)
{
	return str_is(got, want);
}

/* --- messages in files -------------------------------------------------------------------- */

static size_t read_sample(const char *dir, const char *name, char *data, size_t size)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/sip/%s%s", top ? top : ".", dir, name);
	f = fopen(path, "rb");
	if (f) {
		len = fread(data, 1, size, f);
		fclose(f);
	}
	return len;
}

static void test_sample(const char *dir, const char *name, enum sip_parse want)
{
	static char data[SIP_MSG_MAX];
	size_t len = read_sample(dir, name, data, sizeof(data));
	struct buf b = BUF_INIT;
	struct sip_msg *msg;
	const char *why;
	enum sip_parse got = sip_msg_parse(&msg, data, len, &why);

	if (!ok(got == want, name))
		printf("# got %d, want %d: %s\n", got, want, why ? why : "");
	ok((got == SIP_PARSE_OK || got == SIP_PARSE_REFUSE) == (msg != NULL), "... or nothing");
	if (want == SIP_PARSE_OK && msg) {
		is_int(sip_edit_splice(msg, &b), 0, "... can leave again");
		ok(b.len == len && memcmp(b.data, data, len) == 0, "... byte for byte");
	}
	if (want == SIP_PARSE_REFUSE && msg)
		ok(msg->via.host.len && (msg->refusal == 400 || msg->refusal == 505),
		    "... can be answered");
	buf_free(&b);
	sip_msg_free(msg);
}

static void test_samples(const char *dir, enum sip_parse want, unsigned at_least)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/tests/data/sip/%s", top ? top : ".", dir);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (len < 4 || strcmp(e->d_name + len - 4, ".sip") != 0)
			continue;
		test_sample(dir, e->d_name, want);
		n++;
	}
	if (d)
		closedir(d);
	ok(n >= at_least, "the samples are there");
}

/* --- what the index says ------------------------------------------------------------------ */

static void test_fields(void)
{
	struct sip_msg *msg = parsed(HEAD "m: <sip:a@10.0.0.1>, \"x,y\" <sip:c@d>\r\n"
					  "Max-Forwards: 9\r\nExpires: 60\r\nl: 3\r\n\r\nabcdef");
	const struct sip_value *v;

	if (!msg)
		return;
	ok(msg->is_request && msg->method == SIP_INVITE && msg->status == 0, "a request");
	ok(is_text(msg->uri_text, "sip:b@h.example") && is_text(msg->uri.user, "b"), "... its URI");
	ok(is_text(msg->call_id, "x") && msg->cseq == 1, "... Call-ID and CSeq");
	ok(is_text(msg->from_tag, "1") && !msg->to_tag.len, "... its tags");
	ok(is_text(msg->via.host, "10.0.0.2") && is_text(msg->via.branch, "z9hG4bK2"),
	    "... top Via");
	is_int(msg->max_forwards, 9, "... Max-Forwards");
	is_int(msg->expires, 60, "... Expires");
	ok(is_text(msg->body, "abc"), "bytes behind Content-Length are no part of the body");
	ok(msg->data[msg->len] == '\0' && msg->len == strlen(msg->data), "... nor of the message");
	is_int(sip_msg_count(msg, HDR_VIA), 2, "two values on one line");
	is_int(sip_msg_count(msg, HDR_CONTACT), 2, "a comma in quotes separates nothing");
	v = sip_msg_value(msg, HDR_CONTACT, 1);
	ok(v && is_text(v->text, "\"x,y\" <sip:c@d>"), "... the second one");
	ok(!sip_msg_value(msg, HDR_CONTACT, 2), "... there is no third");
	ok(sip_msg_line(msg, HDR_CONTACT) && !sip_msg_line(msg, HDR_ROUTE), "a line, or none");
	sip_msg_free(msg);
	msg = parsed("SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>;tag=1\r\n"
		     "To: <sip:b@h>;tag=2\r\nCall-ID: x\r\nCSeq: 9 PRACK\r\n\r\nbody");
	if (!msg)
		return;
	ok(!msg->is_request && msg->status == 486 && msg->method == SIP_PRACK, "a response");
	ok(is_text(msg->method_name, "PRACK") && is_text(msg->to_tag, "2"), "... to what");
	ok(msg->max_forwards == -1 && msg->expires == -1, "... without numbers");
	ok(is_text(msg->body, "body"), "without Content-Length the datagram ends the body");
	sip_msg_free(msg);
	ok(sip_method_of(str_of("invite")) == SIP_OTHER, "methods have a case");
}

static enum sip_parse result_of(const char *data, size_t len)
{
	struct sip_msg *msg;
	const char *why;
	enum sip_parse result = sip_msg_parse(&msg, data, len, &why);

	sip_msg_free(msg);
	return result;
}

/* With which status a request is refused; 0: it is not. */
static int refusal_of(const char *data, size_t len)
{
	struct sip_msg *msg;
	const char *why;
	int status = sip_msg_parse(&msg, data, len, &why) == SIP_PARSE_REFUSE ? msg->refusal : 0;

	sip_msg_free(msg);
	return status;
}

static void test_sizes(void)
{
	static const char head[] = HEAD "Content-Length: ";
	static char text[SIP_MSG_MAX + 1];
	size_t len;

	is_int(result_of("", 0), SIP_PARSE_BAD, "nothing");
	is_int(result_of("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", 18), SIP_PARSE_BAD, "empty lines");
	is_int(result_of("                        ", 24), SIP_PARSE_BAD, "blanks");
	is_int(result_of("SIP/2.0\r\n\r\nxxxxxxx", 18), SIP_PARSE_BAD, "a version alone");
	memset(text, 'x', sizeof(text));
	len = sizeof(head) - 1 + strlen("00000\r\n\r\n");
	snprintf(text, sizeof(text), "%s%05zu\r\n\r\n", head, SIP_MSG_MAX - len);
	text[len] = 'x';
	is_int(result_of(text, SIP_MSG_MAX), SIP_PARSE_OK, "the largest message");
	is_int(result_of(text, SIP_MSG_MAX + 1), SIP_PARSE_BAD, "... and one byte more");
	is_int(result_of(text, SIP_MSG_MAX - 1), SIP_PARSE_REFUSE, "... and one byte less");
	is_int(refusal_of(text, SIP_MSG_MAX - 1), 400, "... which is a bad request");
	snprintf(text, sizeof(text), "%s%05zu\r\n\r\n", head, SIP_MSG_MAX - len + 1);
	is_int(refusal_of(text, len), 513, "one that says it would be longer is too large");
	snprintf(text, sizeof(text), "%s9999999999\r\n\r\n", head);
	is_int(refusal_of(text, strlen(text)), 513, "... far longer");
	snprintf(text, sizeof(text), "%s99999999999999999999\r\n\r\n", head);
	is_int(refusal_of(text, strlen(text)), 400, "no number of bytes");
	for (size_t i = 0; i < sizeof(head); i++)
		if (result_of(head, i) == SIP_PARSE_OK && !ok(false, "a message cut short"))
			printf("# after %zu bytes\n", i);
	ok(true, "messages cut short");
}

/* HEAD, a line that begins like `pre` and goes on with `unit` to the size of a datagram. */
static enum sip_parse long_line(const char *pre, const char *unit)
{
	static char text[SIP_MSG_MAX + 1];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s%s", HEAD, pre), n = strlen(unit);

	for (; len + n + 4 < SIP_MSG_MAX; len += n)
		memcpy(text + len, unit, n);
	memcpy(text + len, "\r\n\r\n", 5);
	return result_of(text, len + 4);
}

/* None of these may take a time that grows with the square of its length. */
static void test_long_lines(void)
{
	static const struct {
		const char *pre, *unit;
		enum sip_parse want;
	} lines[] = {
	    {"Subject: ", "x", SIP_PARSE_OK},
	    {"Allow: ", "A,", SIP_PARSE_OK},
	    {"Accept: a/b", ", a/b", SIP_PARSE_OK},
	    {"Accept-Encoding: a", ";a,b", SIP_PARSE_OK},
	    {"Authorization: Digest a=\"b\"", ",a=\"b\"", SIP_PARSE_OK},
	    {"Subject: ", "\r\n ", SIP_PARSE_OK},
	    {"Subject: ", "\r\n x", SIP_PARSE_OK},
	    {"x", "\r\n x", SIP_PARSE_REFUSE},
	    {"x", "\r\n", SIP_PARSE_REFUSE},
	    {"x", "\n x", SIP_PARSE_REFUSE},
	    {"x", "\r x", SIP_PARSE_REFUSE},
	    {"X: y", "\r\nX: y", SIP_PARSE_REFUSE},
	    {"Contact: ", ",", SIP_PARSE_REFUSE},
	    {"Contact: ", "<", SIP_PARSE_REFUSE},
	    {"Contact: ", "\"", SIP_PARSE_REFUSE},
	    {"Contact: <sip:a@h>", ";", SIP_PARSE_REFUSE},
	    {"Contact: <sip:a@h>", ";a", SIP_PARSE_REFUSE},
	    {"Contact: <sip:a@h>;tag=1", ";a=\"\\\"\"", SIP_PARSE_REFUSE},
	    {"Contact: <sip:a@h", ";a=b", SIP_PARSE_REFUSE},
	    {"Contact: <sip:a@h?a=b", "&a=b", SIP_PARSE_REFUSE},
	    {"Contact: <sip:a@h>", ",<sip:a@h>", SIP_PARSE_REFUSE},
	    {"Contact: <sip:a", "@", SIP_PARSE_REFUSE},
	    {"Contact: <sip:a", ":", SIP_PARSE_REFUSE},
	    {"Via: SIP/2.0/UDP h", ";a", SIP_PARSE_REFUSE},
	    {"Via: SIP/2.0/UDP h", ", SIP/2.0/UDP h", SIP_PARSE_REFUSE},
	    {"Via: SIP/2.0/UDP h;a=\"", "\\\"", SIP_PARSE_REFUSE},
	    {"Route: <sip:h>", ";a", SIP_PARSE_REFUSE},
	    {"P-Asserted-Identity: <sip:h>", ";", SIP_PARSE_OK},
	};
	struct timespec from, to;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		enum sip_parse got;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		got = long_line(lines[i].pre, lines[i].unit);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		if (!ok(got == lines[i].want, "64 KiB of one thing"))
			printf("# %s%s: got %d, want %d\n", lines[i].pre, lines[i].unit, got,
			    lines[i].want);
		if (getenv("SHOW_TIME"))
			printf("# %.1f ms %s%s\n",
			    (double)(to.tv_sec - from.tv_sec) * 1e3 +
				(double)(to.tv_nsec - from.tv_nsec) / 1e6,
			    lines[i].pre, lines[i].unit);
	}
}

/* --- edits -------------------------------------------------------------------------------- */

static struct str range_of(const struct sip_msg *msg, const char *text)
{
	return (struct str){strstr(msg->data, text), strlen(text)};
}

static void test_edits(void)
{
	struct sip_msg *msg = parsed(HEAD "Content-Length: 0\r\n\r\n");
	struct str call, from;

	if (!msg)
		return;
	call = range_of(msg, "Call-ID: x\r\n");
	from = range_of(msg, "From: <sip:a@h.example>;tag=1\r\nTo: <sip:b@h.example>\r\n");
	is_int(sip_edit_replace(msg, call, str_of("i: y\r\n")), 0, "a later line first");
	is_int(sip_edit_replace(msg, from, str_of("")), 0, "lines that go");
	is_int(sip_edit_insertf(msg, from.s, "A: %d\r\n", 1), 0, "before them something new");
	is_int(sip_edit_insertf(msg, from.s + from.len, "C: 3\r\n"), 0, "and behind them");
	is_int(sip_edit_insertf(msg, from.s, "B: 2\r\n"), 0, "and a second one before them");
	is_int(sip_edit_insertf(msg, msg->data + msg->len, "end"), 0, "and at the very end");
	is_spliced(msg,
	    "INVITE sip:b@h.example SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
	    "A: 1\r\nB: 2\r\nC: 3\r\ni: y\r\nCSeq: 1 INVITE\r\n"
	    "Content-Length: 3\r\n\r\nend",
	    "edits in any order");
	is_int(sip_edit_insertf(msg, msg->body.s, "the "), 0, "one more");
	is_spliced(msg,
	    "INVITE sip:b@h.example SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
	    "A: 1\r\nB: 2\r\nC: 3\r\ni: y\r\nCSeq: 1 INVITE\r\n"
	    "Content-Length: 7\r\n\r\nendthe ",
	    "a second splice");
	sip_edit_clear(msg);
	is_spliced(msg, HEAD "Content-Length: 0\r\n\r\n", "edits taken back");
	sip_msg_free(msg);
}

static void test_overlap(void)
{
	struct sip_msg *msg = parsed(HEAD "\r\n");
	struct buf b = BUF_INIT;
	struct str tag;

	if (!msg)
		return;
	tag = range_of(msg, ";tag=1");
	sip_edit_replace(msg, tag, str_of(""));
	sip_edit_insertf(msg, tag.s + 1, "x");
	is_int(sip_edit_splice(msg, &b), EINVAL, "an insertion into what is gone");
	sip_edit_clear(msg);
	sip_edit_remove_lines(msg, HDR_FROM);
	sip_edit_replace(msg, tag, str_of(";tag=2"));
	is_int(sip_edit_splice(msg, &b), EINVAL, "a value of a line that is gone");
	buf_free(&b);
	sip_msg_free(msg);
}

static void test_empty_value(void)
{
	struct sip_msg *msg = parsed(HEAD "User-Agent: \t\r\n  \r\nSubject: x\r\n\r\n");
	const struct sip_line *line = msg ? sip_msg_line(msg, HDR_USER_AGENT) : NULL;

	if (!line)
		return;
	sip_edit_replace(msg, line->value, str_of("us"));
	is_spliced(msg, HEAD "User-Agent:us \t\r\n  \r\nSubject: x\r\n\r\n",
	    "a value where there was none");
	sip_msg_free(msg);
}

static void test_remove(unsigned n, const char *want)
{
	struct sip_msg *msg =
	    parsed("BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>\r\n"
		   "To: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 1 BYE\r\n"
		   "Route: <sip:r1>\r\nX: y\r\n"
		   "Route: <sip:r2> ,\r\n <sip:r3>, <sip:r4>;a=\",\"\r\n"
		   "Route: <sip:r5>\r\n\r\n");
	struct buf b = BUF_INIT;
	char what[40];

	if (!msg)
		return;
	snprintf(what, sizeof(what), "without its first %u routes", n);
	is_int(sip_edit_remove_first(msg, HDR_ROUTE, n), 0, what);
	is_int(sip_edit_splice(msg, &b), 0, "... to be sent");
	is_str(strstr(b.data, "BYE\r\n"), want, "... what remains");
	buf_free(&b);
	sip_msg_free(msg);
}

static void test_remove_first(void)
{
	test_remove(0,
	    "BYE\r\nRoute: <sip:r1>\r\nX: y\r\n"
	    "Route: <sip:r2> ,\r\n <sip:r3>, <sip:r4>;a=\",\"\r\nRoute: <sip:r5>\r\n\r\n");
	test_remove(1,
	    "BYE\r\nX: y\r\n"
	    "Route: <sip:r2> ,\r\n <sip:r3>, <sip:r4>;a=\",\"\r\nRoute: <sip:r5>\r\n\r\n");
	test_remove(2,
	    "BYE\r\nX: y\r\nRoute: <sip:r3>, <sip:r4>;a=\",\"\r\nRoute: <sip:r5>\r\n\r\n");
	test_remove(3, "BYE\r\nX: y\r\nRoute: <sip:r4>;a=\",\"\r\nRoute: <sip:r5>\r\n\r\n");
	test_remove(4, "BYE\r\nX: y\r\nRoute: <sip:r5>\r\n\r\n");
	test_remove(5, "BYE\r\nX: y\r\n\r\n");
	test_remove(99, "BYE\r\nX: y\r\n\r\n");
}

static void test_places(void)
{
	struct sip_msg *msg =
	    parsed(HEAD "Via: SIP/2.0/UDP h\r\nX: y\r\nRoute: <sip:ra>\r\nZ: z\r\n"
			"Route: <sip:rb>\r\n\r\n");

	if (!msg)
		return;
	ok(sip_msg_line_start(msg, HDR_VIA) == strstr(msg->data, "Via"), "before the first Via");
	ok(sip_msg_line_end(msg, HDR_VIA) == strstr(msg->data, "X: y"), "behind the last Via");
	ok(sip_msg_line_start(msg, HDR_ROUTE) == strstr(msg->data, "Route: <sip:ra"),
	    "a first line");
	ok(sip_msg_line_end(msg, HDR_ROUTE) == msg->body.s - 2, "behind a last line");
	ok(sip_msg_line_start(msg, HDR_CONTACT) == strstr(msg->data, "X: y"),
	    "a new header's start");
	ok(sip_msg_line_end(msg, HDR_CONTACT) == strstr(msg->data, "X: y"), "... and end");
	sip_msg_free(msg);
}

static void test_content_length(void)
{
	struct sip_msg *msg = parsed(HEAD "Content-Length:\r\n  3 \r\n\r\nabc");

	if (!msg)
		return;
	sip_edit_replace(msg, (struct str){msg->body.s, 1}, str_of("12345678"));
	sip_edit_replace(msg, (struct str){msg->body.s + 2, 1}, str_of(""));
	is_spliced(msg, HEAD "Content-Length:\r\n  9 \r\n\r\n12345678b",
	    "the body changes its length");
	sip_edit_clear(msg);
	sip_edit_insertf(msg, msg->body.s - 2, "X: y\r\n");
	is_spliced(msg, HEAD "Content-Length:\r\n  3 \r\nX: y\r\n\r\nabc", "a new header does not");
	sip_msg_free(msg);
	msg = parsed(HEAD "\r\nabc");
	if (!msg)
		return;
	sip_edit_replace(msg, msg->body, str_of("x"));
	is_spliced(msg, HEAD "\r\nx", "without Content-Length none is made");
	sip_msg_free(msg);
}

static void test_dup(void)
{
	struct sip_msg *msg = parsed(HEAD "l: 2\r\n\r\nabcd"), *copy;

	if (!msg)
		return;
	sip_edit_remove_lines(msg, HDR_FROM);
	is_int(sip_msg_dup(&copy, msg), 0, "a copy");
	sip_msg_free(msg);
	is_spliced(copy, HEAD "l: 2\r\n\r\nab", "... has no edits, and outlives the first");
	sip_msg_free(copy);
}

/* --- without memory ----------------------------------------------------------------------- */

static int edit_and_send(struct sip_msg *msg)
{
	struct buf b = BUF_INIT;
	int err = sip_edit_remove_first(msg, HDR_VIA, 1);

	for (int i = 0; i < 40 && !err; i++)
		err = sip_edit_insertf(msg, msg->body.s, "%d", i);
	if (!err)
		err = sip_edit_replace(msg, msg->uri_text, str_of("sip:c@d"));
	if (!err)
		err = sip_edit_splice(msg, &b);
	buf_free(&b);
	return err;
}

/* libosip2 loses blocks when it runs out of memory, which is not what is tested here. */
static void *osip_block[1000];

static void **osip_slot(const void *block)
{
	size_t i = 0;

	while (i < sizeof(osip_block) / sizeof(*osip_block) - 1 && osip_block[i] != block)
		i++;
	return &osip_block[i];
}

static void *osip_test_malloc(size_t size)
{
	return *osip_slot(NULL) = failing_malloc(size);
}

static void *osip_test_realloc(void *old, size_t size)
{
	void **slot = osip_slot(old), *block = failing_realloc(old, size);

	return block ? *slot = block : NULL;
}

static void osip_test_free(void *block)
{
	if (!block)
		return;
	*osip_slot(block) = NULL;
	free(block);
}

/* One allocation fails while a message is read, copied, edited and sent. */
static bool passes_with(long allocations, bool osip_too)
{
	static const char text[] = HEAD "Contact: \"a\" <sip:a@h;x=y>;z, <sip:b@h>\r\n"
					"Record-Route: <sip:h;lr>\r\nl: 3\r\n\r\nabc";
	struct sip_msg *msg, *copy = NULL;
	const char *why;
	enum sip_parse result;
	int err = ENOMEM;

	alloc_until_failure = allocations;
	result = sip_msg_parse(&msg, text, sizeof(text) - 1, &why);
	if (result == SIP_PARSE_OK)
		err = sip_msg_dup(&copy, msg);
	if (!err)
		err = edit_and_send(msg);
	alloc_until_failure = -1;
	/* libosip2 often says that it did not understand. */
	if (result != SIP_PARSE_OK && result != SIP_PARSE_NOMEM &&
	    !(osip_too && result == SIP_PARSE_REFUSE))
		ok(false, "no memory is told as such");
	if (err && err != ENOMEM)
		ok(false, "... and nothing else is");
	sip_msg_free(copy);
	sip_msg_free(msg);
	return !err;
}

static void test_no_memory(void)
{
	long n = 0;

	while (n < 1000 && !passes_with(n, false))
		n++;
	ok(n > 10 && n < 1000, "every single allocation may fail");
	osip_set_allocators(osip_test_malloc, osip_test_realloc, osip_test_free);
	for (n = 0; n < 1000; n++)
		passes_with(n, true);
	osip_set_allocators(malloc, realloc, free);
	for (size_t i = 0; i < sizeof(osip_block) / sizeof(*osip_block); i++)
		free(osip_block[i]);
	ok(passes_with(-1, false), "... also those of libosip2");
}

int main(void)
{
	is_int(sip_msg_init(), 0, "libosip2 is ready");
	test_samples("", SIP_PARSE_OK, 10);
	test_samples("refused/", SIP_PARSE_REFUSE, 40);
	test_samples("dropped/", SIP_PARSE_BAD, 12);
	test_fields();
	test_sizes();
	test_long_lines();
	test_edits();
	test_overlap();
	test_empty_value();
	test_remove_first();
	test_places();
	test_content_length();
	test_dup();
	test_no_memory();
	return tap_done();
}
