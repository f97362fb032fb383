/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/timers.h"
#include "base/writer.h"
#include "proxy/call.h"
#include "proxy/dialog.h"
#include "proxy/forward.h"
#include "proxy/location.h"
#include "proxy/readdress.h"
#include "proxy/servers.h"
#include "proxy/session.h"
#include "proxy/snapshot_state.h"
#include "siproxd.h"

#define FORMAT 1
/* The first line and the last one, with numbers of any length. */
#define FRAME_MAX 512
/* Who waits for longer than timer B has given up, and no phone shall ring for nobody. */
#define GHOST_S 32

struct snapshot {
	struct file *file;
	struct writer *writer; /* NULL: none */
	struct writer_job job;
	bool handed_over; /* what becomes of it is not known yet */
	bool loaded;
	int64_t zero_s;
	int64_t looked_at; /* sd->now_s() */
	size_t len;        /* of the last text */
	/* Of what is in the file, and of what is to be there. */
	struct saved {
		int64_t at; /* sd->now_s() */
		uint64_t sum;
	} last, next;
	bool saved;
};

int snapshot_open(struct snapshot **out, const char *table, uid_t owner, gid_t group)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	char *path;
	int err;

	if (!s)
		return ENOMEM;
	if (asprintf(&path, "%s.calls", table) < 0) {
		free(s);
		return ENOMEM;
	}
	err = file_open(&s->file, path, owner, group);
	free(path);
	if (err) {
		free(s);
		return err;
	}
	/* A machine that has stopped carries no calls; so the disk need not be waited for. */
	file_set_hasty(s->file);
	*out = s;
	return 0;
}

void snapshot_close(struct snapshot *s)
{
	if (!s)
		return;
	file_close(s->file);
	free(s);
}

void snapshot_set_writer(struct snapshot *s, struct writer *w)
{
	s->writer = w;
}

const char *snapshot_path(const struct snapshot *s)
{
	return file_path(s->file);
}

/* --- small parts ---------------------------------------------------------------------------- */

/* "w 198.51.100.7:5060 203.0.113.1:5060 203.0.113.1:5060 tcp". A connection is gone by then. */
void snapshot_add_hop(struct snapshot_writing *w, const char *name, const struct hop *hop)
{
	char peer[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX], named[ADDR_TEXT_MAX], text[256];

	snprintf(text, sizeof(text), "%c %s %s %s %s", hop->side == LAN ? 'l' : 'w',
	    addr_format(&hop->peer, peer), addr_format(&hop->local, local),
	    addr_format(&hop->named, named), hop->transport == SIP_TCP ? "tcp" : "udp");
	record_add(w->out, name, text);
}

static bool read_hop_addr(const char *text, struct addr *out)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	return colon && str_to_uint(str_of(colon + 1), 65535, &port) &&
	    addr_parse_n(out, text, (size_t)(colon - text), (uint16_t)port) == 0;
}

static bool read_hop(const char *text, struct hop *out)
{
	char side, peer[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX], named[ADDR_TEXT_MAX], transport[4];

	memset(out, 0, sizeof(*out));
	if (sscanf(text, "%c %71s %71s %71s %3s", &side, peer, local, named, transport) != 5 ||
	    (side != 'l' && side != 'w'))
		return false;
	out->side = side == 'l' ? LAN : WAN;
	out->transport = strcmp(transport, "tcp") == 0 ? SIP_TCP : SIP_UDP;
	return read_hop_addr(peer, &out->peer) && read_hop_addr(local, &out->local) &&
	    read_hop_addr(named, &out->named);
}

bool snapshot_hop(struct snapshot_reading *r, const struct record *rec, const char *name,
    struct hop *out)
{
	char *text;
	bool good = record_line(rec, name, &text) == 0 && text && read_hop(text, out);

	free(text);
	if (good && !side_is_own(r->sd->sides, &out->local))
		r->moved = true;
	return good;
}

void snapshot_add_due(struct snapshot_writing *w, const char *name, uint64_t due_ms)
{
	int64_t due_s = w->zero_s + (int64_t)((due_ms + 999) / 1000);

	if (due_ms && due_s > 0)
		record_add_uint(w->out, name, (uint64_t)due_s);
}

