/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passwords: who may register, and with which password: one for everybody (proxy_auth_passwd), or
 * each his own, from the lines of proxy_auth_pwfile:
 *
 *   # a comment
 *   alice sesame                 # a password is one word
 *   bob   {MD5}32 letters        MD5 of "bob:REALM:password", and so he may answer by MD5 only
 *   bob   {SHA-256}64 letters    the same by SHA-256; a user may have both
 *   carol:REALM:32 or 64 letters as htdigest writes it; lines of other realms are skipped
 *
 * Of two lines that say the same of one user the first counts. Constant once it is made.
 */
#ifndef PROXY_PASSWORDS_H
#define PROXY_PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/md.h"
#include "base/str.h"

struct passwords;

#define PASSWORDS_FILE_MAX (4 * 1024 * 1024) /* bytes */

/* The same password for everybody. ENOMEM, ENOSYS. */
int passwords_of_all(struct passwords **out, const char *realm, const char *password);
/* The lines of a file. EINVAL: the line *line is wrong, in the way that *why says (which tells no
 * password); ENOMEM, ENOSYS. */
int passwords_parse(struct passwords **out, const char *realm, const char *text, size_t len,
    unsigned *line, const char **why);
void passwords_free(struct passwords *p);
/* How many users; one without names has none. */
size_t passwords_count(const struct passwords *p);
/* Each user has his own. */
bool passwords_are_personal(const struct passwords *p);
/*
 * H(user:realm:password) of a user whose name is written so in a quoted string. False: there is no
 * such user, or none for that algorithm; `ha1` is empty then.
 */
bool passwords_find(const struct passwords *p, enum md algorithm, struct str quoted_user,
    char ha1[static MD_HEX_MAX + 1]);

#endif
