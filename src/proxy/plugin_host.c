/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/plugin_host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "config_table.h"
#include "paths.h"
#include "plugin/builtin.h"
#include "proxy/plugin_state.h"
#include "sip/sip_edit.h"
#include "siproxd.h"

/* --- loading ------------------------------------------------------------------------------ */

static struct plugin_self *self_new(const struct plugin *plugin, struct siproxd *sd,
    struct plugins *host, const struct config *c)
{
	struct plugin_self *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->plugin = plugin;
	self->sd = sd;
	self->host = host;
	self->config = c;
	plugin_find_rows(self);
	return self;
}

static void self_close(struct plugin_self *self)
{
	if (self->plugin->close)
		self->plugin->close(self);
	self->state = NULL;
	if (self->sd)
		timer_stop(self->sd->timers, &self->timer);
	file_close(self->file);
	self->file = NULL;
}

static void self_free(struct plugin_self *self)
{
	if (!self)
		return;
	self_close(self);
	free(self);
}

static int self_open(struct plugin_self *self)
{
	return self->plugin->open ? self->plugin->open(self) : 0;
}

/* The plugin of the i-th entry of load_plugin; NULL for one that is unknown or stands there for
 * the second time. */
static const struct plugin *named(const struct config *c, size_t i)
{
	char name[CONFIG_PLUGIN_NAME_MAX];
	const struct plugin *plugin =
	    builtin_plugin_find(config_plugin_name(c->load_plugin.item[i], name));

	for (size_t k = 0; plugin && k < i; k++)
		if (builtin_plugin_find(config_plugin_name(c->load_plugin.item[k], name)) == plugin)
			return NULL;
	return plugin;
}

/* Takes it out of a set; NULL: it is not there. */
static struct plugin_self *take(struct plugin_self **item, size_t count,
    const struct plugin *plugin)
{
	for (size_t i = 0; i < count; i++) {
		struct plugin_self *self = item[i];

		if (!self || self->plugin != plugin)
			continue;
		item[i] = NULL;
		return self;
	}
	return NULL;
}

/* One that runs already goes on with its new options. Frees `self` where it cannot. */
static struct plugin_self *reopen(struct plugin_self *self, const struct config *c)
{
	int err;

	self->config = c;
	if (self->plugin->reload) {
		err = self->plugin->reload(self);
	} else {
		self_close(self);
		err = self_open(self);
	}
	if (!err)
		return self;
	self_free(self);
	return NULL;
}

static struct plugin_self *open_new(struct plugins *ps, const struct plugin *plugin,
    const struct config *c)
{
	struct plugin_self *self = self_new(plugin, ps->sd, ps, c);

	if (self && self_open(self) != 0) {
		self_free(self);
		self = NULL;
	}
	return self;
}

/* The set that `c` wants. What runs already is taken over, the rest of the old set is closed. */
static int load(struct plugins *ps, const struct config *c)
{
	size_t n = c->load_plugin.count, old_count = ps->count;
	struct plugin_self **item = calloc(n + 1, sizeof(*item)), **old = ps->item;

	if (!item)
		return ENOMEM;
	ps->item = item;
	ps->count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct plugin *plugin = named(c, i);
		struct plugin_self *self;

		if (!plugin)
			continue;
		self = take(old, old_count, plugin);
		self = self ? reopen(self, c) : open_new(ps, plugin, c);
		if (self)
			item[ps->count++] = self;
		else
			log_warn(LOG_PLUGIN, "plugin_%s is not active: its options are no good",
			    plugin->name);
	}
	for (size_t i = 0; i < old_count; i++)
		self_free(old[i]);
	free(old);
	return 0;
}

static void log_loaded(const struct plugins *ps)
{
	for (size_t i = 0; i < ps->count; i++)
		log_info(LOG_PLUGIN, "plugin_%s: %s", ps->item[i]->plugin->name,
		    ps->item[i]->plugin->meaning);
}

int plugins_new(struct plugins **out, struct siproxd *sd, const struct config *c, uid_t owner,
    gid_t group)
{
	struct plugins *ps = calloc(1, sizeof(*ps));
	int err;

	*out = NULL;
	if (!ps)
		return ENOMEM;
	ps->sd = sd;
	ps->owner = owner;
	ps->group = group;
	err = plugin_calls_init(ps);
	if (!err)
		err = load(ps, c);
	if (err || !ps->count) {
		plugins_free(ps);
		return err;
	}
	log_loaded(ps);
	*out = ps;
	return 0;
}

void plugins_free(struct plugins *ps)
{
	if (!ps)
		return;
	plugin_calls_end(ps);
	for (size_t i = 0; i < ps->count; i++)
		self_free(ps->item[i]);
	free(ps->item);
	plugin_calls_done(ps);
	free(ps);
}

