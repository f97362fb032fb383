/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/authenticate.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limit.h"
#include "base/log.h"
#include "base/siphash.h"
#include "config.h"
#include "proxy/dialog.h"
#include "proxy/emergency.h"
#include "proxy/next_hop.h"
#include "proxy/nonces.h"
#include "sip/sip_digest.h"
#include "sip/sip_edit.h"
#include "siproxd.h"

/* Wrong passwords of one source: enough for a phone whose owner is typing, and for the many
 * accounts of a PBX; hopeless for who tries a list of words. */
#define WRONG_PER_MINUTE 30
#define WRONG_BURST      30
#define SOURCES          256

#define CREDENTIALS_MAX 4 /* for our realm, in one request */

/*
 * Many phones (baresip, older Grandstreams) answer the last challenge only: to the provider's they
 * no longer add what they had proved to us. For as long as a provider may take to ask, that one
 * request goes on without it.
 */
#define PROOF_MS 40000
#define PROOFS   1024

struct proof {
	uint64_t whose;
	uint64_t until_ms;
};

struct authenticator {
	struct proof proof[PROOFS];  /* one that is overwritten is asked for again */
	struct passwords *passwords; /* NULL: none */
	struct nonces *nonces;
	struct limit *wrong;
};

int authenticator_new(struct authenticator **out)
{
	struct authenticator *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (!a)
		return ENOMEM;
	if (nonces_new(&a->nonces) != 0 ||
	    limit_new(&a->wrong, WRONG_PER_MINUTE, WRONG_BURST, SOURCES) != 0) {
		authenticator_free(a);
		return ENOMEM;
	}
	*out = a;
	return 0;
}

void authenticator_free(struct authenticator *a)
{
	if (!a)
		return;
	passwords_free(a->passwords);
	nonces_free(a->nonces);
	limit_free(a->wrong);
	free(a);
}

void authenticator_set_passwords(struct authenticator *a, struct passwords *passwords)
{
	passwords_free(a->passwords);
	a->passwords = passwords;
}

/* --- what came ---------------------------------------------------------------------------- */

/* The next credentials of our realm from line *i on, which moves behind them; what they are worth
 * as sip_digest_parse() says. False: there are no more. */
static bool next_of_ours(const struct siproxd *sd, const struct sip_msg *msg, unsigned *i,
    struct sip_digest *out, int *err)
{
	struct str realm = str_of(sd->config->proxy_auth_realm);

	for (; *i < msg->n_lines; ++*i) {
		if (msg->line[*i].id != HDR_AUTHORIZATION)
			continue;
		*err = sip_digest_parse(out, msg->line[*i].value);
		if (!out->realm.s || !sip_digest_text_is(out->realm, realm))
			continue;
		++*i;
		return true;
	}
	return false;
}

/*
 * The digest's URI means this request (RFC 7616 3.4.6). Phones write it with other parameters and
 * ports than the Request-URI, and for a REGISTER with a user or without; who is called and where
 * must agree.
 */
static bool is_for(const struct sip_digest *d, const struct sip_msg *msg)
{
	struct sip_uri uri;

	if (str_equal(d->uri, msg->uri_text))
		return true;
	if (sip_uri_parse(&uri, d->uri) != 0 || !sip_uri_is_sip(&uri) || !sip_uri_is_sip(&msg->uri))
		return false;
	return str_equal_nocase(uri.host, msg->uri.host) &&
	    (msg->method == SIP_REGISTER || str_equal(uri.user, msg->uri.user));
}

/* Whoever has a password of his own registers his own name only, where we are the registrar. What
 * a user may do at the provider is the provider's business. */
static bool may_use_name(const struct siproxd *sd, const struct sip_msg *msg,
    const struct hop *from, const struct sip_digest *d)
{
	struct sip_uri to;

	if (msg->method != SIP_REGISTER || !passwords_are_personal(sd->authenticator->passwords) ||
	    !next_hop_is_us(sd, msg, from))
		return true;
	return sip_uri_parse(&to, msg->to.uri) == 0 && sip_digest_text_is(d->username, to.user);
}