static int64_t time_of(const struct record *rec, const char *name)
{
	uint64_t t = record_uint(rec, name);

	return t < INT64_MAX / 2000 ? (int64_t)t : 0;
}

uint64_t snapshot_due(const struct snapshot_reading *r, const struct record *rec, const char *name)
{
	int64_t t = time_of(rec, name), left_s = t - r->then_s;

	/* Nothing is kept for longer than a week (subscription.c) and a bit. */
	if (t == 0 || left_s <= 0)
		return 0;
	return 1000 * (uint64_t)(left_s < 8 * 86400 ? left_s : 8 * 86400);
}

uint64_t snapshot_since(const struct snapshot_reading *r, const struct record *rec,
    const char *name)
{
	uint64_t now = timers_now(r->sd->timers);
	int64_t t = time_of(rec, name), ago_s = r->then_s - t;

	if (t == 0 || ago_s <= 0)
		return now;
	return (uint64_t)ago_s < now / 1000 ? now - 1000 * (uint64_t)ago_s : 1;
}

/* --- writing ------------------------------------------------------------------------------ */

void snapshot_keep(struct snapshot_writing *w, size_t began)
{
	if (w->out->len <= w->max)
		return;
	buf_cut(w->out, began);
	w->full = true;
}

static void write_call(struct call *call, void *arg)
{
	struct snapshot_writing *w = arg;
	size_t began = w->out->len;

	if (w->full)
		return;
	snapshot_write_call(call, w);
	snapshot_keep(w, began);
}

static void write_other_dialog(struct dialog *d, void *arg)
{
	struct snapshot_writing *w = arg;
	size_t began = w->out->len;

	if (w->full || d->of_call)
		return;
	snapshot_write_dialog(d, w);
	snapshot_keep(w, began);
}

/* Not until when: that changes with each request, and the disk may be a flash. */
static void write_server(void *arg, uint64_t account, const struct located *server)
{
	struct snapshot_writing *w = arg;
	size_t began = w->out->len;

	if (w->full)
		return;
	record_begin(w->out, "server");
	record_add_uint(w->out, "account", account);
	record_add_addr(w->out, "at", &server->addr);
	record_add_uint(w->out, "tcp", server->transport == SIP_TCP);
	record_end(w->out);
	snapshot_keep(w, began);
}

static int read_server(struct snapshot_reading *r, const struct record *rec)
{
	struct located server = {.transport = record_uint(rec, "tcp") ? SIP_TCP : SIP_UDP};
	uint64_t account = record_uint(rec, "account");

	if (!account || !record_addr(rec, "at", &server.addr))
		return EBADMSG;
	servers_answered(r->sd->servers, account, &server);
	return 0;
}

bool snapshot_write(struct siproxd *sd, int64_t zero_s, size_t max, struct buf *out)
{
	struct snapshot_writing w = {.sd = sd, .out = out, .zero_s = zero_s, .max = max};
	bool whole;

	calls_each(sd->calls, write_call, &w);
	snapshot_write_waiting(&w);
	servers_each_kept(sd->servers, write_server, &w);
	dialogs_each(sd->dialogs, write_other_dialog, &w);
	whole = !w.full;
	snapshot_write_answered(&w);
	return whole;
}

/* What became of what was written last; EINPROGRESS. */
static int conclude(struct snapshot *s)
{
	int err = s->handed_over ? writer_result(&s->job) : 0;

	if (!s->handed_over || err == EINPROGRESS)
		return err;
	s->handed_over = false;
	if (err)
		return err;
	s->saved = true;
	s->last = s->next;
	return 0;
}

static int write_file(struct snapshot *s, struct siproxd *sd, const struct buf *body,
    int64_t wall_s)
{
	struct buf whole = BUF_INIT;
	int err = ENOMEM;

	record_begin(&whole, "siproxd-calls");
	record_add_uint(&whole, "format", FORMAT);
	record_add_uint(&whole, "now", (uint64_t)sd->now_s());
	record_add_uint(&whole, "wall", (uint64_t)wall_s);
	record_add_uint(&whole, "uptime", timers_now(sd->timers) / 1000 + 1);
	record_end(&whole);
	buf_add(&whole, body->data, body->len);
	if (!whole.failed) {
		uint64_t sum = siphash(sd->key, whole.data, whole.len);

		record_begin(&whole, "end");
		record_add_uint(&whole, "sum", sum);
		record_end(&whole);
	}
	if (!whole.failed) {
		writer_add(&s->job, s->file, &whole);
		s->handed_over = true;
		writer_put(s->writer, &s->job);
		err = conclude(s);
	}
	buf_free(&whole);
	return err;
}

