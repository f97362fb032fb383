/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/nonces.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/siphash.h"

/* Nonces that may serve at one time. One that has lost its slot to a younger one is refused as
 * stale, so what is forgotten cannot be replayed. */
#define SLOTS 4096

struct slot {
	uint64_t serial;  /* of the nonce that holds it; 0: none yet */
	uint64_t request; /* the one it served for last */
	uint32_t count;
};

struct nonces {
	uint8_t key[SIPHASH_KEY_LEN];
	uint64_t last;     /* serial number */
	struct slot *slot; /* SLOTS of them, once one was used; NULL */
};

int nonces_new(struct nonces **out)
{
	struct nonces *n = calloc(1, sizeof(*n));

	if (!n)
		return ENOMEM;
	random_bytes(n->key, sizeof(n->key));
	*out = n;
	return 0;
}

void nonces_free(struct nonces *n)
{
	if (!n)
		return;
	free(n->slot);
	free(n);
}

static uint64_t seal(const struct nonces *n, uint64_t serial, uint64_t made_s,
    const struct addr *peer)
{
	char ip[ADDR_TEXT_MAX];
	struct siphash h;

	addr_format_ip(peer, ip);
	siphash_init(&h, n->key);
	siphash_add(&h, &serial, sizeof(serial));
	siphash_add(&h, &made_s, sizeof(made_s));
	siphash_add_field(&h, ip, strlen(ip));
	return siphash_end(&h);
}

/* The one way to write it. */
static void format(const struct nonces *n, uint64_t serial, uint64_t made_s,
    const struct addr *peer, char out[static NONCE_TEXT_MAX])
{
	snprintf(out, NONCE_TEXT_MAX, "%" PRIx64 ".%" PRIx64 ".%016" PRIx64, serial, made_s,
	    seal(n, serial, made_s, peer));
}

void nonces_make(struct nonces *n, const struct addr *peer, uint64_t now_ms,
    char out[static NONCE_TEXT_MAX])
{
	format(n, ++n->last, now_ms / 1000, peer, out);
}

/* It was made here, for that address, and not too long ago. */
static bool is_good(const struct nonces *n, struct str nonce, const struct addr *peer,
    uint64_t now_ms, uint64_t *serial)
{
	char text[NONCE_TEXT_MAX], again[NONCE_TEXT_MAX];
	uint64_t made_s;
	unsigned differ = 0;

	if (!nonce.len || nonce.len >= sizeof(text))
		return false;
	memcpy(text, nonce.s, nonce.len);
	text[nonce.len] = '\0';
	if (sscanf(text, "%16" SCNx64 ".%16" SCNx64 ".", serial, &made_s) != 2)
		return false;
	format(n, *serial, made_s, peer, again);
	if (strlen(again) != nonce.len)
		return false;
	for (size_t i = 0; i < nonce.len; i++)
		differ |= (unsigned)(text[i] ^ again[i]);
	return differ == 0 && made_s <= now_ms / 1000 && now_ms / 1000 - made_s < NONCE_LIFE_S;
}

bool nonces_use(struct nonces *n, struct str nonce, const struct addr *peer, uint32_t count,
    uint64_t request, uint64_t now_ms)
{
	uint64_t serial;
	struct slot *s;

	if (!is_good(n, nonce, peer, now_ms, &serial))
		return false;
	/* Most are never asked for a password. */
	if (!n->slot)
		n->slot = calloc(SLOTS, sizeof(*n->slot));
	if (!n->slot)
		return false; /* it is asked again */
	s = &n->slot[serial % SLOTS];
	if (s->serial == serial && s->request == request)
		return true;
	if (s->serial > serial || (s->serial == serial && count <= s->count))
		return false;
	*s = (struct slot){serial, request, count};
	return true;
}
