/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/registration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "config.h"
#include "proxy/location.h"
#include "siproxd.h"

#define CONTACTS_MAX 16 /* in one REGISTER */
#define OWN_MIN_S    30 /* with us as the registrar */

struct offered {
	char *name; /* mask_user; NULL for "*" and foreign schemes */
	char *contact;
	char *instance; /* NULL: none */
	int64_t asked;  /* seconds; -1: not said */
	bool not_by_call_id;
};

struct registration {
	char *aor, *user, *call_id;
	char *domain; /* of the Request-URI */
	char *path;   /* its Path values; NULL: none */
	struct hop from;
	struct addr registrar;
	uint64_t registrar_connection;
	bool star;
	unsigned n;
	struct offered offered[]; /* one for each contact */
};

void registration_free(struct registration *reg)
{
	if (!reg)
		return;
	for (unsigned i = 0; i < reg->n; i++) {
		free(reg->offered[i].name);
		free(reg->offered[i].contact);
		free(reg->offered[i].instance);
	}
	free(reg->aor);
	free(reg->user);
	free(reg->call_id);
	free(reg->domain);
	free(reg->path);
	free(reg);
}

const char *registration_name(const struct registration *reg, unsigned n)
{
	return n < reg->n ? reg->offered[n].name : NULL;
}

const char *registration_path(const struct registration *reg)
{
	return reg->path;
}

static int64_t expires_of(const struct sip_nameaddr *contact, const struct sip_msg *msg)
{
	struct str text;
	uint64_t n;

	if (sip_param_get(contact->params, "expires", &text, NULL) &&
	    str_to_uint(text, UINT32_MAX, &n))
		return (int64_t)n;
	return msg->expires;
}

static void describe(const struct registration *reg, const struct offered *o,
    struct location_contact *out)
{
	*out = (struct location_contact){
	    .aor = str_of(reg->aor),
	    .user = str_of(reg->user),
	    .contact = str_of(o->contact),
	    .instance = str_of(o->instance),
	    .call_id = str_of(reg->call_id),
	    .domain = str_of(reg->domain),
	    .path = str_of(reg->path),
	    .peer = reg->from.peer,
	    .transport = reg->from.transport,
	    .connection = reg->from.connection,
	    .registrar = reg->registrar,
	    .registrar_connection = reg->registrar_connection,
	    .not_by_call_id = o->not_by_call_id,
	};
}

static int offer(struct registration *reg, struct siproxd *sd, struct offered *o)
{
	struct location_contact c;
	struct binding *b;
	int err;

	describe(reg, o, &c);
	err = location_offer(sd->location, &c, sd->now_s(), &b);
	if (err)
		return err;
	o->name = str_dup(str_of(b->mask_user));
	return o->name ? 0 : ENOMEM;
}

static int read_contact(struct registration *reg, struct siproxd *sd, const struct sip_msg *req,
    struct str text)
{
	struct offered *o = &reg->offered[reg->n];
	struct sip_nameaddr addr;
	struct sip_uri uri;
	struct str instance;

	reg->n++;
	if (str_is(text, "*")) {
		reg->star = true;
		return req->expires == 0 && sip_msg_count(req, HDR_CONTACT) == 1 ? 0 : EINVAL;
	}
	if (sip_nameaddr_uri(text, &addr, &uri) != 0)
		return EINVAL;
	if (!sip_uri_is_sip(&uri))
		return 0;
	o->asked = expires_of(&addr, req);
	/* "<new>, <old>;expires=0": the Call-ID is that of both, and says nothing of the new one.
	 */
	o->not_by_call_id = sip_msg_count(req, HDR_CONTACT) > 1;
	o->contact = str_dup(addr.uri);
	if (sip_param_get(addr.params, "+sip.instance", &instance, NULL) && str_is_word(instance)) {
		o->instance = str_dup(instance);
		if (!o->instance)
			return ENOMEM;
	}
	return o->contact ? offer(reg, sd, o) : ENOMEM;
}

/* What the LAN's own proxies wrote there: it is the way from us to the phone. */
static int read_path(struct registration *reg, const struct sip_msg *req)
{
	const struct sip_value *v;
	struct sip_nameaddr addr;
	struct sip_uri uri;
	struct buf b = BUF_INIT;

	for (unsigned i = 0; (v = sip_msg_value(req, HDR_PATH, i)); i++) {
		if (sip_nameaddr_uri(v->text, &addr, &uri) != 0 ||
		    memchr(v->text.s, '\t', v->text.len))
			continue;
		buf_printf(&b, "%s%.*s", b.len ? ", " : "", STR_ARGS(v->text));
	}
	if (b.failed)
		return ENOMEM;
	reg->path = b.len ? buf_take(&b) : NULL;
	return 0;
}

