/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_MIN_CAP 256

void buf_free(struct buf *b)
{
	if (b == NULL)
		return;
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Room for `more` bytes and the NUL behind them. */
static bool reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_MIN_CAP;
	char *data;

	if (b->failed || more > SIZE_MAX / 2 - 1 - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + more + 1 <= b->cap)
		return true;
	while (cap < b->len + more + 1)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_set(struct buf *b, const void *data, size_t len)
{
	char *exact = len < SIZE_MAX ? malloc(len + 1) : NULL;

	if (exact != NULL && len > 0)
		memcpy(exact, data, len);
	buf_free(b);
	b->failed = exact == NULL;
	if (b->failed)
		return;
	exact[len] = '\0';
	*b = (struct buf){.data = exact, .len = len, .cap = len + 1};
}

void buf_cut(struct buf *b, size_t len)
{
	char *less;

	if (len > b->len || b->data == NULL)
		return;
	b->len = len;
	b->data[len] = '\0';
	less = realloc(b->data, len + 1);
	if (less == NULL)
		return; /* a larger block does as well */
	b->data = less;
	b->cap = len + 1;
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

/* Mostly there is room, and once is enough. */
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	int len;

	if (!reserve(b, 1))
		return;
	room = b->cap - b->len;
	va_copy(again, ap);
	len = vsnprintf(b->data + b->len, room, fmt, ap);
	if (len < 0)
		b->failed = true;
	else if ((size_t)len >= room && reserve(b, (size_t)len))
		vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
	va_end(again);
	if (b->failed)
		b->data[b->len] = '\0';
	else
		b->len += (size_t)len;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_uint(struct buf *b, uint64_t n)
{
	char digits[20], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

char *buf_take(struct buf *b)
{
	char *data;

	buf_add(b, "", 0); /* so that an empty one is a string too */
	buf_cut(b, b->len);
	data = b->failed ? NULL : b->data;
	if (data != NULL)
		*b = (struct buf)BUF_INIT;
	else
		buf_free(b);
	return data;
}
