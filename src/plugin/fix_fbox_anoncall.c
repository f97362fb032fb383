/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fix_fbox_anoncall: a Fritzbox writes another user into its Contact when a call is anonymous, and
 * the provider does not know that one. The user of its registration is put back: found by the
 * `uniq` parameter, which the box puts into every Contact, or else by the user of the To (in its
 * answers to calls), if that means one registration and no other.
 */
#include <stdio.h>
#include <string.h>

#include "siproxd/plugin.h"

#define CONTACT_MAX 1024
#define USER_MAX    256

static const struct plugin_option options[] = {
    {"networks", PLUGIN_NETWORKS, NULL, 0, 0, NULL, "Fritzboxes that change their Contact"},
    {.key = NULL},
};

static int fix_fbox_open(struct plugin_self *self)
{
	if (plugin_networks_empty(self, "networks"))
		return plugin_complain(self, "networks", 0,
		    "is not set: there is no such Fritzbox");
	return 0;
}

static bool part_equal(struct plugin_part a, struct plugin_part b)
{
	return a.len == b.len && strncmp(a.s, b.s, (size_t)a.len) == 0;
}

struct search {
	struct plugin_uri contact; /* of the message */
	struct plugin_part uniq;   /* len 0: it has none */
	struct plugin_part to;     /* user of the To */
	bool known;                /* the contact is one that is registered */
	unsigned by_uniq, by_to;   /* how many different users fit */
	char uniq_user[USER_MAX], to_user[USER_MAX];
};

/* One more registration fits, with that contact user. */
static void note(char found[static USER_MAX], unsigned *count, struct plugin_part user)
{
	if (user.len >= USER_MAX ||
	    (*count && strlen(found) == (size_t)user.len &&
		strncmp(found, user.s, (size_t)user.len) == 0))
		return;
	++*count;
	snprintf(found, USER_MAX, "%.*s", user.len, user.s);
}

static void look_at(void *arg, const struct plugin_binding *b)
{
	struct search *s = arg;
	struct plugin_uri contact, aor;
	struct plugin_part uniq;

	if (!plugin_uri_parse(b->contact, &contact) || !plugin_uri_parse(b->aor, &aor) ||
	    !part_equal(contact.host, s->contact.host))
		return; /* another box */
	if (part_equal(contact.user, s->contact.user))
		s->known = true;
	if (s->uniq.len && plugin_uri_param(contact.params, "uniq", &uniq) &&
	    part_equal(uniq, s->uniq))
		note(s->uniq_user, &s->by_uniq, contact.user);
	if (s->to.len && part_equal(aor.user, s->to))
		note(s->to_user, &s->by_to, contact.user);
}

/* The user that the Contact should have; NULL: it is right, or nobody can tell. */
static const char *right_user(struct plugin_self *self, struct plugin_msg *m, const char *contact,
    struct search *s)
{
	const char *to = plugin_msg_header(m, "To", 0);
	struct plugin_uri uri;

	if (!plugin_uri_parse(contact, &s->contact))
		return NULL;
	plugin_uri_param(s->contact.params, "uniq", &s->uniq);
	if (to && plugin_uri_parse(to, &uri))
		s->to = uri.user;
	plugin_bindings(self, look_at, s);
	if (s->known)
		return NULL;
	return s->by_uniq == 1 ? s->uniq_user : s->by_to == 1 ? s->to_user : NULL;
}

static enum plugin_verdict fix_fbox_forward(struct plugin_self *self, struct plugin_msg *m)
{
	struct search s = {.known = false};
	const char *contact, *user, *at;
	char fixed[CONTACT_MAX];

	if (plugin_msg_side(m) != PLUGIN_LAN || strcmp(plugin_msg_method(m), "REGISTER") == 0 ||
	    !plugin_networks_match(self, "networks", plugin_msg_source_ip(m)))
		return PLUGIN_PASS;
	contact = plugin_msg_value(m, "Contact", 0);
	user = contact ? right_user(self, m, contact, &s) : NULL;
	if (!user)
		return PLUGIN_PASS;
	/* A Contact without a user gets one. */
	at = s.contact.user.len ? s.contact.user.s : s.contact.host.s;
	if (snprintf(fixed, sizeof(fixed), "%.*s%s%s%s", (int)(at - contact), contact, user,
		s.contact.user.len ? "" : "@", at + s.contact.user.len) >= (int)sizeof(fixed))
		return PLUGIN_PASS;
	plugin_log(self, PLUGIN_DEBUG, "plugin_fix_fbox_anoncall: %s becomes %s", contact, fixed);
	plugin_msg_set_value(m, "Contact", 0, fixed);
	return PLUGIN_PASS;
}

const struct plugin plugin_fix_fbox_anoncall = {
    .api = PLUGIN_API,
    .name = "fix_fbox_anoncall",
    .meaning = "puts the right user into a Fritzbox's Contact",
    .options = options,
    .open = fix_fbox_open,
    .forward = fix_fbox_forward,
};
