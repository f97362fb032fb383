/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot: what carries running calls over a restart: calls with their ports and peers, dialogs of
 * calls and of subscriptions, INVITEs that wait for their answer, and which of its provider's
 * servers each account talks to, in
 * `<registration_file>.calls`. It is signed with the key that lies in `<registration_file>.more`:
 * what is damaged, half written or of another installation counts as nothing. Owns the file; what
 * it brings back belongs to calls, dialogs and transactions as ever. Used by service and
 * housekeeping.
 */
#ifndef PROXY_SNAPSHOT_H
#define PROXY_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/str.h"

struct siproxd;
struct snapshot;
struct writer;

/* Opens (or makes) the file beside `table`, for `owner`; before root is given up. errno. */
int snapshot_open(struct snapshot **out, const char *table, uid_t owner, gid_t group);
/* Its writer, if it has one, is gone by then. */
void snapshot_close(struct snapshot *s);
/* From now on that one writes; NULL, as at first: snapshot_save() itself. */
void snapshot_set_writer(struct snapshot *s, struct writer *w);
const char *snapshot_path(const struct snapshot *s);

struct snapshot_count {
	size_t calls, dialogs, invites;
	unsigned lost;
};

/* What became of the file of registrations, on which this one depends. */
enum snapshot_table {
	TABLE_HOLDS_PHONES,
	TABLE_IS_EMPTY, /* if there were phones, somebody has emptied it */
	TABLE_IS_NEW,   /* somebody has deleted it */
};

/*
 * Brings back what the file holds; the phones must be there again. wall_s: the time on the wall.
 * EBADMSG: it is damaged, and nothing was brought back; errno of reading it.
 */
int snapshot_load(struct snapshot *s, struct siproxd *sd, enum snapshot_table table, int64_t wall_s,
    struct snapshot_count *out);
/*
 * Writes it if something has changed, and, while there are calls, now and then to tell the time.
 * Call it once a second: how often it looks depends on how much there is to write
 * (SNAPSHOT_BYTES_PER_S). Before snapshot_load() it writes nothing, and while a
 * writer is not done with the last text. at_end: now or never, without a writer. EFBIG: there is
 * more than SNAPSHOT_MAX, so some of it is left out; errno, of the last time if a writer has it
 * now; it will be tried again.
 */
int snapshot_save(struct snapshot *s, struct siproxd *sd, int64_t wall_s, bool at_end);

#define SNAPSHOT_BYTES_PER_S 16384 /* on average */
#define SNAPSHOT_CALM_S      60    /* ... but it looks at least that often */
/* No file is longer, neither one that is written nor one that is read. */
#define SNAPSHOT_MAX ((size_t)64 * 1024 * 1024)
/* Of the INVITEs that wait for nothing but repetitions so many are written. Who repeats does so
 * within half a second at first, and every four seconds at least. */
#define SNAPSHOT_ANSWERED_MAX 2000

/* --- the text alone ----------------------------------------------------------------------- */

/* zero_s: sd->now_s() when the timers' clock was 0. *out gets no longer than max: what is needed
 * least comes last, and stays out. False: that was more than INVITEs that have their answer. */
bool snapshot_write(struct siproxd *sd, int64_t zero_s, size_t max, struct buf *out);
/* then_s: which of the text's times is now; age_s: how long siproxd was away. What makes no sense
 * is left out and counted. */
#define SNAPSHOT_AGE_UNKNOWN (-1)
void snapshot_read(struct siproxd *sd, struct str text, int64_t then_s, int64_t age_s,
    struct snapshot_count *out);

#endif
