/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_edit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int add_edit(struct sip_msg *msg, size_t off, size_t len, size_t text, size_t textlen)
{
	if (msg->edit_text.failed)
		return ENOMEM;
	if (msg->n_edits == msg->cap_edits) {
		unsigned cap = msg->cap_edits ? msg->cap_edits * 2 : 16;
		struct sip_edit *more = realloc(msg->edit, cap * sizeof(*more));

		if (!more)
			return ENOMEM;
		msg->edit = more;
		msg->cap_edits = cap;
	}
	msg->edit[msg->n_edits++] = (struct sip_edit){off, len, text, textlen};
	return 0;
}

static size_t offset_of(const struct sip_msg *msg, const char *at)
{
	return (size_t)(at - msg->data);
}

int sip_edit_replace(struct sip_msg *msg, struct str range, struct str text)
{
	size_t at = msg->edit_text.len;

	buf_add(&msg->edit_text, text.s, text.len);
	return add_edit(msg, offset_of(msg, range.s), range.len, at, text.len);
}

__attribute__((format(printf, 4, 0))) static int editv(struct sip_msg *msg, const char *at,
    size_t len, const char *fmt, va_list ap)
{
	size_t from = msg->edit_text.len;

	buf_vprintf(&msg->edit_text, fmt, ap);
	return add_edit(msg, offset_of(msg, at), len, from, msg->edit_text.len - from);
}

int sip_edit_replacef(struct sip_msg *msg, struct str range, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = editv(msg, range.s, range.len, fmt, ap);
	va_end(ap);
	return err;
}

int sip_edit_replace_uint(struct sip_msg *msg, struct str range, uint64_t n)
{
	size_t from = msg->edit_text.len;

	buf_uint(&msg->edit_text, n);
	return add_edit(msg, offset_of(msg, range.s), range.len, from, msg->edit_text.len - from);
}

int sip_edit_insertf(struct sip_msg *msg, const char *at, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = editv(msg, at, 0, fmt, ap);
	va_end(ap);
	return err;
}

int sip_edit_remove_lines(struct sip_msg *msg, enum sip_hdr id)
{
	int err = 0;

	for (unsigned i = 0; i < msg->n_lines && !err; i++)
		if (msg->line[i].id == id)
			err = sip_edit_replace(msg, msg->line[i].whole, (struct str){NULL, 0});
	return err;
}

int sip_edit_remove_first(struct sip_msg *msg, enum sip_hdr id, unsigned n)
{
	int err = 0;

	for (unsigned i = 0, in_line; i < msg->n_values && n > 0 && !err; i += in_line) {
		const struct sip_value *v = &msg->value[i];

		/* Values of a line stand one behind the other in the table. */
		for (in_line = 1; i + in_line < msg->n_values && v[in_line].line == v->line;)
			in_line++;
		if (v->id != id)
			continue;
		if (n >= in_line) {
			err =
			    sip_edit_replace(msg, msg->line[v->line].whole, (struct str){NULL, 0});
			n -= in_line;
		} else {
			err = sip_edit_replace(msg, str_range(v->text.s, v[n].text.s),
			    (struct str){NULL, 0});
			n = 0;
		}
	}
	return err;
}

bool sip_edit_touches(const struct sip_msg *msg, struct str range)
{
	size_t from = offset_of(msg, range.s), to = from + range.len;

	for (unsigned i = 0; i < msg->n_edits; i++)
		if (msg->edit[i].off < to && msg->edit[i].off + msg->edit[i].len > from)
			return true;
	return false;
}

void sip_edit_clear(struct sip_msg *msg)
{
	msg->n_edits = 0;
	buf_reset(&msg->edit_text);
}

static bool stands_before(const struct sip_edit *a, const struct sip_edit *b)
{
	if (a->off != b->off)
		return a->off < b->off;
	return a->len == 0 && b->len != 0; /* an insertion, and what it stands in front of */
}

/* Insertion sort: there are a dozen edits, mostly in order; insertions at one place keep theirs. */
static void sort_edits(struct sip_msg *msg)
{
	for (unsigned i = 1; i < msg->n_edits; i++) {
		struct sip_edit e = msg->edit[i];
		unsigned j = i;

		for (; j > 0 && stands_before(&e, &msg->edit[j - 1]); j--)
			msg->edit[j] = msg->edit[j - 1];
		msg->edit[j] = e;
	}
}

