/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_host: the loaded plugins, and the stages at which the rest of proxy/ asks them. It stands
 * between siproxd.h and siproxd/plugin.h: plugins see the latter alone. plugin_ask.c answers what
 * they ask about a message, plugin_options.c what they ask about their options. Owns the plugins
 * and what it notes of each call for them. Where no plugin is loaded, sd->plugins is NULL and a
 * stage costs nothing.
 */
#ifndef PROXY_PLUGIN_HOST_H
#define PROXY_PLUGIN_HOST_H

#include <sys/types.h>

#include "base/buf.h"
#include "proxy/pipeline.h"

struct call;
struct config;
struct forward;
struct plan;
struct plugins;

/*
 * Opens what load_plugin names, in its order; one that cannot be opened is logged and left out.
 * While root and the world outside of a jail are still there: plugins open their files now, for
 * `owner`. *out is NULL when there is none. ENOMEM.
 */
int plugins_new(struct plugins **out, struct siproxd *sd, const struct config *c, uid_t owner,
    gid_t group);
void plugins_free(struct plugins *ps);
/* The new configuration counts now; the old one may go afterwards. */
void plugins_reload(struct siproxd *sd, const struct config *c);

/* Opens and closes all that `c` names, for what they have to say of their options: of the n-th
 * entry of the option of that name. Returns how many plugins refused. */
typedef void plugins_complain_fn(void *arg, const char *option, size_t n, const char *text);
size_t plugins_check(const struct config *c, plugins_complain_fn *fn, void *arg);

/* --- the stages; the message may be another one afterwards, and ranges of it are void --------- */

enum verdict plugins_receive(struct siproxd *sd, struct sip_msg *msg, const struct hop *from);
enum verdict plugins_target(struct siproxd *sd, struct sip_msg *msg, const struct hop *from);
/* A plugin decided: 0, and the plan stands, or PLUGINS_ANSWERED. Else `status` comes back, and the
 * plan is empty. */
#define PLUGINS_ANSWERED (-1)
int plugins_unknown(struct siproxd *sd, struct sip_msg *msg, const struct hop *from, int status,
    struct plan *plan);
/* `asker`: where the request came from that a response answers; of a request, `from`. */
enum verdict plugins_forward(struct siproxd *sd, struct sip_msg *msg, const struct hop *from,
    const struct hop *asker);
/* What leaves to `to`; `out` may be changed. */
void plugins_leave(struct siproxd *sd, const struct hop *to, struct buf *out);
/* `req` was answered with a failure. */
void plugins_refused(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    int status);
void plugins_report(struct siproxd *sd);

/* --- calls --------------------------------------------------------------------------------- */

void plugins_call_begins(struct siproxd *sd, const struct call *call, const struct forward *fw,
    const struct hop *callee);
void plugins_call_answered(struct siproxd *sd, const struct call *call);
void plugins_call_ends(struct siproxd *sd, const struct call *call, const char *why);
/* What was noted of it, for the next run; false: nothing. Good until the call ends. */
struct plugin_call;
bool plugins_call_noted(const struct siproxd *sd, const struct call *call, struct plugin_call *out);
/* The note of an earlier run is copied; the plugins are told nothing. */
void plugins_call_goes_on(struct siproxd *sd, const struct call *call,
    const struct plugin_call *as);

#endif
