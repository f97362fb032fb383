/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line syntax of siproxd.conf. */
#include "config_lines.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "tap.h"

/* The text in memory of exactly its size, so that a sanitizer sees a read behind it. */
struct text {
	char *data;
	struct config_lines lines;
	struct config_line line;
};

static void start_n(struct text *t, const char *text, size_t len)
{
	t->data = malloc(len + 1);
	memcpy(t->data, text, len);
	config_lines_start(&t->lines, t->data, len);
}

/* Takes the first line. */
static bool first(struct text *t, const char *text)
{
	start_n(t, text, strlen(text));
	return config_lines_next(&t->lines, &t->line);
}

static void gives(const char *text, const char *key, const char *value, const char *what)
{
	struct text t;

	if (ok(first(&t, text) && t.line.kind == LINE_SETTING, what)) {
		is_str(t.line.key, key, "... its key");
		is_str(t.line.value, value, "... its value");
	}
	free(t.data);
}

static void gives_none(const char *text, const char *what)
{
	struct text t;

	ok(!first(&t, text), what);
	free(t.data);
}

static void test_plain(void)
{
	gives("key = value", "key", "value", "key = value");
	gives("key=value\n", "key", "value", "no blanks");
	gives("  \tkey   =    value\t \r\n", "key", "value", "blanks, tabs and CR LF around");
	gives("key\t=\tvalue", "key", "value", "tabs around the equals sign");
	gives("key = two words", "key", "two words", "blanks inside a value stay");
	gives("key = a=b = c", "key", "a=b = c", "later equals signs belong to the value");
	gives("key = value # words", "key", "value", "a comment behind the value");
	gives("key = value#words", "key", "value", "a comment needs no blank before it");
	gives("key = # words", "key", "", "a comment and no value");
	gives("key =", "key", "", "no value");
	gives("= value", "", "value", "no key");
	gives("if_inbound = eth0 # user = x", "if_inbound", "eth0",
	    "an option's name in a comment means nothing");
	gives("key = ^(sips?:)0{2}[*]\\1+", "key", "^(sips?:)0{2}[*]\\1+",
	    "a regular expression comes as it is");
	gives("key = ${HOME} // x /* y", "key", "${HOME} // x /* y", "nothing is expanded");
	gives("\xef\xbb\xbfkey = value", "key", "value", "a byte order mark is skipped");
	gives("\n\n  # words\n\nkey = value", "key", "value",
	    "empty lines and comments are skipped");
	gives_none("", "an empty file has no line");
	gives_none("\n \t\r\n#x\n  # key = value\n", "comments and blanks are no lines");
}

static void test_quotes(void)
{
	struct text t;

	gives("key = \"value\"", "key", "value", "double quotes go");
	gives("key = 'value'  # words", "key", "value", "single quotes go, a comment behind");
	gives("key = \" a # b \" # words", "key", " a # b ", "quotes keep blanks and #");
	gives("key = \"a\\\"b\\\\c\\1\"", "key", "a\"b\\c\\1", "only a quote and \\ are escaped");
	gives("key = 'a\\'b\"c'", "key", "a'b\"c", "the other quote is a letter");
	gives("key = a \"b\" c", "key", "a \"b\" c", "quotes inside a value stay");
	ok(first(&t, "key = \"\"") && t.line.quoted && !*t.line.value, "an empty quoted value");
	free(t.data);
	ok(first(&t, "key = \"a\" b # c") && t.line.stray && !t.line.quoted,
	    "quotes that do not embrace the value are told");
	is_str(t.line.value, "\"a\" b", "... and stay");
	free(t.data);
	ok(first(&t, "key = \"a b") && t.line.stray, "a quote that is not closed is told");
	is_str(t.line.value, "\"a b", "... and stays");
	free(t.data);
	ok(first(&t, "key = \"a\\") && t.line.stray, "a backslash at the very end is no trap");
	free(t.data);
	ok(first(&t, "key = \"a\\\"") && t.line.stray, "an escaped quote does not close");
	free(t.data);
}

