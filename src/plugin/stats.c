/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats: how many phones, calls and streams there are, into syslog and into a file that other
 * programs read: every so many seconds, and on SIGUSR1. The forms are those of siproxd 0.8.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "siproxd/plugin.h"

#define TEXT_MAX (1024 * 1024)
#define DAY      86400

static const struct plugin_option options[] = {
    {"to_syslog", PLUGIN_NUMBER, "0", 0, DAY, "seconds", "period of statistics in syslog"},
    {"to_file", PLUGIN_NUMBER, "0", 0, DAY, "seconds", "period of statistics in a file"},
    {"filename", PLUGIN_TEXT, NULL, 0, 0, NULL, "that file"},
    {.key = NULL},
};

struct stats {
	int ticks; /* seconds since the start */
};

static int start(struct plugin_self *self)
{
	int syslog = plugin_number(self, "to_syslog"), file = plugin_number(self, "to_file");
	const char *name = plugin_text(self, "filename");
	int err;

	if (file && !name)
		return plugin_complain(self, "filename", 0,
		    "is not set: there is no file to write");
	err = name ? plugin_file_open(self, name, true) : 0;
	if (err)
		plugin_log(self, PLUGIN_ERR, "plugin_stats_filename = %s: %s", name, strerror(err));
	return plugin_every(self, syslog || file ? 1 : 0);
}

static int stats_open(struct plugin_self *self)
{
	struct stats *st = calloc(1, sizeof(*st));

	if (!st)
		return ENOMEM;
	plugin_set_state(self, st);
	return start(self);
}

static void stats_close(struct plugin_self *self)
{
	free(plugin_state(self));
}

static void to_syslog(struct plugin_self *self)
{
	struct plugin_numbers n;

	plugin_numbers(self, &n);
	plugin_log(self, PLUGIN_INFO,
	    "STATS: %zu active Streams, %zu active Calls, %zu active Clients, %zu registered "
	    "Clients",
	    n.streams, n.calls, n.active, n.registered);
}

/* --- the file ----------------------------------------------------------------------------- */

struct text {
	char *s;
	size_t len, cap;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
	char line[1024];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	len = strlen(line);
	if (t->len + len > t->cap && !t->failed) {
		size_t cap = 2 * (t->len + len);
		char *more = cap <= TEXT_MAX ? realloc(t->s, cap) : NULL;

		t->failed = !more;
		t->s = more ? more : t->s;
		t->cap = more ? cap : t->cap;
	}
	if (t->failed)
		return;
	memcpy(t->s + t->len, line, len);
	t->len += len;
}

/* A field must not look like two. */
static const char *field(const char *text, char *out, size_t size)
{
	snprintf(out, size, "%s", text);
	for (char *c = out; *c; c++)
		if (*c == ';' || (unsigned char)*c <= ' ')
			*c = '_';
	return out;
}

static void add_stream(void *arg, const struct plugin_stream *s)
{
	char client[256], call_id[256];

	add(arg, "Data;%s;%s;%s;%s;%s;%s\n", field(s->client, client, sizeof(client)),
	    field(s->call_id, call_id, sizeof(call_id)), s->outgoing_call ? "Outgoing" : "Incoming",
	    s->towards_wan ? "Outgoing" : "Incoming", s->local, s->remote);
}

static void add_head(struct plugin_self *self, struct text *t)
{
	time_t now = (time_t)plugin_now_s(self);
	struct plugin_numbers n;
	char date[64] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm);
	plugin_numbers(self, &n);
	add(t, "Date: %s\nPID: %ld\n\nSummary\n-------\n", date, (long)getpid());
	add(t, "Registered Clients: %zu\nActive Clients: %zu\nActive Calls: %zu\n", n.registered,
	    n.active, n.calls);
	add(t, "Active Streams: %zu\n\nRTP-Details\n-----------\n", n.streams);
	add(t, "Header;Client;Call-Id;Call Direction;Stream Direction;Local IP;Remote IP\n");
}

static void to_file(struct plugin_self *self)
{
	struct text t = {.s = NULL};
	int err;

	if (!plugin_text(self, "filename"))
		return;
	add_head(self, &t);
	plugin_streams(self, add_stream, &t);
	err = t.s ? plugin_file_write(self, t.s, t.len) : ENOMEM;
	if (err)
		plugin_log(self, PLUGIN_WARN, "plugin_stats: %s cannot be written: %s",
		    plugin_text(self, "filename"), strerror(err));
	free(t.s);
}

/* --- when --------------------------------------------------------------------------------- */

static bool is_due(int period, int ticks)
{
	return period && ticks % period == 0;
}

static void stats_tick(struct plugin_self *self)
{
	struct stats *st = plugin_state(self);

	st->ticks = st->ticks < DAY * 1000 ? st->ticks + 1 : 1;
	if (is_due(plugin_number(self, "to_syslog"), st->ticks))
		to_syslog(self);
	if (is_due(plugin_number(self, "to_file"), st->ticks))
		to_file(self);
}

static void stats_report(struct plugin_self *self)
{
	to_syslog(self);
	to_file(self);
}

const struct plugin plugin_stats = {
    .api = PLUGIN_API,
    .name = "stats",
    .meaning = "numbers of phones, calls and streams",
    .options = options,
    .open = stats_open,
    .close = stats_close,
    .reload = start,
    .tick = stats_tick,
    .report = stats_report,
};
