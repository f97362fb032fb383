/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * buf: bytes that grow, for building a message. Always NUL-terminated behind `len`. A failed
 * allocation sets `failed` and later calls do nothing, so the caller checks once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL while empty */
	size_t len, cap;
	bool failed;
};

#define BUF_INIT                  \
	{                         \
		NULL, 0, 0, false \
	}

void buf_free(struct buf *b);  /* releases and makes empty; NULL is fine */
void buf_reset(struct buf *b); /* keeps the memory */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
/* Only these bytes from now on, without room for more: what is kept for long. */
void buf_set(struct buf *b, const void *data, size_t len);
/* Forgets what is behind the first len bytes, and keeps no room for it. */
void buf_cut(struct buf *b, size_t len);
void buf_uint(struct buf *b, uint64_t n); /* in decimal digits */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Hands the string over, without room for more (the caller frees it); NULL when an allocation
 * failed. */
char *buf_take(struct buf *b);

#endif
