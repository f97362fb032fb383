/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/registrations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/writer.h"
#include "proxy/location.h"
#include "proxy/mask_names.h"
#include "proxy/side.h"
#include "sip/sip_uri.h"

#define FILE_MAX (64 * 1024 * 1024)

struct registrations {
	struct file *table, *more;
	struct writer *writer; /* NULL: none */
	struct writer_job job;
	bool handed_over; /* what becomes of it is not known yet */
	/* Of the file, and of what is to become it. */
	struct saved {
		uint64_t version, refreshes;
		int64_t at; /* unix time */
		size_t len;
	} last, next;
	bool saved;
	bool was_empty;
	bool has_key;   /* the side file's is the one in use */
	bool hands_off; /* not read yet, or none of ours: it must not be written */
};

int registrations_open(struct registrations **out, const char *path, uid_t owner, gid_t group)
{
	struct registrations *r = calloc(1, sizeof(*r));
	char *more;
	int err;

	if (!r)
		return ENOMEM;
	r->hands_off = true;
	err = file_open(&r->table, path, owner, group);
	if (!err && asprintf(&more, "%s.more", path) >= 0) {
		/* A jail that holds the one file only (OpenWrt) has no room for the second. */
		if (file_open(&r->more, more, owner, group) != 0)
			r->more = NULL;
		free(more);
	}
	if (err) {
		registrations_close(r);
		return err;
	}
	*out = r;
	return 0;
}

void registrations_close(struct registrations *r)
{
	if (!r)
		return;
	file_close(r->table);
	file_close(r->more);
	free(r);
}

void registrations_set_writer(struct registrations *r, struct writer *w)
{
	r->writer = w;
}

const char *registrations_path(const struct registrations *r)
{
	return file_path(r->table);
}

bool registrations_were_deleted(const struct registrations *r)
{
	return file_is_new(r->table);
}

bool registrations_were_empty(const struct registrations *r)
{
	return r->was_empty;
}

/* --- reading ------------------------------------------------------------------------------ */

