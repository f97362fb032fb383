/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * str: a stretch of bytes that belongs to somebody else. Not NUL-terminated.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct str {
	const char *s;
	size_t len;
};

/* For printf's "%.*s". */
#define STR_ARGS(x) (int)(x).len, (x).s

static inline struct str str_of(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline struct str str_range(const char *from, const char *to)
{
	return (struct str){from, (size_t)(to - from)};
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static inline bool str_equal_nocase(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.s, b.s, a.len) == 0);
}

static inline bool str_is(struct str a, const char *b)
{
	return str_equal(a, str_of(b));
}

static inline bool str_is_nocase(struct str a, const char *b)
{
	return str_equal_nocase(a, str_of(b));
}

/* ASCII, whatever the locale. */
static inline char str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool str_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without white space (folding included) at both ends. */
static inline struct str str_trim(struct str a)
{
	while (a.len && str_is_blank(a.s[0])) {
		a.s++;
		a.len--;
	}
	while (a.len && str_is_blank(a.s[a.len - 1]))
		a.len--;
	return a;
}

/* No blank, control byte or DEL in it: fit to stand as one word on a line of its own. */
static inline bool str_is_word(struct str a)
{
	for (size_t i = 0; i < a.len; i++)
		if ((unsigned char)a.s[i] <= ' ' || a.s[i] == 0x7f)
			return false;
	return a.len > 0;
}

/* NUL-terminated copy, the caller frees it; NULL without memory. */
static inline char *str_dup(struct str a)
{
	char *copy = malloc(a.len + 1);

	if (copy) {
		if (a.len)
			memcpy(copy, a.s, a.len);
		copy[a.len] = '\0';
	}
	return copy;
}

/* A decimal number that is the whole string and at most max. */
static inline bool str_to_uint(struct str a, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (a.len == 0 || a.len > 19)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.s[i] < '0' || a.s[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(a.s[i] - '0');
	}
	*out = n;
	return n <= max;
}

#endif