static int64_t pause_s(const struct snapshot *s)
{
	int64_t pause = 1 + (int64_t)(s->len / SNAPSHOT_BYTES_PER_S);

	return pause < SNAPSHOT_CALM_S ? pause : SNAPSHOT_CALM_S;
}

static bool is_time_to_look(const struct snapshot *s, int64_t now)
{
	return now < s->looked_at || now - s->looked_at >= pause_s(s);
}

/* So that the next start can tell how long we were away, after a crash too. */
static bool must_tell_time(const struct snapshot *s, const struct siproxd *sd, int64_t now,
    bool at_end)
{
	return calls_count(sd->calls) &&
	    (at_end || now < s->last.at || now - s->last.at >= SNAPSHOT_CALM_S);
}

static bool write_body(const struct snapshot *s, struct siproxd *sd, struct buf *body)
{
	record_begin(body, "table");
	record_add_uint(body, "phones", location_count(sd->location) != 0);
	record_end(body);
	return snapshot_write(sd, s->zero_s, SNAPSHOT_MAX - FRAME_MAX, body);
}

static int save_if_changed(struct snapshot *s, struct siproxd *sd, const struct buf *body,
    int64_t wall_s, bool at_end)
{
	int64_t now = sd->now_s();
	uint64_t sum;

	if (body->failed)
		return ENOMEM;
	sum = siphash(sd->key, body->data, body->len);
	if (s->saved && sum == s->last.sum && !must_tell_time(s, sd, now, at_end))
		return 0;
	s->next = (struct saved){now, sum};
	return write_file(s, sd, body, wall_s);
}

int snapshot_save(struct snapshot *s, struct siproxd *sd, int64_t wall_s, bool at_end)
{
	struct buf body = BUF_INIT;
	int before = conclude(s), err;
	bool whole;

	if (before == EINPROGRESS)
		return 0;
	if (!s->loaded || (!at_end && !is_time_to_look(s, sd->now_s())))
		return before;
	s->looked_at = sd->now_s();
	whole = write_body(s, sd, &body);
	s->len = body.len;
	err = save_if_changed(s, sd, &body, wall_s, at_end);
	buf_free(&body);
	if (err == EINPROGRESS)
		err = before;
	return err || whole ? err : EFBIG;
}

/* --- reading ------------------------------------------------------------------------------ */

static const struct kind {
	const char *name;
	int (*read)(struct snapshot_reading *r, const struct record *rec);
	void (*lost)(struct snapshot_reading *r);
} kinds[] = {
    {"call", snapshot_read_call, NULL},
    {"media", snapshot_read_media, snapshot_lost_of_call},
    {"peer", snapshot_read_peer, snapshot_lost_of_call},
    {"dialog", snapshot_read_dialog, NULL},
    {"invite", snapshot_read_invite, NULL},
    {"branch", snapshot_read_branch, NULL},
    {"server", read_server, NULL},
};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

static void read_line(struct snapshot_reading *r, const struct record *rec, const struct kind *kind)
{
	if (kind->read(r, rec) == 0)
		return;
	r->lost++;
	if (kind->lost)
		kind->lost(r);
}

/* Lines of kinds that we do not know are of a later version, and say nothing that we need. */
static void read_lines(struct snapshot_reading *r, struct str text)
{
	struct record rec;

	while (record_next(&text, &rec))
		for (size_t i = 0; i < N_KINDS; i++)
			if (record_is(&rec, kinds[i].name))
				read_line(r, &rec, &kinds[i]);
}

/* When all else is in its place again. */
static void read_parked(struct snapshot_reading *r, struct str text)
{
	struct record rec;

	while (record_next(&text, &rec))
		if (record_is(&rec, "parked") && snapshot_read_parked(r, &rec) != 0)
			r->lost++;
}

struct waiting {
	struct siproxd *sd;
	const struct call *call;
	bool found;
};

static void compare(struct hash_node *node, void *arg)
{
	const struct forward *fw = container_of(node, struct forward, node);
	struct waiting *w = arg;

	w->found |= fw->made_call && !fw->final_sent && fw->call == call_number(w->call);
}

