/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot_state: shared by the files that carry over a restart what runs: snapshot.c keeps the
 * file, snapshot_call.c writes and reads calls with their media, snapshot_dialog.c dialogs,
 * snapshot_invite.c INVITEs and their branches. Nobody else includes this.
 */
#ifndef PROXY_SNAPSHOT_STATE_H
#define PROXY_SNAPSHOT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/record.h"
#include "proxy/side.h"

struct call;
struct dialog;
struct forward;
struct siproxd;

struct snapshot_writing {
	struct siproxd *sd;
	struct buf *out;
	int64_t zero_s; /* sd->now_s() when the timers' clock was 0 */
	size_t max;     /* bytes in `out` */
	bool full;      /* something had no room: nothing more is written */
};

struct snapshot_reading {
	struct siproxd *sd;
	int64_t then_s; /* the time of the file's times that is now */
	int64_t age_s;  /* how long we were away; SNAPSHOT_AGE_UNKNOWN */
	bool late;      /* too long for an INVITE to be sent again */
	/* What the next line may belong to; NULL: what it belonged to was lost. */
	struct call *call;
	struct forward *forward;
	unsigned line; /* m-line of `call` */
	bool moved;    /* one of the addresses is ours no more */
	unsigned lost; /* what could not be brought back */
};

/* --- small parts (snapshot.c) --------------------------------------------------------------- */

/* What was written from there on stays if it has room, and is taken back as a whole if not. */
void snapshot_keep(struct snapshot_writing *w, size_t began);
void snapshot_add_hop(struct snapshot_writing *w, const char *name, const struct hop *hop);
/* False: there is none, and *out is not to be used. */
bool snapshot_hop(struct snapshot_reading *r, const struct record *rec, const char *name,
    struct hop *out);
/* A time of the timers' clock; 0 is left out. */
void snapshot_add_due(struct snapshot_writing *w, const char *name, uint64_t due_ms);
/* How long it is until then; 0: it has passed, or was left out. */
uint64_t snapshot_due(const struct snapshot_reading *r, const struct record *rec, const char *name);
/* Of a time that has passed: since when, by the timers' clock, and not before its beginning. */
uint64_t snapshot_since(const struct snapshot_reading *r, const struct record *rec,
    const char *name);

/* --- the parts; what is read returns 0 or errno, and counts as lost then ------------------- */

/* With its m-lines and its dialogs. */
void snapshot_write_call(struct call *call, void *writing);
int snapshot_read_call(struct snapshot_reading *r, const struct record *rec);
int snapshot_read_media(struct snapshot_reading *r, const struct record *rec);
int snapshot_read_peer(struct snapshot_reading *r, const struct record *rec);
/* One of its lines could not be read: it will be ended. */
void snapshot_lost_of_call(struct snapshot_reading *r);
/* All lines are read: opens its ports, or ends it. */
void snapshot_resume_call(struct call *call, void *reading);

void snapshot_write_dialog(struct dialog *d, struct snapshot_writing *w);
int snapshot_read_dialog(struct snapshot_reading *r, const struct record *rec);

/* All that wait for an answer. */
void snapshot_write_waiting(struct snapshot_writing *w);
/* Those that are there for repetitions alone: the newest SNAPSHOT_ANSWERED_MAX. */
void snapshot_write_answered(struct snapshot_writing *w);
int snapshot_read_invite(struct snapshot_reading *r, const struct record *rec);
int snapshot_read_branch(struct snapshot_reading *r, const struct record *rec);
/* All branches are read. May free it. */
void snapshot_resume_invite(struct forward *fw);
/* One that waited for a name begins again. */
int snapshot_read_parked(struct snapshot_reading *r, const struct record *rec);

#endif
