/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_digest.h"

#include <errno.h>
#include <stddef.h>

static const char *const names[] = {[MD_MD5] = "MD5", [MD_SHA256] = "SHA-256"};

/* --- reading ------------------------------------------------------------------------------ */

/* RFC 3261 25.1: token */
static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c && strchr("-.!%*_+`'~", c));
}

static void skip_blanks(struct str *text)
{
	while (text->len && str_is_blank(text->s[0])) {
		text->s++;
		text->len--;
	}
}

static struct str take(struct str *text, size_t n)
{
	struct str taken = {text->s, n};

	text->s += n;
	text->len -= n;
	return taken;
}

static struct str take_token(struct str *text)
{
	size_t n = 0;

	while (n < text->len && is_token_char(text->s[n]))
		n++;
	return take(text, n);
}

/* Behind the opening quote; takes the closing one too. */
static bool take_quoted(struct str *text, struct str *out)
{
	size_t n = 0;

	while (n < text->len && text->s[n] != '"')
		n += text->s[n] == '\\' ? 2 : 1;
	if (n >= text->len)
		return false;
	*out = take(text, n);
	take(text, 1);
	return true;
}

/* What is no quoted string ends at a comma or a blank: some phones quote no URI. */
static bool take_value(struct str *text, struct str *out)
{
	size_t n = 0;

	if (text->len && text->s[0] == '"') {
		take(text, 1);
		return take_quoted(text, out);
	}
	while (n < text->len && text->s[n] != ',' && text->s[n] != '"' && !str_is_blank(text->s[n]))
		n++;
	*out = take(text, n);
	return n > 0;
}

/* "name=value", and the comma behind it. False: malformed. */
static bool take_param(struct str *text, struct str *name, struct str *value)
{
	*name = take_token(text);
	skip_blanks(text);
	if (!name->len || !text->len || text->s[0] != '=')
		return false;
	take(text, 1);
	skip_blanks(text);
	if (!take_value(text, value))
		return false;
	skip_blanks(text);
	if (!text->len)
		return true;
	if (text->s[0] != ',')
		return false;
	while (text->len && (text->s[0] == ',' || str_is_blank(text->s[0])))
		take(text, 1);
	return true;
}

struct params {
	struct sip_digest *digest;
	struct str algorithm, qop;
};

static struct str *place_of(struct params *p, struct str name)
{
	struct sip_digest *d = p->digest;
	const struct {
		const char *name;
		struct str *place;
	} known[] = {
	    {"username", &d->username},
	    {"realm", &d->realm},
	    {"nonce", &d->nonce},
	    {"uri", &d->uri},
	    {"response", &d->response},
	    {"cnonce", &d->cnonce},
	    {"nc", &d->nc},
	    {"algorithm", &p->algorithm},
	    {"qop", &p->qop},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_is_nocase(name, known[i].name))
			return known[i].place;
	return NULL; /* opaque and what else there may be */
}

static int read_params(struct params *p, struct str text)
{
	struct str name, value, *place;

	while (text.len) {
		if (!take_param(&text, &name, &value))
			return EINVAL;
		place = place_of(p, name);
		if (place && place->s)
			return EINVAL; /* twice: whoever reads the other one sees something else */
		if (place)
			*place = value;
	}
	return 0;
}

static bool read_algorithm(struct str name, enum md *out)
{
	*out = MD_MD5; /* RFC 7616 3.4: when nothing is said */
	if (!name.s)
		return true;
	for (size_t i = 0; i < MD_KINDS; i++) {
		if (!str_is_nocase(name, names[i]))
			continue;
		*out = (enum md)i;
		return true;
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 7616 3.4: eight digits, but some phones write fewer. */
static bool read_count(struct str text, uint32_t *out)
{
	*out = 0;
	if (!text.len || text.len > 8)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (hex_digit(text.s[i]) < 0)
			return false;
		*out = *out << 4 | (uint32_t)hex_digit(text.s[i]);
	}
	return *out > 0;
}

static int read_quality(struct sip_digest *d, struct str qop)
{
	if (!qop.s)
		return 0;
	if (!str_is_nocase(qop, "auth"))
		return ENOTSUP;
	d->has_qop = true;
	return read_count(d->nc, &d->nc_value) && d->cnonce.s ? 0 : EINVAL;
}

int sip_digest_parse(struct sip_digest *out, struct str value)
{
	struct params p = {.digest = out};
	struct str scheme;

	memset(out, 0, sizeof(*out));
	if (value.len > SIP_DIGEST_VALUE_MAX)
		return EINVAL;
	value = str_trim(value);
	scheme = take_token(&value);
	if (!str_is_nocase(scheme, "Digest") || !value.len || !str_is_blank(value.s[0]))
		return EINVAL;
	skip_blanks(&value);
	if (read_params(&p, value) != 0)
		return EINVAL;
	if (!out->username.s || !out->realm.s || !out->nonce.s || !out->uri.s || !out->response.s)
		return EINVAL;
	if (!read_algorithm(p.algorithm, &out->algorithm))
		return ENOTSUP;
	return read_quality(out, p.qop);
}

bool sip_digest_text_is(struct str quoted, struct str word)
{
	size_t n = 0;

	for (size_t i = 0; i < quoted.len; i++, n++) {
		if (quoted.s[i] == '\\' && i + 1 < quoted.len)
			i++;
		if (n >= word.len || quoted.s[i] != word.s[n])
			return false;
	}
	return n == word.len;
}

/* --- checking ----------------------------------------------------------------------------- */

int sip_digest_ha1(enum md algorithm, struct str user, struct str realm, struct str password,
    char out[static MD_HEX_MAX + 1])
{
	struct str piece[] = {user, realm, password};

	return md_hex(algorithm, piece, 3, out);
}

static bool same_hex(struct str got, const char *want, size_t len)
{
	unsigned differ = 0;

	if (got.len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned)(hex_digit(got.s[i]) ^ hex_digit(want[i]));
	return differ == 0;
}

bool sip_digest_fits(const struct sip_digest *d, const char *ha1, struct str method)
{
	char ha2[MD_HEX_MAX + 1], want[MD_HEX_MAX + 1];
	struct str a2[] = {method, d->uri};
	int err = md_hex(d->algorithm, a2, 2, ha2);

	if (!err && d->has_qop) {
		struct str piece[] = {str_of(ha1), d->nonce, d->nc, d->cnonce, str_of("auth"),
		    str_of(ha2)};

		err = md_hex(d->algorithm, piece, 6, want);
	} else if (!err) {
		struct str piece[] = {str_of(ha1), d->nonce, str_of(ha2)};

		err = md_hex(d->algorithm, piece, 3, want);
	}
	return !err && same_hex(d->response, want, md_hex_len(d->algorithm));
}

/* --- asking ------------------------------------------------------------------------------- */

static void add_quoted(struct buf *out, const char *text)
{
	buf_str(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_str(out, "\\");
		buf_add(out, text, 1);
	}
	buf_str(out, "\"");
}

void sip_digest_challenge(struct buf *out, enum md algorithm, const char *realm, const char *nonce,
    bool stale)
{
	buf_str(out, "Proxy-Authenticate: Digest realm=");
	add_quoted(out, realm);
	buf_printf(out, ", nonce=\"%s\", algorithm=%s, qop=\"auth\"%s\r\n", nonce, names[algorithm],
	    stale ? ", stale=true" : "");
}