static bool is_right(const struct authenticator *a, const struct sip_digest *d,
    const struct sip_msg *msg)
{
	char ha1[MD_HEX_MAX + 1];
	bool known = a->passwords && passwords_find(a->passwords, d->algorithm, d->username, ha1);

	/* A user whom we do not know takes as long as a wrong password. */
	return sip_digest_fits(d, known ? ha1 : "", msg->method_name) && known;
}

/* The same phone with the same request, whatever its CSeq. */
static uint64_t whose(const struct siproxd *sd, const struct sip_msg *msg, const struct hop *from)
{
	const struct str field[] = {msg->method_name, msg->uri_text, msg->call_id, msg->from.uri,
	    msg->from_tag, msg->to.uri};
	char peer[ADDR_TEXT_MAX];
	struct siphash h;

	addr_format(&from->peer, peer);
	siphash_init(&h, sd->key);
	siphash_add_field(&h, peer, strlen(peer));
	for (size_t i = 0; i < sizeof(field) / sizeof(*field); i++)
		siphash_add_field(&h, field[i].len ? field[i].s : "", field[i].len);
	return siphash_end(&h);
}

static void keep_proof(struct siproxd *sd, const struct sip_msg *msg, const struct hop *from)
{
	uint64_t id = whose(sd, msg, from);

	sd->authenticator->proof[id % PROOFS] =
	    (struct proof){id, timers_now(sd->timers) + PROOF_MS};
}

/* It brings credentials for the one who asked behind us, and has proved itself to us just now. Not
 * where we are the registrar: nobody behind us asks. */
static bool answers_another(const struct siproxd *sd, const struct sip_msg *msg,
    const struct hop *from)
{
	uint64_t id = whose(sd, msg, from);
	const struct proof *p = &sd->authenticator->proof[id % PROOFS];

	return sip_msg_line(msg, HDR_AUTHORIZATION) && p->whose == id &&
	    timers_now(sd->timers) < p->until_ms && !next_hop_is_us(sd, msg, from);
}

/* --- what we say to it -------------------------------------------------------------------- */

static enum verdict challenge(struct siproxd *sd, const struct sip_msg *msg, const struct hop *from,
    bool stale)
{
	static const enum md both[] = {MD_MD5, MD_SHA256};
	const struct config *c = sd->config;
	struct buf lines = BUF_INIT;
	enum verdict verdict;

	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++) {
		char nonce[NONCE_TEXT_MAX];

		if (c->proxy_auth_algorithm == (both[i] == MD_MD5 ? AUTH_SHA256 : AUTH_MD5))
			continue;
		nonces_make(sd->authenticator->nonces, &from->peer, timers_now(sd->timers), nonce);
		sip_digest_challenge(&lines, both[i], c->proxy_auth_realm, nonce, stale);
	}
	verdict = pipeline_reply(sd, msg, from, lines.failed ? 500 : 407,
	    lines.failed ? NULL : lines.data);
	buf_free(&lines);
	return verdict;
}

/* fail2ban reads this line. */
static void log_refused(const struct sip_msg *msg, const struct hop *from,
    const struct sip_digest *d, const char *why)
{
	char who[ADDR_TEXT_MAX], user[80];

	log_every(10, LOG_LVL_WARN, LOG_REG, "%.*s from %s refused: %s (user \"%s\")",
	    STR_ARGS(msg->method_name), addr_format(&from->peer, who), why,
	    log_escape(user, sizeof(user), d->username.s, d->username.len));
}

static enum verdict refuse(struct siproxd *sd, const struct sip_msg *msg, const struct hop *from,
    int status, const struct sip_digest *d, const char *why)
{
	log_refused(msg, from, d, why);
	return pipeline_reply(sd, msg, from, status, NULL);
}

