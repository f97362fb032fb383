/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registrations: the file that keeps the location table over a restart, in the classic format that
 * GUIs read (four lines a phone), and beside it `<file>.more` for what that cannot hold: Call-ID,
 * instance, the address a REGISTER came from, and the secret that keeps branches and tokens stable.
 *
 *   ****:1:<expiry, unix seconds>
 *   <the phone's own Contact URI>
 *   <the Contact URI that the registrar knows>
 *   <address-of-record>
 */
#ifndef PROXY_REGISTRATIONS_H
#define PROXY_REGISTRATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/siphash.h"

struct location;
struct registrations;
struct side_map;
struct writer;

/* Opens (or makes) both files; `owner` is who we shall run as. errno for the first file; without
 * the second one it works too. Call it before root is given up. */
int registrations_open(struct registrations **out, const char *path, uid_t owner, gid_t group);
/* Its writer, if it has one, is gone by then. */
void registrations_close(struct registrations *r);
/* From now on that one writes; NULL, as at first: registrations_save() itself. */
void registrations_set_writer(struct registrations *r, struct writer *w);
const char *registrations_path(const struct registrations *r);
/* What registrations_load() found: no file at all, or one that holds nothing. */
bool registrations_were_deleted(const struct registrations *r);
bool registrations_were_empty(const struct registrations *r);
/* The secret of the last run; false: there is none. */
bool registrations_key(struct registrations *r, uint8_t key[SIPHASH_KEY_LEN]);
/* Fills the table; what has expired stays out. *count: how many came in. EBADMSG: the file is of
 * another kind, and is left alone: it will not be written either. A file of siproxd before 0.8.2
 * is ENOMSG: it counts as empty, and will be written anew. */
int registrations_load(struct registrations *r, struct location *loc, int64_t now, size_t *count);
/*
 * Writes both if the table has changed since, the more seldom the larger they are
 * (REGISTRATIONS_BYTES_PER_S), as thousands of phones that come one by one would have them written
 * all the time; if phones have only refreshed, not more often than every REGISTRATIONS_CALM_S, for
 * the sake of flash disks (they refresh long before they expire).
 * skew: what the clock on the wall is ahead of `now`, the table's time; the file's is the wall's.
 * `at_end`: the last chance, without a writer. errno, of the last time if a writer has it now; it
 * will be tried again, and while a writer is not done with the last content nothing is done.
 */
int registrations_save(struct registrations *r, const struct location *loc,
    const struct side_map *sides, const uint8_t key[SIPHASH_KEY_LEN], int64_t now, int64_t skew,
    bool at_end);

#define REGISTRATIONS_CALM_S      30
#define REGISTRATIONS_BYTES_PER_S (128 * 1024) /* some 500 phones */

#endif