void plugins_reload(struct siproxd *sd, const struct config *c)
{
	int err = sd->plugins ? load(sd->plugins, c)
			      : plugins_new(&sd->plugins, sd, c, (uid_t)-1, (gid_t)-1);

	if (!err)
		return;
	/* They hold strings of the old configuration. */
	log_err(LOG_PLUGIN, "%s", "out of memory: no plugin is active any more");
	plugins_free(sd->plugins);
	sd->plugins = NULL;
}

size_t plugins_check(const struct config *c, plugins_complain_fn *fn, void *arg)
{
	size_t refused = 0;

	for (size_t i = 0; i < c->load_plugin.count; i++) {
		const struct plugin *plugin = named(c, i);
		struct plugin_self *self = plugin ? self_new(plugin, NULL, NULL, c) : NULL;

		if (!self)
			continue;
		self->complain = fn;
		self->complain_arg = arg;
		refused += self_open(self) != 0;
		self_free(self);
	}
	return refused;
}

void plugin_set_state(struct plugin_self *self, void *state)
{
	self->state = state;
}

void *plugin_state(const struct plugin_self *self)
{
	return self->state;
}

/* --- the stages --------------------------------------------------------------------------- */

/* Which function of a plugin; it may be NULL. */
typedef plugin_stage_fn *stage_of_fn(const struct plugin *plugin);

static plugin_stage_fn *at_receive(const struct plugin *plugin)
{
	return plugin->receive;
}

static plugin_stage_fn *at_target(const struct plugin *plugin)
{
	return plugin->target;
}

static plugin_stage_fn *at_unknown(const struct plugin *plugin)
{
	return plugin->last_resort ? NULL : plugin->unknown;
}

static plugin_stage_fn *at_last(const struct plugin *plugin)
{
	return plugin->last_resort ? plugin->unknown : NULL;
}

static plugin_stage_fn *at_forward(const struct plugin *plugin)
{
	return plugin->forward;
}

static plugin_stage_fn *at_leave(const struct plugin *plugin)
{
	return plugin->leave;
}

static enum plugin_verdict run(struct siproxd *sd, stage_of_fn *stage_of, struct plugin_msg *m)
{
	enum plugin_verdict verdict = PLUGIN_PASS;

	for (size_t i = 0; i < sd->plugins->count && verdict == PLUGIN_PASS; i++) {
		struct plugin_self *self = sd->plugins->item[i];
		plugin_stage_fn *fn = stage_of(self->plugin);

		if (!fn)
			continue;
		verdict = fn(self, m);
		if (verdict != PLUGIN_PASS)
			log_debug(LOG_PLUGIN, "plugin_%s %s a message", self->plugin->name,
			    verdict == PLUGIN_DROP ? "drops" : "decides about");
	}
	plugin_msg_done(m);
	return verdict;
}

static enum verdict stage(struct siproxd *sd, stage_of_fn *stage_of, struct plugin_msg *m)
{
	switch (run(sd, stage_of, m)) {
	case PLUGIN_DROP:
		return DROP;
	case PLUGIN_DONE:
		return ANSWERED;
	case PLUGIN_PASS:
		break;
	}
	return PASS;
}

enum verdict plugins_receive(struct siproxd *sd, struct sip_msg *msg, const struct hop *from)
{
	struct plugin_msg m = {.sd = sd, .msg = msg, .from = from};

	return sd->plugins ? stage(sd, at_receive, &m) : PASS;
}

enum verdict plugins_target(struct siproxd *sd, struct sip_msg *msg, const struct hop *from)
{
	struct plugin_msg m = {.sd = sd, .msg = msg, .from = from};

	if (!sd->plugins || from->side != LAN || msg->to_tag.len || msg->method == SIP_REGISTER ||
	    msg->method == SIP_ACK)
		return PASS;
	return stage(sd, at_target, &m);
}

int plugins_unknown(struct siproxd *sd, struct sip_msg *msg, const struct hop *from, int status,
    struct plan *plan)
{
	struct plugin_msg m = {.sd = sd, .msg = msg, .from = from, .plan = plan};

	if (!sd->plugins || from->side != WAN || msg->to_tag.len || msg->method == SIP_ACK ||
	    msg->method == SIP_BYE)
		return status;
	if (run(sd, at_unknown, &m) == PLUGIN_DONE || run(sd, at_last, &m) == PLUGIN_DONE)
		return m.answered ? PLUGINS_ANSWERED : 0;
	return status;
}