/* The password is right. */
static enum verdict admit(struct siproxd *sd, const struct sip_msg *msg, const struct hop *from,
    const struct sip_digest *d)
{
	uint64_t request = siphash(sd->key, msg->data, msg->len);

	if (!is_for(d, msg))
		return refuse(sd, msg, from, 400, d, "its credentials are for another URI");
	if (!nonces_use(sd->authenticator->nonces, d->nonce, &from->peer, d->nc_value, request,
		timers_now(sd->timers)))
		return challenge(sd, msg, from, true);
	if (!may_use_name(sd, msg, from, d))
		return refuse(sd, msg, from, 403, d, "it registers another user's name");
	keep_proof(sd, msg, from);
	return PASS;
}

static enum verdict check(struct siproxd *sd, const struct sip_msg *msg, const struct hop *from)
{
	struct authenticator *a = sd->authenticator;
	uint64_t now = timers_now(sd->timers);
	struct sip_digest d, wrong;
	bool any_wrong = false;
	unsigned line = 0;
	int err;

	for (unsigned n = 0; n < CREDENTIALS_MAX && next_of_ours(sd, msg, &line, &d, &err); n++) {
		if (err)
			continue; /* as if there were none */
		if (!limit_has(a->wrong, &from->peer, now)) {
			char who[ADDR_TEXT_MAX];

			log_every(10, LOG_LVL_WARN, LOG_REG,
			    "message from %s dropped: too many wrong passwords",
			    addr_format(&from->peer, who));
			return DROP;
		}
		if (is_right(a, &d, msg))
			return admit(sd, msg, from, &d);
		wrong = d;
		any_wrong = true;
	}
	if (!any_wrong)
		return answers_another(sd, msg, from) ? PASS : challenge(sd, msg, from, false);
	limit_take(a->wrong, &from->peer, now);
	return refuse(sd, msg, from, 403, &wrong, "wrong password");
}

/* --- whom we ask -------------------------------------------------------------------------- */

/* Within a call that we know nobody is asked again; nor is who calls for help. */
static bool begins_call(const struct siproxd *sd, const struct sip_msg *msg)
{
	if (msg->method != SIP_INVITE || emergency_is_called(sd->config, msg->uri_text))
		return false;
	return !msg->to_tag.len ||
	    !dialog_find(sd->dialogs, msg->call_id, msg->from_tag, msg->to_tag);
}

static bool must_prove(const struct siproxd *sd, const struct sip_msg *msg)
{
	return msg->method == SIP_REGISTER ||
	    (sd->config->proxy_auth_invite && begins_call(sd, msg));
}

/* The next hop learns nothing of our realm, not even by a BYE to which a phone adds what it sent
 * before. */
static enum verdict take_out(struct siproxd *sd, struct sip_msg *msg, const struct hop *from)
{
	struct sip_digest d;
	unsigned line = 0;
	int err = 0, ignored;
	bool any = false;

	while (!err && next_of_ours(sd, msg, &line, &d, &ignored)) {
		any = true;
		err = sip_edit_replace(msg, msg->line[line - 1].whole, (struct str){NULL, 0});
	}
	if (!err && any)
		err = sip_edit_apply(msg);
	return err ? pipeline_reply(sd, msg, from, err == EINVAL ? 400 : 500, NULL) : PASS;
}

enum verdict authenticate(struct siproxd *sd, struct sip_msg *msg, const struct hop *from)
{
	enum verdict verdict = PASS;

	if (!sd->config->proxy_auth_realm || from->side != LAN)
		return PASS;
	if (!sd->authenticator)
		return pipeline_reply(sd, msg, from, 503,
		    NULL); /* no door is better than an open one */
	if (must_prove(sd, msg))
		verdict = check(sd, msg, from);
	return verdict == PASS ? take_out(sd, msg, from) : verdict;
}
