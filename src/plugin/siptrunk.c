/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * siptrunk: a block of numbers on one account. What the Internet calls by a number of the block
 * goes to the PBX that has registered the account, with the number as it was called.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "siproxd/plugin.h"

#define NUMBER_MAX 256

static const struct plugin_option options[] = {
    {"name", PLUGIN_LIST, NULL, 0, 0, NULL, "name of a trunk"},
    {"account", PLUGIN_LIST, NULL, 0, 0, NULL, "registered account of the trunk"},
    {"numbers_regex", PLUGIN_LIST, NULL, 0, 0, NULL, "regular expression of its numbers"},
    {.key = NULL},
};

struct trunks {
	size_t count;
	regex_t numbers[];
};

static void trunks_free(struct trunks *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		regfree(&t->numbers[i]);
	free(t);
}

static int add_trunk(struct plugin_self *self, struct trunks *t, size_t n)
{
	const char *pattern = plugin_entry(self, "numbers_regex", n);
	const char *account = plugin_entry(self, "account", n);
	struct plugin_uri uri;
	char why[100];
	int err = regcomp(&t->numbers[n], pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);

	if (err) {
		regerror(err, &t->numbers[n], why, sizeof(why));
		return plugin_complain(self, "numbers_regex", n, "\"%s\": %s", pattern, why);
	}
	t->count++;
	if (!plugin_uri_parse(account, &uri) || !uri.user.len)
		return plugin_complain(self, "account", n,
		    "\"%s\" is no address like sip:user@sip.example.org", account);
	return 0;
}

static int siptrunk_open(struct plugin_self *self)
{
	size_t n = plugin_entries(self, "account"), names = plugin_entries(self, "name");
	struct trunks *t;
	int err = 0;

	/* The name is for people only. */
	if (plugin_entries(self, "numbers_regex") != n || (names && names != n))
		return plugin_complain(self, "account", n ? n - 1 : 0,
		    "there are %zu of name, %zu of account and %zu of numbers_regex; each trunk "
		    "needs one of each",
		    names, n, plugin_entries(self, "numbers_regex"));
	if (n == 0)
		return plugin_complain(self, "account", 0, "is not set: there is no trunk");
	t = calloc(1, sizeof(*t) + n * sizeof(t->numbers[0]));
	if (!t)
		return ENOMEM;
	for (size_t i = 0; i < n && !err; i++)
		err = add_trunk(self, t, i);
	if (err)
		trunks_free(t);
	else
		plugin_set_state(self, t);
	return err;
}

static void siptrunk_close(struct plugin_self *self)
{
	trunks_free(plugin_state(self));
}

/* The user part of a URI or name-addr; "" when there is none, or an unlikely one. */
static void number_of(const char *text, char out[static NUMBER_MAX])
{
	struct plugin_uri uri;

	*out = '\0';
	if (text && plugin_uri_parse(text, &uri) && uri.user.len < NUMBER_MAX)
		snprintf(out, NUMBER_MAX, "%.*s", uri.user.len, uri.user.s);
}

static enum plugin_verdict siptrunk_unknown(struct plugin_self *self, struct plugin_msg *m)
{
	const struct trunks *t = plugin_state(self);
	char called[NUMBER_MAX], to[NUMBER_MAX];

	number_of(plugin_msg_uri(m), called);
	number_of(plugin_msg_header(m, "To", 0), to);
	for (size_t i = 0; i < t->count; i++) {
		const char *account = plugin_entry(self, "account", i);
		int status;

		if ((!*called || regexec(&t->numbers[i], called, 0, NULL, 0) != 0) &&
		    (!*to || regexec(&t->numbers[i], to, 0, NULL, 0) != 0))
			continue;
		status = plugin_forward_to_account(m, account);
		if (status == 0)
			return PLUGIN_DONE;
		plugin_log(self, PLUGIN_WARN,
		    "plugin_siptrunk: %s is for %s, which is not registered", *called ? called : to,
		    account);
	}
	return PLUGIN_PASS;
}

const struct plugin plugin_siptrunk = {
    .api = PLUGIN_API,
    .name = "siptrunk",
    .meaning = "a block of numbers on one account",
    .options = options,
    .open = siptrunk_open,
    .close = siptrunk_close,
    .unknown = siptrunk_unknown,
};
