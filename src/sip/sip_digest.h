/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_digest: digest authentication as a server sees it: writes a challenge, reads what came back,
 * and says whether it fits a password. Pure: it knows no users, and keeps no nonces.
 * RFC 3261 22, RFC 7616 (and 2617, which most phones still mean), RFC 8760.
 */
#ifndef SIP_SIP_DIGEST_H
#define SIP_SIP_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/md.h"
#include "base/str.h"

#define SIP_DIGEST_VALUE_MAX 4096 /* bytes of an Authorization that we read */

/* The parts of an Authorization or Proxy-Authorization value, as ranges of its text: without
 * their quotes, with the backslashes in them. */
struct sip_digest {
	enum md algorithm;
	struct str username, realm, nonce, uri, response, cnonce, nc;
	bool has_qop;      /* qop=auth; without it nc and cnonce say nothing (RFC 2069) */
	uint32_t nc_value; /* 0 without qop */
};

/* 0; EINVAL: it is no digest, or a malformed one (a parameter twice or missing, too long);
 * ENOTSUP: one of an algorithm or quality that we never offered. `realm` is set then, too, if one
 * could be read. */
int sip_digest_parse(struct sip_digest *out, struct str value);
/* A quoted text means that word: compares without the backslashes. */
bool sip_digest_text_is(struct str quoted, struct str word);
/* H(user:realm:password), all that a server need know. ENOSYS as md_hex(). */
int sip_digest_ha1(enum md algorithm, struct str user, struct str realm, struct str password,
    char out[static MD_HEX_MAX + 1]);
/* The response was made by one who knows `ha1`, for this method and d->uri. Takes the same time
 * whatever differs. */
bool sip_digest_fits(const struct sip_digest *d, const char *ha1, struct str method);
/* "Proxy-Authenticate: Digest ...\r\n"; the realm's quotes are escaped. */
void sip_digest_challenge(struct buf *out, enum md algorithm, const char *realm, const char *nonce,
    bool stale);

#endif
