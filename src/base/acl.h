/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acl: a list of networks, "10.0.0.0/8, 2001:db8::/32, 192.0.2.7". Blanks around commas are fine,
 * a missing prefix length means the single host, a netmask (10.0.0.0/255.0.0.0) may stand for it,
 * host bits may be set, empty entries are skipped. One bad entry spoils the whole list: the caller
 * gets its text and refuses it (a deny list must not fail open).
 */
#ifndef BASE_ACL_H
#define BASE_ACL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct acl_entry {
	struct addr net;
	unsigned prefix_len;
};

struct acl {
	struct acl_entry *entry;
	size_t count;
};

/* EINVAL with *bad (malloced, the caller frees) naming the entry; ENOMEM. `out` is then empty. */
int acl_parse(struct acl *out, const char *text, char **bad);
void acl_done(struct acl *acl);
bool acl_is_empty(const struct acl *acl);
bool acl_match(const struct acl *acl, const struct addr *a);

#endif
