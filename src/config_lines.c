/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "config_lines.h"

#include <string.h>

#include "config.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static char *skip_blanks(char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

/* Cuts blanks off the end of [s, end) and puts the NUL there. */
static void trim_end(char *s, char *end)
{
	while (end > s && is_blank(end[-1]))
		end--;
	*end = '\0';
}

void config_lines_start(struct config_lines *r, char *text, size_t len)
{
	r->pos = text;
	r->end = text + len;
	r->number = 0;
	*r->end = '\0';
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r->pos += 3;
}

const char *config_line_after(const char *item)
{
	return item + strlen(item) + 1;
}

/* s points at a quote; where it is closed, or NULL. */
static char *closing_quote(char *s)
{
	char *close = s + 1;

	while (*close && *close != *s)
		close += close[0] == '\\' && close[1] ? 2 : 1;
	return *close ? close : NULL;
}

/*
 * s points at a quote. Writes what it embraces to out (which may lie before s) and returns the
 * place behind the closing quote, or NULL when there is none; then nothing is written.
 */
static char *unquote(char *s, char **out)
{
	char quote = *s, *close = closing_quote(s), *to = *out;

	if (!close)
		return NULL;
	for (char *from = s + 1; from < close; from++) {
		if (*from == '\\' && (from[1] == quote || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*to++ = '\0';
	*out = to;
	return close + 1;
}

static bool is_line_end(const char *s)
{
	return *s == '\0' || *s == '#';
}

/* One entry of { a, "b" }; returns the place behind it, or NULL when that is no list. */
static char *read_entry(char *s, char **out, size_t *count)
{
	char *end;

	if (*s == '"' || *s == '\'') {
		s = unquote(s, out);
		if (s)
			++*count;
		return s ? skip_blanks(s) : NULL;
	}
	end = s + strcspn(s, ",}#\"'{");
	if (*end != ',' && *end != '}')
		return NULL;
	while (s < end && is_blank(*s))
		s++;
	if (s < end) {
		char *last = end;

		while (is_blank(last[-1]))
			last--;
		memmove(*out, s, (size_t)(last - s));
		*out += last - s;
		*(*out)++ = '\0';
		++*count;
	}
	return end;
}

/* s points at the brace of { ... }; its entries are moved up to `out`. False: that is no list. */
static bool read_list(char *s, char *out, size_t *count)
{
	*count = 0;
	s = skip_blanks(s + 1);
	for (;;) {
		if (*s != '}')
			s = read_entry(s, &out, count);
		if (!s)
			return false;
		if (*s == '}')
			return is_line_end(skip_blanks(s + 1));
		if (*s != ',')
			return false;
		s = skip_blanks(s + 1);
	}
}

/* True when all of s, but for a comment, is one quoted string; it is then unquoted in place. */
static bool read_quoted(char *s)
{
	char *close = closing_quote(s), *out = s;

	if (!close || !is_line_end(skip_blanks(close + 1)))
		return false;
	unquote(s, &out);
	return true;
}

static void read_value(char *s, struct config_line *out)
{
	out->value = s;
	out->count = 1;
	if (*s == '{') {
		out->list = true;
		out->broken = !read_list(s, s, &out->count);
		return;
	}
	if (*s == '"' || *s == '\'') {
		out->quoted = read_quoted(s);
		out->stray = !out->quoted;
		if (out->quoted)
			return;
	}
	trim_end(s, s + strcspn(s, "#"));
}

/* s is neither empty nor a comment. */
static void read_setting(char *s, struct config_line *out)
{
	char *equals = s + strcspn(s, "=#"), *key_end = equals;

	out->key = s;
	if (*equals != '=') {
		out->kind = LINE_NO_EQUALS;
		trim_end(s, equals);
		return;
	}
	out->kind = LINE_SETTING;
	if (key_end > s && key_end[-1] == '+') {
		out->append = true;
		key_end--;
	}
	read_value(skip_blanks(equals + 1), out);
	trim_end(s, key_end);
}

/* False: nothing stands on it. */
static bool read_line(char *s, size_t len, struct config_line *out)
{
	if (len > CONFIG_LINE_MAX) {
		out->kind = LINE_TOO_LONG;
		return true;
	}
	if (memchr(s, '\0', len)) {
		out->kind = LINE_NUL;
		return true;
	}
	s = skip_blanks(s);
	if (is_line_end(s))
		return false;
	read_setting(s, out);
	return true;
}

bool config_lines_next(struct config_lines *r, struct config_line *out)
{
	while (r->pos < r->end) {
		char *s = r->pos;
		char *end = memchr(s, '\n', (size_t)(r->end - s));

		if (!end)
			end = r->end;
		*end = '\0';
		r->pos = end + 1;
		memset(out, 0, sizeof(*out));
		out->number = ++r->number;
		if (read_line(s, (size_t)(end - s), out))
			return true;
	}
	return false;
}