int registration_new(struct registration **out, struct siproxd *sd, const struct sip_msg *req,
    const struct hop *from)
{
	unsigned contacts = sip_msg_count(req, HDR_CONTACT);
	struct registration *reg;
	struct sip_uri to;
	const struct sip_value *v;
	int err = EINVAL;

	if (contacts > CONTACTS_MAX)
		return EINVAL;
	reg = calloc(1, sizeof(*reg) + contacts * sizeof(reg->offered[0]));
	if (!reg)
		return ENOMEM;
	if (sip_uri_parse(&to, req->to.uri) != 0 || !sip_uri_is_sip(&to) || !to.user.len)
		goto fail;
	reg->from = *from;
	reg->call_id = str_dup(req->call_id);
	reg->user = str_dup(to.user);
	reg->domain = str_dup(req->uri.host);
	if (asprintf(&reg->aor, "sip:%.*s@%.*s", STR_ARGS(to.user), STR_ARGS(to.hostport)) < 0)
		reg->aor = NULL;
	err = reg->aor && reg->user && reg->call_id && reg->domain ? 0 : ENOMEM;
	if (!err)
		err = read_path(reg, req);
	for (unsigned i = 0; !err && (v = sip_msg_value(req, HDR_CONTACT, i)); i++)
		err = read_contact(reg, sd, req, v->text);
	if (!err) {
		*out = reg;
		return 0;
	}
fail:
	registration_free(reg);
	return err;
}

static void confirm(struct registration *reg, struct siproxd *sd, struct offered *o,
    int64_t granted)
{
	struct binding *b = location_by_name(sd->location, str_of(o->name));
	struct location_contact c;
	int64_t now = sd->now_s();
	bool known;
	char who[128];

	if (!b)
		return; /* swept meanwhile */
	known = b->expires > now;
	log_escape(who, sizeof(who), reg->aor, strlen(reg->aor));
	describe(reg, o, &c);
	if (location_confirm(sd->location, b, &c, now + granted, now) != 0)
		log_err(LOG_REG, "out of memory: the registration of %s is lost", who);
	else if (granted == 0 && known)
		log_info(LOG_REG, "%s unregistered", who);
	else if (granted > 0 && !known)
		log_info(LOG_REG, "%s registered for %lld s", who, (long long)granted);
}

/* What the answer says of the contact that the registrar knows by this name; -1: nothing. It may
 * list another device of the same user, so our host counts first; but some registrars write the
 * host where they saw us. */
static int64_t said_of(const struct siproxd *sd, const struct sip_msg *response, const char *name)
{
	const struct sip_value *v;
	int64_t namesake = -1;

	for (unsigned i = 0; (v = sip_msg_value(response, HDR_CONTACT, i)); i++) {
		struct sip_nameaddr addr;
		struct sip_uri uri;

		if (sip_nameaddr_uri(v->text, &addr, &uri) != 0 || !str_is(uri.user, name))
			continue;
		if (side_is_us(sd->sides, &uri))
			return expires_of(&addr, response);
		if (namesake < 0)
			namesake = expires_of(&addr, response);
	}
	return namesake;
}

/* RFC 3261 10.2.4. Some registrars list nothing, or the contact in words of their own: then the
 * Expires header counts, and at last what was asked for. */
static int64_t granted_to(const struct siproxd *sd, const struct offered *o,
    const struct sip_msg *response)
{
	int64_t said = said_of(sd, response, o->name);

	if (o->asked == 0)
		return 0;
	if (said >= 0)
		return said;
	if (response->expires >= 0)
		return response->expires;
	return o->asked >= 0 ? o->asked : sd->config->default_expires;
}

void registration_answered(struct registration *reg, struct siproxd *sd,
    const struct sip_msg *response, const struct hop *registrar)
{
	if (response->status < 200 || response->status > 299)
		return;
	reg->registrar = registrar->peer;
	reg->registrar_connection = registrar->connection;
	if (reg->star)
		location_remove_aor(sd->location, str_of(reg->aor), str_of(reg->domain));
	for (unsigned i = 0; i < reg->n; i++) {
		struct offered *o = &reg->offered[i];

		if (o->name)
			confirm(reg, sd, o, granted_to(sd, o, response));
	}
}

const char *registration_own_contact(const struct siproxd *sd, const struct sip_uri *uri)
{
	struct binding *b;

	if (!side_is_us(sd->sides, uri))
		return NULL;
	b = location_by_name(sd->location, uri->user);
	return b ? b->contact : NULL;
}

int64_t registration_told(const struct siproxd *sd, int64_t granted)
{
	int64_t max = sd->config->max_expires;

	return max && granted > max ? max : granted;
}

static void write_contact(struct binding *b, void *arg)
{
	void **args = arg;
	struct registration *reg = args[0];
	struct siproxd *sd = args[1];
	int64_t now = sd->now_s();

	if (b->expires > now && strcmp(b->aor, reg->aor) == 0)
		buf_printf(args[2], "Contact: <%s>;expires=%lld\r\n", b->contact,
		    (long long)(b->expires - now));
}

unsigned registration_too_brief(const struct registration *reg)
{
	for (unsigned i = 0; i < reg->n; i++)
		if (reg->offered[i].asked > 0 && reg->offered[i].asked < OWN_MIN_S)
			return OWN_MIN_S;
	return 0;
}

void registration_local(struct registration *reg, struct siproxd *sd, struct buf *lines)
{
	void *args[] = {reg, sd, lines};

	if (reg->star)
		location_remove_aor(sd->location, str_of(reg->aor), str_of(reg->domain));
	for (unsigned i = 0; i < reg->n; i++) {
		struct offered *o = &reg->offered[i];

		if (o->name)
			confirm(reg, sd, o,
			    registration_told(sd,
				o->asked >= 0 ? o->asked : sd->config->default_expires));
	}
	location_each(sd->location, write_contact, args);
}