/* It waits for an answer that nobody would pass on. */
static void end_if_orphaned(struct call *call, void *arg)
{
	struct waiting w = {arg, call, false};

	if (call_is_answered(call))
		return;
	hash_each(&w.sd->forwards, compare, &w);
	if (!w.found)
		session_hang_up(w.sd, call, "its INVITE was lost in the restart");
}

static void resume_forward(struct hash_node *node, void *arg)
{
	(void)arg;
	snapshot_resume_invite(container_of(node, struct forward, node));
}

static void count_invite(struct hash_node *node, void *arg)
{
	size_t *n = arg;

	*n += !container_of(node, struct forward, node)->final_sent;
}

void snapshot_read(struct siproxd *sd, struct str text, int64_t then_s, int64_t age_s,
    struct snapshot_count *out)
{
	struct snapshot_reading r = {
	    .sd = sd,
	    .then_s = then_s,
	    .age_s = age_s,
	    .late = age_s == SNAPSHOT_AGE_UNKNOWN || age_s > GHOST_S,
	};

	memset(out, 0, sizeof(*out));
	read_lines(&r, text);
	if (r.moved)
		readdress(sd);
	calls_each(sd->calls, snapshot_resume_call, &r);
	hash_each(&sd->forwards, resume_forward, sd);
	calls_each(sd->calls, end_if_orphaned, sd);
	read_parked(&r, text);
	out->calls = calls_count(sd->calls);
	out->dialogs = dialogs_count(sd->dialogs);
	out->lost = r.lost;
	hash_each(&sd->forwards, count_invite, &out->invites);
}

/* The text between the first line and the last, whose sum must be that of all before it. */
static int check(const struct siproxd *sd, struct str whole, struct record *head, struct str *body)
{
	struct str rest = whole, last;
	struct record end;
	const char *p;

	if (!record_next(&rest, head) || !record_is(head, "siproxd-calls") ||
	    record_uint(head, "format") != FORMAT)
		return EBADMSG;
	for (p = rest.s + rest.len; p > rest.s && (p == rest.s + rest.len || p[-1] != '\n');)
		p--;
	last = str_range(p, rest.s + rest.len);
	*body = str_range(rest.s, p);
	if (!record_next(&last, &end) || !record_is(&end, "end") || last.len ||
	    record_uint(&end, "sum") != siphash(sd->key, whole.s, (size_t)(p - whole.s)))
		return EBADMSG;
	return 0;
}

static bool had_phones(struct str body)
{
	struct record rec;

	return record_next(&body, &rec) && record_is(&rec, "table") && record_uint(&rec, "phones");
}

/*
 * The timers' clock is the machine's uptime, and knows best; unless the machine itself has been
 * started anew. Then the clock on the wall does, but one that a router without a battery has not
 * got yet tells nothing.
 */
static int64_t away_for(const struct siproxd *sd, const struct record *head, int64_t wall_s)
{
	int64_t up = (int64_t)(timers_now(sd->timers) / 1000) + 1, was_up = time_of(head, "uptime");
	int64_t wall = time_of(head, "wall");

	if (was_up && up >= was_up)
		return up - was_up;
	return wall && wall_s > wall ? wall_s - wall : SNAPSHOT_AGE_UNKNOWN;
}

int snapshot_load(struct snapshot *s, struct siproxd *sd, enum snapshot_table table, int64_t wall_s,
    struct snapshot_count *out)
{
	struct str body;
	struct record head;
	char *data = NULL;
	size_t len = 0;
	int64_t age_s;
	int err = file_read(s->file, SNAPSHOT_MAX, &data, &len);

	memset(out, 0, sizeof(*out));
	s->loaded = true;
	s->zero_s = sd->now_s() - (int64_t)(timers_now(sd->timers) / 1000);
	if (!err && len)
		err = check(sd, (struct str){data, len}, &head, &body);
	if (!err && len && table != TABLE_IS_NEW &&
	    !(table == TABLE_IS_EMPTY && had_phones(body))) {
		age_s = away_for(sd, &head, wall_s);
		snapshot_read(sd, body, time_of(&head, "now") + (age_s > 0 ? age_s : 0), age_s,
		    out);
	}
	free(data);
	return err == ENOENT ? 0 : err;
}
