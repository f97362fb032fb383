/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dial: what the plugins share that change what is dialled (shortdial, prefix, regex).
 *
 * The Request-URI changes, the To stays as the caller wrote it: no proxy touches that (RFC 3261
 * 16.6); it says who was meant, the Request-URI where the call goes. Where that is not wanted the
 * phone can be asked to dial the new number itself (302), and then does so everywhere.
 */
#ifndef PLUGIN_DIAL_H
#define PLUGIN_DIAL_H

#include "siproxd/plugin.h"

#define DIAL_URI_MAX 1024

/* The row of the option that asks for a 302. */
#define DIAL_REDIRECT_OPTION                                                             \
	{                                                                                \
		"redirect", PLUGIN_YESNO, "0", 0, 1, NULL, "let the phone dial it (302)" \
	}

/* An INVITE that dials a user and was not sent here by our own redirection; its Request-URI. */
bool dial_is_call(struct plugin_msg *m, const char **text, struct plugin_uri *uri);
/* The call goes to `uri`, in the way that the option `redirect` wants. `by` is the plugin's name.
 */
enum plugin_verdict dial_anew(struct plugin_self *self, struct plugin_msg *m, const char *uri,
    const char *by);

#endif