/* The edit of an earlier splice, which another one of the body has made wrong. */
static void drop_edit_of(struct sip_msg *msg, struct str range)
{
	struct sip_edit *e = msg->edit;

	for (unsigned i = 0; i < msg->n_edits; i++)
		if (e[i].off == offset_of(msg, range.s) && e[i].len == range.len)
			memmove(&e[i], &e[i + 1], (--msg->n_edits - i) * sizeof(*e));
}

static int fix_content_length(struct sip_msg *msg)
{
	const struct sip_value *v = sip_msg_value(msg, HDR_CONTENT_LENGTH, 0);
	size_t body = offset_of(msg, msg->body.s), len = msg->body.len;
	struct str where;
	bool edited = false;

	if (!v && !msg->needs_length)
		return 0;
	/* One that was not there goes in front of the empty line. */
	where = v ? v->text : (struct str){msg->body.s - 2, 0};
	drop_edit_of(msg, where);
	for (unsigned i = 0; i < msg->n_edits; i++) {
		if (msg->edit[i].off < body)
			continue;
		edited = true;
		len = len - msg->edit[i].len + msg->edit[i].textlen;
	}
	if (!v)
		return sip_edit_insertf(msg, where.s, "Content-Length: %zu\r\n", len);
	return edited ? sip_edit_replace_uint(msg, v->text, len) : 0;
}

int sip_edit_splice(struct sip_msg *msg, struct buf *out)
{
	size_t at = 0;
	int err = fix_content_length(msg);

	if (err)
		return err;
	sort_edits(msg);
	buf_reset(out);
	for (unsigned i = 0; i < msg->n_edits; i++) {
		const struct sip_edit *e = &msg->edit[i];

		if (e->off < at)
			return EINVAL; /* overlapping edits: our own mistake, never sent */
		buf_add(out, msg->data + at, e->off - at);
		if (e->textlen)
			buf_add(out, msg->edit_text.data + e->text, e->textlen);
		at = e->off + e->len;
	}
	buf_add(out, msg->data + at, msg->len - at);
	return out->failed ? ENOMEM : 0;
}

static bool is_same(const struct sip_msg *a, const struct sip_msg *b)
{
	return a->is_request == b->is_request && a->cseq == b->cseq &&
	    str_equal(a->method_name, b->method_name) && str_equal(a->call_id, b->call_id) &&
	    str_equal(a->from_tag, b->from_tag) && str_equal(a->to_tag, b->to_tag);
}

static int parse_again(struct sip_msg **out, const struct buf *text)
{
	const char *why;

	switch (sip_msg_parse(out, text->data, text->len, &why)) {
	case SIP_PARSE_OK:
		return 0;
	case SIP_PARSE_NOMEM:
		return ENOMEM;
	default:
		return EINVAL;
	}
}

/* The call's other name, if it has one, stays with it as long as its own does. */
static int keep_call_id(struct sip_msg *fresh, const struct sip_msg *msg)
{
	const struct sip_value *own = sip_msg_value(msg, HDR_CALL_ID, 0);
	char *other;

	if (!msg->other_call_id || !str_equal(own->text, fresh->call_id))
		return 0;
	other = str_dup(msg->call_id);
	if (!other)
		return ENOMEM;
	sip_msg_set_call_id(fresh, other);
	return 0;
}

int sip_edit_apply(struct sip_msg *msg)
{
	struct buf text = BUF_INIT;
	struct sip_msg *fresh = NULL;
	int err = sip_edit_splice(msg, &text);

	if (!err)
		err = parse_again(&fresh, &text);
	if (!err)
		err = keep_call_id(fresh, msg);
	if (!err && !is_same(msg, fresh))
		err = EINVAL;
	if (err) {
		sip_edit_clear(msg);
	} else {
		struct sip_msg old = *msg;

		*msg = *fresh;
		*fresh = old;
	}
	sip_msg_free(fresh);
	buf_free(&text);
	return err;
}