/* The entries of the list, joined with |. */
static void is_list(const char *text, const char *want, const char *what)
{
	struct text t;
	char all[200] = "";
	const char *item;

	ok(first(&t, text) && t.line.list && !t.line.broken, what);
	item = t.line.value;
	for (size_t i = 0; i < t.line.count; i++, item = config_line_after(item)) {
		strcat(all, item);
		strcat(all, "|");
	}
	is_str(all, want, "... its entries");
	free(t.data);
}

static void is_broken(const char *text, const char *what)
{
	struct text t;

	ok(first(&t, text) && t.line.broken, what);
	free(t.data);
}

static void test_lists(void)
{
	struct text t;

	is_list("key = {a}", "a|", "a list of one");
	is_list("key = { a , b c,d }  # words", "a|b c|d|", "a list of three");
	is_list("key={\"a, }#\",'b\\'',}", "a, }#|b'|", "quoted entries");
	is_list("key = {}", "", "an empty list");
	is_list("key = { , ,a,, }", "a|", "empty entries do not count");
	is_list("key = {\"\"}", "|", "but quoted empty ones do");
	is_broken("key = {a", "a list without its end");
	is_broken("key = {a} b", "a list with something behind it");
	is_broken("key = {a \"b\"}", "a list without its comma");
	is_broken("key = {\"a\" b}", "the same behind a quoted entry");
	is_broken("key = {\"a}", "a list with an open quote");
	is_broken("key = {", "a brace alone");
	is_broken("key = {a # }", "a list that a comment cuts");
	ok(first(&t, "key += a") && t.line.append, "+= appends");
	is_str(t.line.key, "key", "... and is no part of the key");
	free(t.data);
}

static void test_numbers(void)
{
	struct text t;
	static const char three[] = "a = 1\r\n\n# x\nb = 2\n  c";

	start_n(&t, three, sizeof(three) - 1);
	ok(config_lines_next(&t.lines, &t.line) && t.line.number == 1, "the first line is line 1");
	ok(config_lines_next(&t.lines, &t.line) && t.line.number == 4, "comments count as lines");
	ok(config_lines_next(&t.lines, &t.line) && t.line.number == 5,
	    "a last line without newline");
	is_int(t.line.kind, LINE_NO_EQUALS, "... which has no =");
	is_str(t.line.key, "c", "... and is told");
	ok(!config_lines_next(&t.lines, &t.line), "then it is over");
	ok(!config_lines_next(&t.lines, &t.line), "and stays so");
	free(t.data);
}

static void test_bad(void)
{
	struct text t;
	char *big = malloc(CONFIG_LINE_MAX + 3);

	ok(first(&t, "some words # a = b") && t.line.kind == LINE_NO_EQUALS,
	    "an = in a comment does not count");
	free(t.data);

	start_n(&t, "a = b\0c\nd = e", 13);
	ok(config_lines_next(&t.lines, &t.line) && t.line.kind == LINE_NUL, "a NUL is found");
	ok(config_lines_next(&t.lines, &t.line) && t.line.kind == LINE_SETTING, "and read over");
	free(t.data);

	memset(big, 'x', CONFIG_LINE_MAX + 2);
	big[1] = '=';
	big[CONFIG_LINE_MAX] = '\n';
	start_n(&t, big, CONFIG_LINE_MAX + 1);
	ok(config_lines_next(&t.lines, &t.line) && t.line.kind == LINE_SETTING,
	    "the longest line is read");
	is_int((long long)strlen(t.line.value), CONFIG_LINE_MAX - 2, "... whole");
	free(t.data);
	big[CONFIG_LINE_MAX] = 'x';
	start_n(&t, big, CONFIG_LINE_MAX + 1);
	ok(config_lines_next(&t.lines, &t.line) && t.line.kind == LINE_TOO_LONG,
	    "one byte more is too long");
	free(t.data);
	free(big);
}

int main(void)
{
	test_plain();
	test_quotes();
	test_lists();
	test_numbers();
	test_bad();
	return tap_done();
}