/* Cuts the next line off; false at the end. */
static bool next_line(struct str *text, struct str *line)
{
	const char *lf;

	if (!text->len)
		return false;
	lf = memchr(text->s, '\n', text->len);
	line->s = text->s;
	line->len = lf ? (size_t)(lf - text->s) : text->len;
	text->s += line->len + (lf ? 1 : 0);
	text->len -= line->len + (lf ? 1 : 0);
	while (line->len && line->s[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* Word n (from 0) of a line with single tabs between words. */
static struct str field(struct str line, unsigned n)
{
	const char *p = line.s, *end = line.s + line.len;

	for (;;) {
		const char *tab = memchr(p, '\t', (size_t)(end - p));
		const char *stop = tab ? tab : end;

		if (n-- == 0)
			return str_range(p, stop);
		if (!tab)
			return (struct str){end, 0};
		p = tab + 1;
	}
}

static int read_whole(struct file *f, char **data, struct str *text)
{
	size_t len;
	int err = file_read(f, FILE_MAX, data, &len);

	if (!err)
		*text = (struct str){*data, len};
	return err;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool registrations_key(struct registrations *r, uint8_t key[SIPHASH_KEY_LEN])
{
	struct str text, line, hex = {NULL, 0};
	char *data = NULL;

	if (!r->more || read_whole(r->more, &data, &text) != 0)
		return false;
	while (!hex.len && next_line(&text, &line))
		if (str_is(field(line, 0), "key"))
			hex = field(line, 1);
	for (size_t i = 0; i < SIPHASH_KEY_LEN && hex.len == 2 * SIPHASH_KEY_LEN; i++) {
		int hi = hex_digit(hex.s[2 * i]), lo = hex_digit(hex.s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			hex.len = 0;
		else
			key[i] = (uint8_t)(hi << 4 | lo);
	}
	free(data);
	r->has_key = hex.len == 2 * SIPHASH_KEY_LEN;
	return r->has_key;
}

/* "****:1:1700000000": is it a record, an active one, until when? */
static bool read_header(struct str line, bool *active, int64_t *expires)
{
	const char *colon;
	struct str rest;
	uint64_t n;

	if (line.len < 7 || memcmp(line.s, "****:", 5) != 0)
		return false;
	rest = str_range(line.s + 5, line.s + line.len);
	colon = memchr(rest.s, ':', rest.len);
	if (!colon || !str_to_uint(str_range(rest.s, colon), 1, &n))
		return false;
	*active = n == 1;
	if (!str_to_uint(str_range(colon + 1, rest.s + rest.len), INT64_MAX / 2, &n))
		return false;
	*expires = (int64_t)n;
	return true;
}

static int restore(struct location *loc, struct str contact, struct str masked, struct str aor,
    int64_t expires)
{
	struct sip_uri contact_uri, masked_uri, aor_uri;
	struct location_contact c = {.aor = aor, .contact = contact};

	if (sip_uri_parse(&contact_uri, contact) != 0 || sip_uri_parse(&masked_uri, masked) != 0 ||
	    sip_uri_parse(&aor_uri, aor) != 0 || !masked_uri.user.len || !aor_uri.user.len)
		return EINVAL;
	c.user = aor_uri.user;
	return location_restore(loc, &c, masked_uri.user, expires);
}

/* A line that begins no record: is this a file of ours at all? Behind good records it is damage,
 * and what came before it counts. */
static int judge(struct str line, bool first)
{
	if (!first)
		return 0;
	return line.len > 4 && memcmp(line.s, "***:", 4) == 0 ? ENOMSG : EBADMSG;
}

static int load_table(struct registrations *r, struct location *loc, int64_t now, size_t *count)
{
	struct str text, line, contact, masked, aor;
	char *data = NULL;
	int64_t expires;
	bool active, first = true;
	int err = read_whole(r->table, &data, &text);

	r->was_empty = err || !text.len;
	while (!err && next_line(&text, &line)) {
		if (!str_trim(line).len)
			continue;
		if (!read_header(line, &active, &expires)) {
			err = judge(line, first);
			break;
		}
		first = false;
		if (!active)
			continue;
		if (!next_line(&text, &contact) || !next_line(&text, &masked) ||
		    !next_line(&text, &aor))
			break; /* cut short: what is whole counts */
		if (expires > now && restore(loc, contact, masked, aor, expires) == 0)
			++*count;
	}
	free(data);
	return err;
}

static void load_registrar(struct location *loc, struct binding *b, struct str ip, struct str port)
{
	struct addr a;
	uint64_t n;

	if (str_to_uint(port, 65535, &n) && addr_parse_n(&a, ip.s, ip.len, (uint16_t)n) == 0)
		location_set_registrar(loc, b, &a);
}

/* "phone <name> <Call-ID> <peer IP> <port> <instance> <domain> <registrar IP> <port> <path>
 * <tcp, or nothing>", tabs between; the last four are not there in files of earlier versions. */
static void load_more(struct registrations *r, struct location *loc)
{
	struct str text, line;
	char *data = NULL;

	if (!r->more || read_whole(r->more, &data, &text) != 0)
		return;
	while (next_line(&text, &line)) {
		struct str ip = field(line, 3);
		struct binding *b;
		uint64_t port;

		if (!str_is(field(line, 0), "phone"))
			continue;
		b = location_by_name(loc, field(line, 1));
		if (!b || !str_to_uint(field(line, 4), 65535, &port))
			continue;
		addr_parse_n(&b->peer, ip.s, ip.len, (uint16_t)port);
		b->transport = str_is(field(line, 10), "tcp") ? SIP_TCP : SIP_UDP;
		if (!b->call_id && field(line, 2).len)
			b->call_id = str_dup(field(line, 2));
		if (!b->instance && field(line, 5).len)
			b->instance = str_dup(field(line, 5));
		if (!b->domain && field(line, 6).len)
			b->domain = str_dup(field(line, 6));
		load_registrar(loc, b, field(line, 7), field(line, 8));
		if (!b->path && field(line, 9).len)
			b->path = str_dup(field(line, 9));
	}
	free(data);
}

int registrations_load(struct registrations *r, struct location *loc, int64_t now, size_t *count)
{
	int err;

	*count = 0;
	err = load_table(r, loc, now, count);
	if (*count)
		load_more(r, loc);
	r->hands_off = err && err != ENOMSG && err != ENOENT;
	/* A secret that is new is kept before any phone is there: calls are, without phones, too.
	 */
	r->saved = !err && (r->has_key || !r->more);
	r->last.version = location_version(loc);
	r->last.refreshes = location_refreshes(loc);
	return err;
}

/* --- writing ------------------------------------------------------------------------------ */

struct writing {
	struct buf table, more;
	char host[ADDR_TEXT_MAX + 8]; /* ours, as the registrars know it */
	int64_t skew;
};

/* Thousands of bindings are written at once: no printf() here. */
static void add_line(struct buf *out, const char *text)
{
	buf_str(out, text);
	buf_str(out, "\n");
}

static void add_field(struct buf *out, const char *text)
{
	buf_str(out, "\t");
	if (text)
		buf_str(out, text);
}

static void add_addr(struct buf *out, const struct addr *a)
{
	char ip[ADDR_TEXT_MAX];
	bool known = addr_is_set(a);

	add_field(out, known ? addr_format_ip(a, ip) : "");
	buf_str(out, "\t");
	buf_uint(out, known ? addr_port(a) : 0);
}

static void write_table(struct writing *w, const struct binding *b)
{
	int64_t expires = b->expires + w->skew;

	buf_str(&w->table, "****:1:");
	buf_uint(&w->table, expires > 0 ? (uint64_t)expires : 0);
	buf_str(&w->table, "\n");
	add_line(&w->table, b->contact);
	buf_str(&w->table, "sip:");
	buf_str(&w->table, b->mask_user);
	buf_str(&w->table, "@");
	add_line(&w->table, w->host);
	add_line(&w->table, b->aor);
}

static void write_more(struct writing *w, const struct binding *b)
{
	buf_str(&w->more, "phone");
	add_field(&w->more, b->mask_user);
	add_field(&w->more, b->call_id);
	add_addr(&w->more, &b->peer);
	add_field(&w->more, b->instance);
	add_field(&w->more, b->domain);
	add_addr(&w->more, &b->registrar);
	add_field(&w->more, b->path);
	add_field(&w->more, b->transport == SIP_TCP ? "tcp" : "");
	buf_str(&w->more, "\n");
}

static void write_binding(struct binding *b, void *arg)
{
	struct writing *w = arg;

	if (!b->expires)
		return;
	write_table(w, b);
	write_more(w, b);
}

static void name_ourselves(struct writing *w, const struct side_map *sides)
{
	const struct addr *wan = side_addr(sides, WAN, AF_INET);

	if (!wan)
		wan = side_addr(sides, WAN, AF_INET6);
	if (wan)
		mask_host_port(wan, w->host);
	else
		strcpy(w->host, "0.0.0.0");
}

static bool is_time(const struct registrations *r, int64_t now, int64_t pause)
{
	return now < r->last.at || now - r->last.at >= pause;
}

static int64_t pause_s(const struct registrations *r)
{
	int64_t pause = (int64_t)(r->last.len / REGISTRATIONS_BYTES_PER_S);

	return pause < REGISTRATIONS_CALM_S ? pause : REGISTRATIONS_CALM_S;
}

static bool wants_saving(const struct registrations *r, const struct location *loc, int64_t now,
    bool at_end)
{
	if (r->hands_off)
		return false;
	if (!r->saved)
		return true;
	if (r->last.version != location_version(loc))
		return at_end || is_time(r, now, pause_s(r));
	if (r->last.refreshes == location_refreshes(loc))
		return false;
	return at_end || is_time(r, now, REGISTRATIONS_CALM_S);
}

static void write_all(struct writing *w, const struct location *loc, const struct side_map *sides,
    const uint8_t key[SIPHASH_KEY_LEN])
{
	name_ourselves(w, sides);
	buf_str(&w->more, "key\t");
	for (size_t i = 0; i < SIPHASH_KEY_LEN; i++)
		buf_printf(&w->more, "%02x", key[i]);
	buf_str(&w->more, "\n");
	location_each(loc, write_binding, w);
}

/* What became of what was written last; EINPROGRESS. */
static int conclude(struct registrations *r)
{
	int err = r->handed_over ? writer_result(&r->job) : 0;

	if (!r->handed_over || err == EINPROGRESS)
		return err;
	r->handed_over = false;
	if (err)
		return err;
	r->saved = true;
	r->last = r->next;
	return 0;
}

/* The table first: what stands beside it is about its phones. */
static void hand_over(struct registrations *r, struct writing *w)
{
	r->next.len = w->table.len + w->more.len;
	writer_add(&r->job, r->table, &w->table);
	if (r->more)
		writer_add(&r->job, r->more, &w->more);
	r->handed_over = true;
	writer_put(r->writer, &r->job);
}

int registrations_save(struct registrations *r, const struct location *loc,
    const struct side_map *sides, const uint8_t key[SIPHASH_KEY_LEN], int64_t now, int64_t skew,
    bool at_end)
{
	struct writing w = {.table = BUF_INIT, .more = BUF_INIT, .skew = skew};
	int before = conclude(r), err = ENOMEM;

	if (before == EINPROGRESS)
		return 0;
	if (!wants_saving(r, loc, now, at_end))
		return before;
	write_all(&w, loc, sides, key);
	if (!w.table.failed && !w.more.failed) {
		r->next = (struct saved){location_version(loc), location_refreshes(loc), now, 0};
		hand_over(r, &w);
		err = conclude(r);
	}
	buf_free(&w.table);
	buf_free(&w.more);
	return err == EINPROGRESS ? before : err;
}