enum verdict plugins_forward(struct siproxd *sd, struct sip_msg *msg, const struct hop *from,
    const struct hop *asker)
{
	struct plugin_msg m = {.sd = sd, .msg = msg, .from = from, .asker = asker};

	return sd->plugins ? stage(sd, at_forward, &m) : PASS;
}

static bool anybody_at(const struct plugins *ps, stage_of_fn *stage_of)
{
	for (size_t i = 0; i < ps->count; i++)
		if (stage_of(ps->item[i]->plugin))
			return true;
	return false;
}

void plugins_leave(struct siproxd *sd, const struct hop *to, struct buf *out)
{
	struct plugin_msg m = {.sd = sd, .from = to};
	const char *why;

	if (!sd->plugins || out->failed || !anybody_at(sd->plugins, at_leave))
		return;
	if (sip_msg_parse(&m.msg, out->data, out->len, &why) == SIP_PARSE_OK) {
		run(sd, at_leave, &m);
		buf_reset(out);
		buf_add(out, m.msg->data, m.msg->len);
	}
	sip_msg_free(m.msg);
}

void plugins_refused(struct siproxd *sd, const struct sip_msg *req, const struct hop *from,
    int status)
{
	struct plugin_msg m = {.sd = sd, .from = from, .fixed = true};

	if (!sd->plugins || status < 400)
		return;
	m.msg = (struct sip_msg *)req; /* `fixed` keeps it as it is */
	for (size_t i = 0; i < sd->plugins->count; i++) {
		struct plugin_self *self = sd->plugins->item[i];

		if (self->plugin->refused)
			self->plugin->refused(self, &m, status);
	}
	plugin_msg_done(&m);
}

void plugins_report(struct siproxd *sd)
{
	for (size_t i = 0; sd->plugins && i < sd->plugins->count; i++) {
		struct plugin_self *self = sd->plugins->item[i];

		if (self->plugin->report)
			self->plugin->report(self);
	}
}

/* --- log, time, files --------------------------------------------------------------------- */

void plugin_log(const struct plugin_self *self, enum plugin_log_level level, const char *fmt, ...)
{
	static const enum log_level levels[] = {
	    [PLUGIN_ERR] = LOG_LVL_ERR,
	    [PLUGIN_WARN] = LOG_LVL_WARN,
	    [PLUGIN_INFO] = LOG_LVL_INFO,
	    [PLUGIN_DEBUG] = LOG_LVL_DEBUG,
	};
	char text[1500];
	va_list ap;

	if (level == PLUGIN_DEBUG && !log_debug_on(LOG_PLUGIN))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (self->sd)
		log_line(levels[level], LOG_PLUGIN, "%s", text);
}

int64_t plugin_now_s(const struct plugin_self *self)
{
	return self->sd ? self->sd->now_s() : 0;
}

static void ticks(void *arg)
{
	struct plugin_self *self = arg;

	timer_start(self->sd->timers, &self->timer, 1000 * (uint64_t)self->period_s, ticks, self);
	if (self->plugin->tick)
		self->plugin->tick(self);
}

int plugin_every(struct plugin_self *self, unsigned seconds)
{
	if (!self->sd)
		return 0;
	self->period_s = seconds;
	timer_stop(self->sd->timers, &self->timer);
	return seconds
	    ? timer_start(self->sd->timers, &self->timer, 1000 * (uint64_t)seconds, ticks, self)
	    : 0;
}

static int open_file(struct plugin_self *self, const char *path, bool for_all)
{
	struct stat st;
	int err;

	if (self->file && strcmp(file_path(self->file), path) == 0)
		return 0;
	file_close(self->file);
	self->file = NULL;
	if (geteuid() == 0)
		paths_make_parent(path, self->host->owner, self->host->group);
	err = file_open(&self->file, path, self->host->owner, self->host->group);
	/* Only for one that was just made: later the administrator's wish counts. */
	if (!err && for_all && stat(path, &st) == 0 && st.st_size == 0)
		err = chmod(path, 0644) == 0 ? 0 : errno;
	return err;
}

int plugin_file_open(struct plugin_self *self, const char *path, bool for_all)
{
	char *outside;
	int err;

	if (!self->sd)
		return 0;
	outside = paths_in_jail(self->config->chrootjail, path);
	err = outside ? open_file(self, outside, for_all) : ENOMEM;
	free(outside);
	return err;
}

int plugin_file_read(struct plugin_self *self, size_t max, char **text, size_t *len)
{
	return self->file ? file_read(self->file, max, text, len) : ENOENT;
}

int plugin_file_write(struct plugin_self *self, const char *text, size_t len)
{
	return self->file ? file_write(self->file, text, len, NULL) : ENOENT;
}
