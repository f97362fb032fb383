/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of named values: they come back as they were, and nonsense does not. */
#include <errno.h>

#include "failing_alloc.h"

#include "base/buf.c"
#include "base/record.c"
#include "tap.h"

static struct record parse(const char *text)
{
	struct str s = str_of(text);
	struct record r;

	ok(record_next(&s, &r) && s.len == 0, text);
	return r;
}

static void test_round_trip(void)
{
	static const char bytes[] = "a\0b\r\n\t%\x7f\xc3\xa4=";
	struct buf b = BUF_INIT, back = BUF_INIT;
	struct addr a, read;
	struct record r;
	char *text;

	addr_parse(&a, "2001:db8::1", 5062);
	record_begin(&b, "kind");
	record_add(&b, "text", "a=b\tc\r\nd 100 %");
	record_add(&b, "none", NULL);
	record_add(&b, "empty", "");
	record_add_bytes(&b, "bytes", bytes, sizeof(bytes));
	record_add_uint(&b, "zero", 0);
	record_add_uint(&b, "big", UINT64_MAX);
	record_add_addr(&b, "addr", &a);
	record_end(&b);
	r = parse(b.data);
	ok(record_is(&r, "kind") && !record_is(&r, "kin"), "its kind");
	is_int(record_text(&r, "text", &text), 0, "a text");
	is_str(text, "a=b\tc\r\nd 100 %", "as it was");
	free(text);
	is_int(record_text(&r, "none", &text), 0, "NULL");
	ok(!text, "is NULL");
	is_int(record_text(&r, "empty", &text), 0, "an empty one");
	is_str(text, "", "is empty");
	free(text);
	is_int(record_bytes(&r, "bytes", &back), 0, "bytes");
	ok(back.len == sizeof(bytes) && memcmp(back.data, bytes, sizeof(bytes)) == 0,
	    "as they were");
	is_int(record_text(&r, "bytes", &text), EBADMSG, "are no text with a NUL");
	ok(record_uint(&r, "big") == UINT64_MAX && record_uint(&r, "zero") == 0, "numbers");
	ok(record_addr(&r, "addr", &read) && addr_equal(&a, &read), "an address");
	buf_free(&back);
	buf_free(&b);
}

static void test_nonsense(void)
{
	static const char *const bad[] = {"", "no end", "\n", "\tx=1\n", "kind\tvalue\n"};
	struct record r =
	    parse("k\ta=18446744073709551616\tb=-1\tc=1x\td=\te=%0\tf=%zz\tg=1.2.3:5"
		  "\th=1.2.3.4:65536\ti=:1\tj=a%0ab\tk=a b\tl=100000000000000000000\n");
	char *text;
	struct addr a;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct str s = str_of(bad[i]);
		struct record none;

		ok(!record_next(&s, &none) && s.len == strlen(bad[i]), "no record");
	}
	ok(!record_uint(&r, "a") && !record_uint(&r, "b") && !record_uint(&r, "c") &&
		!record_uint(&r, "d") && !record_uint(&r, "l"),
	    "no numbers");
	is_int(record_text(&r, "e", &text), EBADMSG, "half an escape");
	is_int(record_text(&r, "f", &text), EBADMSG, "a wrong one");
	ok(!text, "give no text");
	ok(!record_addr(&r, "g", &a) && !record_addr(&r, "h", &a) && !record_addr(&r, "i", &a) &&
		!record_addr(&r, "none", &a),
	    "no addresses");
	is_int(record_line(&r, "j", &text), EBADMSG, "a line has no line end in it");
	is_int(record_word(&r, "k", &text), EBADMSG, "a word no blank");
	is_int(record_line(&r, "k", &text), 0, "which a line may have");
	free(text);
}

static void test_many_fields(void)
{
	struct buf b = BUF_INIT;
	struct record r;
	struct str s;

	record_begin(&b, "k");
	for (int i = 0; i < RECORD_FIELDS_MAX; i++)
		record_add_uint(&b, "n", 1);
	record_end(&b);
	s = (struct str){b.data, b.len};
	ok(record_next(&s, &r), "as many fields as there may be");
	b.len--;
	record_add_uint(&b, "n", 1);
	record_end(&b);
	s = (struct str){b.data, b.len};
	ok(!record_next(&s, &r), "and one too many");
	buf_free(&b);
}

static void test_no_memory(void)
{
	struct record r = parse("k\ta=b%0ac\n");
	char *text;

	alloc_until_failure = 0;
	is_int(record_text(&r, "a", &text), ENOMEM, "without memory");
	ok(!text, "there is no text");
	alloc_until_failure = -1;
}

int main(void)
{
	test_round_trip();
	test_nonsense();
	test_many_fields();
	test_no_memory();
	return tap_done();
}
