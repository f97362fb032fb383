/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record: lines of text that hold named values of any bytes, "kind<TAB>name=value<TAB>...", for
 * files that we write and read again. Control bytes and '%' are written as "%0d". What is read may
 * come from anybody: every count is bounded, and a value that is not what it should be is not
 * there. Owns nothing: a record points into the text that it was read from.
 */
#ifndef BASE_RECORD_H
#define BASE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/str.h"

#define RECORD_FIELDS_MAX 48

struct record_field {
	struct str name, value; /* the value as it stands there */
};

struct record {
	struct str kind;
	unsigned n_fields;
	struct record_field field[RECORD_FIELDS_MAX];
};

/* --- writing; buf tells whether there was memory ------------------------------------------ */

void record_begin(struct buf *out, const char *kind);
/* NULL is left out: it reads as NULL again. */
void record_add(struct buf *out, const char *name, const char *text);
/* None are left out. */
void record_add_bytes(struct buf *out, const char *name, const void *data, size_t len);
/* 0 is left out. */
void record_add_uint(struct buf *out, const char *name, uint64_t n);
/* One that is not set is left out. */
void record_add_addr(struct buf *out, const char *name, const struct addr *a);
void record_end(struct buf *out);

/* --- reading ------------------------------------------------------------------------------ */

/* Cuts the next line off `text`, with its line end. False at the end, and for what has no line end
 * or is no record: then *text begins with that. */
bool record_next(struct str *text, struct record *out);
bool record_is(const struct record *r, const char *kind);
/* 0 when it is not there, or is no number. */
uint64_t record_uint(const struct record *r, const char *name);
/* Unset when it is not there, or is no address. */
bool record_addr(const struct record *r, const char *name, struct addr *out);
/*
 * A copy, which the caller frees; *out is NULL when it is not there. ENOMEM; EBADMSG: it cannot be
 * read, or has a NUL in it; record_line(): or another control byte than TAB; record_word(): or it
 * is no str_is_word().
 */
int record_text(const struct record *r, const char *name, char **out);
int record_line(const struct record *r, const char *name, char **out);
int record_word(const struct record *r, const char *name, char **out);
/* Appends what stands there, if anything. ENOMEM, EBADMSG. */
int record_bytes(const struct record *r, const char *name, struct buf *out);

#endif
