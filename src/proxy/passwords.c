/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/passwords.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/siphash.h"
#include "sip/sip_digest.h"

struct user {
	struct hash_node node;
	char *name;
	char ha1[MD_KINDS][MD_HEX_MAX + 1]; /* empty: not known by this algorithm */
};

struct passwords {
	char *realm;
	char *of_all; /* the one password; NULL: each user has his own */
	struct hash users;
	uint8_t key[SIPHASH_KEY_LEN];
};

static int new_passwords(struct passwords **out, const char *realm)
{
	struct passwords *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (!md_is_available()) {
		free(p);
		return ENOSYS;
	}
	if (!p || !(p->realm = strdup(realm)) || hash_init(&p->users, 64) != 0) {
		passwords_free(p);
		return ENOMEM;
	}
	random_bytes(p->key, sizeof(p->key));
	*out = p;
	return 0;
}

int passwords_of_all(struct passwords **out, const char *realm, const char *password)
{
	int err = new_passwords(out, realm);

	if (err)
		return err;
	(*out)->of_all = strdup(password);
	if ((*out)->of_all)
		return 0;
	passwords_free(*out);
	*out = NULL;
	return ENOMEM;
}

static void free_user(struct hash_node *node, void *arg)
{
	struct user *u = container_of(node, struct user, node);

	(void)arg;
	free(u->name);
	free(u);
}

void passwords_free(struct passwords *p)
{
	if (!p)
		return;
	if (p->users.bucket)
		hash_each(&p->users, free_user, NULL);
	hash_done(&p->users);
	free(p->realm);
	free(p->of_all);
	free(p);
}

size_t passwords_count(const struct passwords *p)
{
	return p->users.count;
}

bool passwords_are_personal(const struct passwords *p)
{
	return p->of_all == NULL;
}

/* --- the file ----------------------------------------------------------------------------- */

static struct user *find_user(const struct passwords *p, struct str name)
{
	struct hash_node *n = hash_first(&p->users, siphash(p->key, name.s, name.len));

	for (; n; n = hash_next(n)) {
		struct user *u = container_of(n, struct user, node);

		if (str_is(name, u->name))
			return u;
	}
	return NULL;
}

static struct user *get_user(struct passwords *p, struct str name)
{
	struct user *u = find_user(p, name);

	if (u)
		return u;
	u = calloc(1, sizeof(*u));
	if (!u || !(u->name = str_dup(name))) {
		free(u);
		return NULL;
	}
	hash_add(&p->users, &u->node, siphash(p->key, name.s, name.len));
	return u;
}

static bool is_hex(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdefABCDEF", text.s[i]) || !text.s[i])
			return false;
	return text.len > 0;
}

static int add_hash(struct passwords *p, struct str name, enum md algorithm, struct str hex)
{
	struct user *u = get_user(p, name);

	if (!u)
		return ENOMEM;
	if (u->ha1[algorithm][0])
		return 0;
	/* It is digested again, as letters: small ones. */
	for (size_t i = 0; i < hex.len; i++)
		u->ha1[algorithm][i] = (char)(hex.s[i] | 0x20);
	return 0;
}

static int add_plain(struct passwords *p, struct str name, struct str password)
{
	struct str realm = str_of(p->realm);
	struct user *u = get_user(p, name);
	char ha1[MD_HEX_MAX + 1];
	int err = u ? 0 : ENOMEM;

	for (int i = 0; !err && i < MD_KINDS; i++) {
		err = sip_digest_ha1((enum md)i, name, realm, password, ha1);
		if (!err && !u->ha1[i][0])
			memcpy(u->ha1[i], ha1, sizeof(ha1));
	}
	return err;
}

static struct str take_word(struct str *text)
{
	struct str word = {text->s, 0};

	while (word.len < text->len && !str_is_blank(word.s[word.len]))
		word.len++;
	*text = str_trim((struct str){word.s + word.len, text->len - word.len});
	return word;
}

/* "{MD5}..." or "{SHA-256}..."; -1: it is none of these. */
static int hashed_by(struct str word, struct str *hex)
{
	static const char *const prefix[] = {[MD_MD5] = "{MD5}", [MD_SHA256] = "{SHA-256}"};

	for (int i = 0; i < MD_KINDS; i++) {
		size_t len = strlen(prefix[i]);

		if (word.len < len || strncasecmp(word.s, prefix[i], len) != 0)
			continue;
		*hex = (struct str){word.s + len, word.len - len};
		return i;
	}
	return -1;
}

