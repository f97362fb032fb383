/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * md: message digests in hexadecimal, as HTTP's and SIP's digest authentication wants them. The
 * algorithms are libnettle's (md_nettle.c); built without it (md_stub.c) nothing can be digested.
 */
#ifndef BASE_MD_H
#define BASE_MD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum md { MD_MD5, MD_SHA256 };

#define MD_KINDS   2
#define MD_HEX_MAX 64 /* letters of the longest one */

/* False: this program was built without them. */
bool md_is_available(void);
/* Letters of a digest: 32 or 64. */
size_t md_hex_len(enum md kind);
/* The digest of the n pieces with colons between them, in small letters and NUL-terminated.
 * ENOSYS: not available; `out` is empty then. */
int md_hex(enum md kind, const struct str *piece, size_t n, char out[static MD_HEX_MAX + 1]);

#endif
