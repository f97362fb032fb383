/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/subscription.h"

#include <errno.h>

#include "proxy/dialog.h"
#include "proxy/forward.h"
#include "siproxd.h"

/* A dialog outlives what was granted by this much: the last NOTIFY is on its way. */
#define GRACE_S   64
#define DEFAULT_S 3600
#define MAX_S     (7 * 86400)

/* --- what a request says ------------------------------------------------------------------ */

static struct str header(const struct sip_msg *msg, const char *name, const char *compact)
{
	const struct sip_line *line = sip_msg_line_named(msg, name, compact);

	return line ? line->value : (struct str){"", 0}; /* ranges of it are taken */
}

static struct str first_word(struct str value, struct str *params)
{
	const char *end = value.s + value.len;
	const char *stop = value.len ? sip_scan_to(value.s, end, ';') : end;

	*params = str_range(stop, end);
	return str_trim(str_range(value.s, stop));
}

/* RFC 6665 8.2.1: the package and its id say which subscription; REFER's first one bears none. */
static uint64_t event_of(const struct forward *fw, const struct sip_msg *req)
{
	struct str params, id = {"", 0};
	struct str package = first_word(header(req, "Event", "o"), &params);
	struct siphash h;

	if (req->method == SIP_REFER)
		package = str_of("refer");
	else if (!str_is(package, "refer"))
		sip_param_get(params, "id", &id, NULL);
	siphash_init(&h, fw->sd->key);
	siphash_add_field(&h, package.s ? package.s : "", package.len);
	siphash_add_field(&h, id.s, id.len);
	return siphash_end(&h);
}

/* Subscription-State: how long it is good for; 0: it is over; -1: it does not say. */
static int64_t state_of(const struct sip_msg *notify)
{
	struct str params, text;
	struct str state = first_word(header(notify, "Subscription-State", NULL), &params);
	uint64_t n;

	if (str_is_nocase(state, "terminated"))
		return 0;
	if (sip_param_get(params, "expires", &text, NULL) && str_to_uint(text, UINT32_MAX, &n))
		return (int64_t)n;
	return -1;
}

void subscription_read(struct forward *fw, const struct sip_msg *req)
{
	fw->event = event_of(fw, req);
	fw->state_s = req->method == SIP_NOTIFY ? state_of(req) : -1;
}

/* --- what becomes of the dialog ----------------------------------------------------------- */

static int keep(struct siproxd *sd, struct dialog *d, int64_t s)
{
	uint64_t ms = 1000 * (uint64_t)(GRACE_S + (s < MAX_S ? s : MAX_S));

	d->subscribed_until_ms = timers_now(sd->timers) + ms;
	return d->call ? 0 : dialog_keep_for(d, ms);
}

int subscription_expected(struct siproxd *sd, struct dialog *d, const struct forward *fw)
{
	return keep(sd, d, fw->expires_s >= 0 ? fw->expires_s : DEFAULT_S);
}

/* What was granted counts (RFC 6665 4.2.1.1), 0 for a poll or the end of it too. */
int subscription_granted(struct siproxd *sd, struct dialog *d, const struct forward *fw,
    int64_t expires_s)
{
	if (d->event && d->event != fw->event)
		d->several = true;
	d->event = fw->event;
	return expires_s < 0 ? subscription_expected(sd, d, fw) : keep(sd, d, expires_s);
}

void subscription_notified(struct siproxd *sd, struct dialog *d, const struct forward *fw,
    int status)
{
	bool over = fw->state_s == 0 || status == 481; /* RFC 6665 4.2.2 */

	if (status == 401 || status == 407)
		return; /* it comes again */
	if (!over && (fw->state_s < 0 || status < 200 || status > 299))
		return;
	/* One of several in a dialog does not end the others (RFC 5057 4.2). */
	if (over && (d->several || (d->event && d->event != fw->event)))
		return;
	if (!over)
		keep(sd, d, fw->state_s);
	else if (d->call)
		d->subscribed_until_ms = 0;
	else
		keep(sd, d, 0);
}

bool subscription_survives(struct siproxd *sd, struct dialog *d)
{
	uint64_t now = timers_now(sd->timers);

	if (d->subscribed_until_ms <= now || dialog_leave_call(d) != 0)
		return false;
	/* Without memory it is gone, but not by the caller's hand. */
	dialog_keep_for(d, d->subscribed_until_ms - now);
	return true;
}