/* The part behind the last colon. */
static struct str behind_colon(struct str text)
{
	size_t at = text.len;

	while (at > 0 && text.s[at - 1] != ':')
		at--;
	return (struct str){text.s + at, text.len - at};
}

/* "user:realm:hash"; a realm may hold blanks and colons. */
static bool is_htdigest(struct str text, struct str *name, struct str *realm, struct str *hex)
{
	const char *colon = memchr(text.s, ':', text.len);

	*hex = behind_colon(text);
	if (!colon || colon + 1 >= hex->s || !is_hex(*hex) ||
	    (hex->len != md_hex_len(MD_MD5) && hex->len != md_hex_len(MD_SHA256)))
		return false;
	*name = str_range(text.s, colon);
	*realm = str_range(colon + 1, hex->s - 1);
	for (size_t i = 0; i < name->len; i++)
		if (str_is_blank(name->s[i]))
			return false;
	return name->len > 0;
}

static int take_htdigest(struct passwords *p, struct str name, struct str realm, struct str hex)
{
	if (!str_is(realm, p->realm))
		return 0;
	return add_hash(p, name, hex.len == md_hex_len(MD_MD5) ? MD_MD5 : MD_SHA256, hex);
}

static int take_line(struct passwords *p, struct str text, const char **why)
{
	struct str name, realm, password, hex;
	int algorithm;

	text = str_trim(text);
	if (!text.len || text.s[0] == '#')
		return 0;
	if (is_htdigest(text, &name, &realm, &hex))
		return take_htdigest(p, name, realm, hex);
	name = take_word(&text);
	password = take_word(&text);
	*why = "a password is missing";
	if (!password.len || password.s[0] == '#')
		return EINVAL;
	*why = "more than a user and a password (a password is one word; a comment begins with #)";
	if (text.len && text.s[0] != '#')
		return EINVAL;
	algorithm = hashed_by(password, &hex);
	if (algorithm < 0)
		return add_plain(p, name, password);
	*why = algorithm == MD_MD5 ? "behind {MD5} there must be 32 hexadecimal digits"
				   : "behind {SHA-256} there must be 64 hexadecimal digits";
	if (!is_hex(hex) || hex.len != md_hex_len((enum md)algorithm))
		return EINVAL;
	return add_hash(p, name, (enum md)algorithm, hex);
}

int passwords_parse(struct passwords **out, const char *realm, const char *text, size_t len,
    unsigned *line, const char **why)
{
	const char *end = text + len;
	int err = new_passwords(out, realm);

	*line = 0;
	*why = NULL;
	while (!err && text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop : end;
		++*line;
		*why = "a NUL byte";
		err = memchr(text, '\0', (size_t)(stop - text))
		    ? EINVAL
		    : take_line(*out, str_range(text, stop), why);
		text = stop + 1;
	}
	if (err) {
		passwords_free(*out);
		*out = NULL;
	}
	return err;
}

/* --- asking ------------------------------------------------------------------------------- */

static char *without_backslashes(struct str quoted)
{
	char *text = malloc(quoted.len + 1), *to = text;

	for (size_t i = 0; text && i < quoted.len; i++) {
		if (quoted.s[i] == '\\' && i + 1 < quoted.len)
			i++;
		*to++ = quoted.s[i];
	}
	if (text)
		*to = '\0';
	return text;
}

bool passwords_find(const struct passwords *p, enum md algorithm, struct str quoted_user,
    char ha1[static MD_HEX_MAX + 1])
{
	char *name = without_backslashes(quoted_user);
	const struct user *u = name ? find_user(p, str_of(name)) : NULL;
	bool found = false;

	memset(ha1, 0, MD_HEX_MAX + 1);
	if (p->of_all && name)
		found = sip_digest_ha1(algorithm, str_of(name), str_of(p->realm), str_of(p->of_all),
			    ha1) == 0;
	else if (u && u->ha1[algorithm][0]) {
		memcpy(ha1, u->ha1[algorithm], MD_HEX_MAX + 1);
		found = true;
	}
	free(name);
	return found;
}
