/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialog: what we must remember of a dialog between a LAN end and a WAN end so that its later
 * requests find their way and each end sees the names that it used itself (RFC 3261 12). Found by
 * Call-ID and both tags, per side: a call that hairpins through the provider has the same Call-ID
 * and tags twice, with the sides swapped. Owns its dialogs; a call's are removed by the call.
 */
#ifndef PROXY_DIALOG_H
#define PROXY_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/siphash.h"
#include "base/timers.h"
#include "proxy/peers.h"
#include "proxy/side.h"

struct call;
struct dialogs;

struct dialog_end {
	char *tag;
	char *contact;  /* its remote target, as it wrote it; NULL: not told yet */
	char *route;    /* Route values that lead to it, behind us, or NULL */
	char *identity; /* its From/To value without the tag, as the WAN sees it */
	uint32_t cseq;  /* highest of its requests */
	struct hop hop; /* where it signals from; dialog_heard() sets it */
};

struct dialog {
	struct hash_node node;
	struct peer_member at_peer; /* by the WAN end's address, once that is known */
	struct list link;           /* among its call's; alone otherwise */
	struct dialogs *owner;
	char *call_id;
	struct dialog_end end[2]; /* LAN, WAN */
	/* The LAN end's view where it differs from the WAN's: its own and the peer's From/To value
	 * without tag. NULL: the same on both sides. */
	char *lan_self, *lan_peer;
	struct call *call; /* NULL: not of an INVITE */
	bool of_call;
	bool confirmed;
	struct timer expiry; /* of one without a call */
	/* Of SUBSCRIBE and REFER in it (subscription.c): */
	uint64_t subscribed_until_ms; /* 0: none */
	uint64_t event;               /* which; 0: none */
	bool several;
};

/* max: of dialogs without a call. A call's are limited by call_add_dialog(). */
int dialogs_new(struct dialogs **out, struct timers *timers, const uint8_t key[SIPHASH_KEY_LEN],
    size_t max);
void dialogs_set_max(struct dialogs *ds, size_t max);
void dialogs_free(struct dialogs *ds);
size_t dialogs_count(const struct dialogs *ds);

struct dialog *dialog_find(const struct dialogs *ds, struct str call_id, struct str lan_tag,
    struct str wan_tag);
/* of_call: it will be given to a call. ENOMEM, ENOSPC. */
int dialog_new(struct dialogs *ds, struct str call_id, struct str lan_tag, struct str wan_tag,
    bool of_call, struct dialog **out);
void dialog_free(struct dialog *d);
/* An end signals from there now. */
void dialog_heard(struct dialog *d, enum side side, const struct hop *from);
/* Some dialog's WAN end signals from that address, whatever the port. */
bool dialogs_know(const struct dialogs *ds, const struct addr *wan_peer);
/* The same of a confirmed one: somebody here has answered it, or it has answered us. */
bool dialogs_talk_with(const struct dialogs *ds, const struct addr *wan_peer);
/* `fn` may free the dialog that it was handed. */
void dialogs_each(struct dialogs *ds, void (*fn)(struct dialog *d, void *arg), void *arg);
/* One without a call ends by itself after that long. ENOMEM: it is gone at once. */
int dialog_keep_for(struct dialog *d, uint64_t ms);
/* It goes on without its call, which must not end it any more; keep it for some time next.
 * ENOSPC: there are too many. */
int dialog_leave_call(struct dialog *d);
/* Replaces a field by a copy; an empty text leaves it as it is. ENOMEM: unchanged. */
int dialog_set(char **field, struct str text);

#endif
