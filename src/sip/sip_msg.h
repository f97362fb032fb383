/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_msg: one SIP message as three things: the bytes that came, our index of them (header lines
 * and their comma-separated values as byte ranges), and a list of edits on byte ranges. What
 * leaves is the bytes that came but for the edits. libosip2 parses the message too and says
 * whether it is one, unless it is so plain that there is no doubt: it sees the headers that we
 * route by, and its count of values must equal ours.
 *
 * A message lives for one pass through the pipeline; who wants more calls sip_msg_dup().
 * RFC 3261 7, 20, 25.
 */
#ifndef SIP_SIP_MSG_H
#define SIP_SIP_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "sip/sip_header.h"
#include "sip/sip_uri.h"
#include "sip/sip_via.h"

#define SIP_MSG_MAX    65535 /* bytes */
#define SIP_LINES_MAX  256   /* header lines */
#define SIP_VALUES_MAX 256   /* values of the headers that we know */
#define SIP_PARAMS_MAX 1024  /* parameters in the headers that we route by */

struct sip_line {
	enum sip_hdr id;
	struct str name;  /* as written */
	struct str value; /* trimmed, folding inside; if empty, where it could be written */
	struct str whole; /* with its line end */
};

struct sip_value {
	enum sip_hdr id;
	unsigned line; /* index of its header line */
	struct str text;
};

struct sip_edit {
	size_t off, len;      /* range of the received bytes that goes */
	size_t text, textlen; /* what comes instead, in edit_text */
};

struct sip_msg {
	char *data; /* NUL-terminated copy of what came */
	size_t len;

	bool is_request;
	struct str start_line;  /* without its line end */
	enum sip_method method; /* of the request, or of the CSeq of a response */
	struct str method_name;
	struct str uri_text; /* Request-URI */
	struct sip_uri uri;
	int status;  /* 0 in a request */
	int refusal; /* of a request that is to be refused: 400, 505, 513 */

	struct str call_id; /* as it came, or as sip_msg_set_call_id() has it */
	char *other_call_id;
	uint32_t cseq;
	struct sip_nameaddr from, to;
	struct str from_tag, to_tag; /* len 0: none */
	struct sip_via via;          /* the topmost */
	int64_t max_forwards;        /* -1: none */
	int64_t expires;             /* -1: none */
	struct str body;
	bool needs_length; /* it leaves by a stream: Content-Length must be there (RFC 3261 18.3) */

	struct sip_line *line;
	unsigned n_lines;
	struct sip_value *value;
	unsigned n_values;

	struct sip_edit *edit;
	unsigned n_edits, cap_edits;
	struct buf edit_text;
};

enum sip_parse {
	SIP_PARSE_OK,
	SIP_PARSE_BAD,    /* nonsense, or a message that nobody could answer: drop it */
	SIP_PARSE_REFUSE, /* a bad request, but *out is good enough for sip_reply: 400, 505, 513 */
	SIP_PARSE_NOMEM,
};

/* Once before the first message; libosip2's tables. From then on it prints nothing. ENOMEM. */
int sip_msg_init(void);

/* `why` says in a few words what was wrong. The caller frees *out, which is NULL unless the
 * result is OK or REFUSE. */
enum sip_parse sip_msg_parse(struct sip_msg **out, const void *data, size_t len, const char **why);
/* The same bytes parsed anew, without the edits. ENOMEM. */
int sip_msg_dup(struct sip_msg **out, const struct sip_msg *msg);
void sip_msg_free(struct sip_msg *msg);
/* The name by which everybody knows its call, if that is another than it says. Takes it over. */
void sip_msg_set_call_id(struct sip_msg *msg, char *call_id);

/* The n-th value (from 0) of a header in the order of the message; NULL behind the last. */
const struct sip_value *sip_msg_value(const struct sip_msg *msg, enum sip_hdr id, unsigned n);
unsigned sip_msg_count(const struct sip_msg *msg, enum sip_hdr id);
const struct sip_line *sip_msg_line(const struct sip_msg *msg, enum sip_hdr id);
/* The first line of that name, or of its compact form (NULL: it has none), of a header that has no
 * number; NULL: none. */
const struct sip_line *sip_msg_line_named(const struct sip_msg *msg, const char *name,
    const char *compact);

/* Where a new line of that header belongs: at its first line, or else at the end of the Vias. */
const char *sip_msg_line_start(const struct sip_msg *msg, enum sip_hdr id);
/* Behind the last line of that header, or else as above. */
const char *sip_msg_line_end(const struct sip_msg *msg, enum sip_hdr id);

#endif
