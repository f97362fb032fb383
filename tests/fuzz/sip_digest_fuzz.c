/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An Authorization value as it comes from the network; and, if it begins with '#', a file of
 * passwords. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "proxy/passwords.h"
#include "sip/sip_digest.h"

static bool within(struct str part, const char *text, size_t len)
{
	return !part.s || (part.s >= text && part.s + part.len <= text + len);
}

static void read_value(const char *text, size_t len)
{
	struct sip_digest d;
	int err = sip_digest_parse(&d, (struct str){text, len});

	HOLDS(err == 0 || err == EINVAL || err == ENOTSUP);
	HOLDS(within(d.username, text, len) && within(d.realm, text, len) &&
	    within(d.nonce, text, len) && within(d.uri, text, len) &&
	    within(d.response, text, len) && within(d.cnonce, text, len) &&
	    within(d.nc, text, len));
	if (err)
		return;
	HOLDS(d.username.s && d.realm.s && d.nonce.s && d.uri.s && d.response.s);
	HOLDS(d.has_qop == (d.nc_value > 0));
	HOLDS(!sip_digest_fits(&d, "no such hash", str_of("REGISTER")) || !md_is_available());
	sip_digest_text_is(d.username, d.realm);
}

static void read_passwords(const char *text, size_t len)
{
	char ha1[MD_HEX_MAX + 1];
	struct passwords *p;
	const char *why;
	unsigned line;
	int err = passwords_parse(&p, "r", text, len, &line, &why);

	HOLDS(err == 0 || err == EINVAL || err == ENOSYS);
	HOLDS(err != EINVAL || (line > 0 && why));
	if (!err && passwords_find(p, MD_MD5, str_of("alice"), ha1))
		HOLDS(strlen(ha1) == md_hex_len(MD_MD5));
	passwords_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	if (size && text[0] == '#')
		read_passwords(text, size);
	else
		read_value(text, size);
	return 0;
}
