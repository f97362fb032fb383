/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blacklist: whoever fails too often is not heard any more. Two kinds of failure count: a REGISTER
 * with a password that is refused (for that address and From), and requests from the Internet that
 * siproxd itself refuses, as scanners send them (for that address). Never counted is an address on
 * the Internet that has answered a request of ours: a provider whose calls find no phone is
 * no scanner, and nobody shall have him blocked by writing his address into packets.
 *
 * The list is in memory and, so that it survives a restart, in a small text file: a line each of
 * "ADDRESS FROM FAILURES LAST TYPE", FROM being - for all, LAST the Unix time of the last failure,
 * TYPE 0, or 1 for one that the administrator has put there for ever.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "siproxd/plugin.h"

#define ENTRIES_MAX 1024
#define FRIENDS_MAX 256
#define IP_MAX      48
#define FROM_MAX    128
#define FILE_MAX    (512 * 1024)
#define LINE_MAX    300
#define DAY         86400

static const struct plugin_option options[] = {
    {"dbpath", PLUGIN_TEXT, "/var/lib/siproxd/blacklist.sqlite", 0, 0, NULL,
	"file of the blacklist"},
    {"db_sync_mode", PLUGIN_TEXT, "OFF", 0, 0, NULL, "how soon it is written"},
    {"simulate", PLUGIN_YESNO, "0", 0, 1, NULL, "log only, block nobody"},
    {"duration", PLUGIN_NUMBER, "3600", 0, INT32_MAX, "seconds", "how long somebody is blocked"},
    {"hitcount", PLUGIN_NUMBER, "10", 1, INT32_MAX, "failures", "failures before blocking"},
    {"register_window", PLUGIN_NUMBER, "30", 0, DAY, "seconds", "time of one registration try"},
    {.key = NULL},
};

struct entry {
	uint32_t hash; /* of the two texts */
	char ip[IP_MAX];
	char from[FROM_MAX]; /* "": whatever comes from there */
	int hits;
	int64_t last_s;
	int64_t tried_s; /* when it sent a password; 0: not since the last answer */
	bool blocked, permanent;
};

struct blacklist {
	struct entry entry[ENTRIES_MAX];
	size_t count;
	char friend[FRIENDS_MAX][IP_MAX]; /* a ring */
	size_t friends;
	bool dirty;
	int ticks;
};

/* --- the table ---------------------------------------------------------------------------- */

/* FNV-1a: it only spares comparisons, nothing hangs on it. */
static uint32_t hash_of(const char *ip, const char *from)
{
	uint32_t h = 2166136261u;

	for (; *ip; ip++)
		h = (h ^ (unsigned char)*ip) * 16777619u;
	for (; *from; from++)
		h = (h ^ (unsigned char)*from) * 16777619u;
	return h;
}

static struct entry *find(struct blacklist *b, const char *ip, const char *from)
{
	uint32_t h = hash_of(ip, from);

	for (size_t i = 0; i < b->count; i++)
		if (b->entry[i].hash == h && strcmp(b->entry[i].ip, ip) == 0 &&
		    strcmp(b->entry[i].from, from) == 0)
			return &b->entry[i];
	return NULL;
}

static void drop(struct blacklist *b, struct entry *e)
{
	*e = b->entry[--b->count];
}

static int64_t last_active(const struct entry *e)
{
	return e->last_s > e->tried_s ? e->last_s : e->tried_s;
}

/* Who makes room: an entry that is not blocked before one that is, the oldest first. */
static struct entry *least(struct blacklist *b)
{
	struct entry *found = NULL;

	for (size_t i = 0; i < b->count; i++) {
		struct entry *e = &b->entry[i];

		if (e->permanent)
			continue;
		if (!found || e->blocked < found->blocked ||
		    (e->blocked == found->blocked && last_active(e) < last_active(found)))
			found = e;
	}
	return found;
}

/* Found or made; NULL: the table is full of what the administrator wants. */
static struct entry *obtain(struct blacklist *b, const char *ip, const char *from)
{
	struct entry *e = find(b, ip, from);

	if (e)
		return e;
	if (b->count == ENTRIES_MAX) {
		e = least(b);
		if (!e)
			return NULL;
		drop(b, e);
	}
	e = &b->entry[b->count++];
	memset(e, 0, sizeof(*e));
	e->hash = hash_of(ip, from);
	snprintf(e->ip, sizeof(e->ip), "%s", ip);
	snprintf(e->from, sizeof(e->from), "%s", from);
	return e;
}

static bool is_friend(const struct blacklist *b, const char *ip)
{
	size_t n = b->friends < FRIENDS_MAX ? b->friends : FRIENDS_MAX;

	for (size_t i = 0; i < n; i++)
		if (strcmp(b->friend[i], ip) == 0)
			return true;
	return false;
}

static void befriend(struct blacklist *b, const char *ip)
{
	struct entry *e = find(b, ip, "");

	if (e && !e->permanent)
		drop(b, e);
	if (!is_friend(b, ip))
		snprintf(b->friend[b->friends++ % FRIENDS_MAX], IP_MAX, "%s", ip);
}

/* --- the file ----------------------------------------------------------------------------- */

static void save(struct plugin_self *self)
{
	struct blacklist *b = plugin_state(self);
	char *text = malloc(b->count * LINE_MAX + LINE_MAX);
	size_t len;
	int err;

	if (!text)
		return;
	len = (size_t)snprintf(text, LINE_MAX,
	    "# siproxd: address, From, failures, time of the last, type\n");
	for (size_t i = 0; i < b->count; i++) {
		const struct entry *e = &b->entry[i];

		if (e->hits || e->permanent)
			len += (size_t)snprintf(text + len, LINE_MAX, "%s %s %d %" PRId64 " %d\n",
			    e->ip, *e->from ? e->from : "-", e->hits, e->last_s, e->permanent);
	}
	err = plugin_file_write(self, text, len);
	free(text);
	b->dirty = false;
	if (err && err != ENOENT)
		plugin_log(self, PLUGIN_WARN, "plugin_blacklist: %s cannot be written: %s",
		    plugin_text(self, "dbpath"), strerror(err));
}

static void read_line(struct plugin_self *self, const char *line, bool permanent_only)
{
	char ip[IP_MAX], from[FROM_MAX];
	struct entry *e;
	int hits, type;
	int64_t last_s;

	if (sscanf(line, "%47s %127s %d %" SCNd64 " %d", ip, from, &hits, &last_s, &type) != 5 ||
	    *ip == '#' || (permanent_only && type != 1))
		return;
	e = obtain(plugin_state(self), ip, strcmp(from, "-") == 0 ? "" : from);
	if (!e)
		return;
	e->permanent = type == 1;
	e->hits = hits;
	e->last_s = last_s;
	e->blocked = e->permanent || hits > plugin_number(self, "hitcount");
}

static void read_lines(struct plugin_self *self, char *text, bool permanent_only)
{
	char *state = NULL;

	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		read_line(self, line, permanent_only);
}

/* What siproxd 0.8 has left behind stays as it is, and ours lies beside it. */
static int open_beside(struct plugin_self *self, const char *path, char **text)
{
	char beside[1024];
	size_t len;
	int err;

	snprintf(beside, sizeof(beside), "%s.txt", path);
	plugin_log(self, PLUGIN_INFO,
	    "plugin_blacklist: %s is a database of siproxd 0.8 and is left alone; the list is kept "
	    "in %s",
	    path, beside);
	err = plugin_file_open(self, beside, false);
	return err ? err : plugin_file_read(self, FILE_MAX, text, &len);
}

static void load(struct plugin_self *self, bool permanent_only)
{
	const char *path = plugin_text(self, "dbpath");
	char *text = NULL;
	size_t len;
	int err;

	if (!path)
		return;
	err = plugin_file_open(self, path, false);
	if (!err)
		err = plugin_file_read(self, FILE_MAX, &text, &len);
	if (err == EFBIG || (!err && text && strncmp(text, "SQLite format", 13) == 0)) {
		free(text);
		text = NULL;
		err = open_beside(self, path, &text);
	}
	if (err)
		plugin_log(self, PLUGIN_WARN,
		    "plugin_blacklist: %s: %s; the list will not survive a restart", path,
		    strerror(err));
	else if (text)
		read_lines(self, text, permanent_only);
	free(text);
}

/* Seconds until a change is in the file. */
static int save_period(const struct plugin_self *self)
{
	const char *mode = plugin_text(self, "db_sync_mode");

	if (strcasecmp(mode, "FULL") == 0 || strcasecmp(mode, "EXTRA") == 0)
		return 1;
	return strcasecmp(mode, "NORMAL") == 0 ? 10 : 60;
}

/* --- open, close -------------------------------------------------------------------------- */

static int check(struct plugin_self *self)
{
	static const char *const modes[] = {"OFF", "NORMAL", "FULL", "EXTRA"};
	const char *mode = plugin_text(self, "db_sync_mode");

	for (size_t i = 0; mode && i < sizeof(modes) / sizeof(*modes); i++)
		if (strcasecmp(mode, modes[i]) == 0)
			return plugin_every(self, 1);
	return plugin_complain(self, "db_sync_mode", 0,
	    "\"%s\" is none of OFF, NORMAL, FULL, EXTRA", mode ? mode : "");
}

static int blacklist_open(struct plugin_self *self)
{
	struct blacklist *b;
	int err = check(self);

	if (err)
		return err;
	b = calloc(1, sizeof(*b));
	if (!b)
		return ENOMEM;
	plugin_set_state(self, b);
	load(self, false);
	return 0;
}

static int blacklist_reload(struct plugin_self *self)
{
	int err = check(self);

	if (!err)
		load(self, true);
	return err;
}

static void blacklist_close(struct plugin_self *self)
{
	struct blacklist *b = plugin_state(self);

	if (b && b->dirty)
		save(self);
	free(b);
}

/* Who has been silent for long enough is free again. */
static void expire(struct plugin_self *self)
{
	struct blacklist *b = plugin_state(self);
	int duration = plugin_number(self, "duration");
	int64_t now = plugin_now_s(self);

	for (size_t i = 0; i < b->count;) {
		struct entry *e = &b->entry[i];
		int64_t keep_s = e->blocked ? duration : duration ? duration : DAY;

		if (e->permanent || (e->blocked && !duration) || last_active(e) + keep_s > now) {
			i++;
			continue;
		}
		if (e->blocked)
			plugin_log(self, PLUGIN_INFO, "plugin_blacklist: %s %s is heard again",
			    e->ip, e->from);
		b->dirty |= e->hits > 0;
		drop(b, e);
	}
}

static void blacklist_tick(struct plugin_self *self)
{
	struct blacklist *b = plugin_state(self);

	expire(self);
	if (++b->ticks % save_period(self) == 0 && b->dirty)
		save(self);
}

/* --- what happens ------------------------------------------------------------------------- */

/* The URI of the From, as one word. */
static void from_of(struct plugin_msg *m, char out[static FROM_MAX])
{
	const char *from = plugin_msg_header(m, "From", 0);
	struct plugin_uri uri;

	snprintf(out, FROM_MAX, "?");
	if (from && plugin_uri_parse(from, &uri))
		snprintf(out, FROM_MAX, "%.*s", uri.whole.len, uri.whole.s);
	for (char *c = out; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
}

static void hit(struct plugin_self *self, const char *ip, const char *from, const char *what)
{
	struct blacklist *b = plugin_state(self);
	struct entry *e = obtain(b, ip, from);

	if (!e)
		return;
	if (e->hits < INT32_MAX)
		e->hits++;
	e->last_s = plugin_now_s(self);
	e->tried_s = 0;
	b->dirty = true;
	plugin_log(self, PLUGIN_DEBUG, "plugin_blacklist: %s %s: %s, %d failures", ip, from, what,
	    e->hits);
	if (e->blocked || e->hits <= plugin_number(self, "hitcount"))
		return;
	e->blocked = true;
	plugin_log(self, PLUGIN_WARN, "plugin_blacklist: %s %s is %sblocked after %d failures (%s)",
	    ip, from, plugin_yes(self, "simulate") ? "not (simulate) " : "", e->hits, what);
}

static bool is_blocked(struct plugin_self *self, const char *ip, const char *from)
{
	struct entry *e = find(plugin_state(self), ip, from);

	if (!e || !e->blocked)
		return false;
	e->last_s = plugin_now_s(self); /* each try prolongs it */
	return true;
}

static bool has_password(struct plugin_msg *m)
{
	return plugin_msg_header(m, "Authorization", 0) ||
	    plugin_msg_header(m, "Proxy-Authorization", 0);
}

static enum plugin_verdict blacklist_receive(struct plugin_self *self, struct plugin_msg *m)
{
	const char *ip = plugin_msg_source_ip(m);
	char from[FROM_MAX];
	struct entry *e;

	if (!plugin_msg_is_request(m))
		return PLUGIN_PASS;
	from_of(m, from);
	if (is_blocked(self, ip, "") || is_blocked(self, ip, from)) {
		plugin_log(self, PLUGIN_DEBUG, "plugin_blacklist: %s of %s is ignored",
		    plugin_msg_method(m), ip);
		return plugin_yes(self, "simulate") ? PLUGIN_PASS : PLUGIN_DROP;
	}
	if (strcmp(plugin_msg_method(m), "REGISTER") == 0 && has_password(m)) {
		e = obtain(plugin_state(self), ip, from);
		if (e)
			e->tried_s = plugin_now_s(self);
	}
	return PLUGIN_PASS;
}

/* The answer to a REGISTER that bore a password a moment ago. */
static void register_answered(struct plugin_self *self, struct plugin_msg *m, int status)
{
	struct blacklist *b = plugin_state(self);
	const char *ip = plugin_msg_asker_ip(m);
	char from[FROM_MAX];
	struct entry *e;

	from_of(m, from);
	e = find(b, ip, from);
	if (!e || !e->tried_s ||
	    plugin_now_s(self) > e->tried_s + plugin_number(self, "register_window"))
		return;
	if (status < 300 && !e->permanent) {
		b->dirty |= e->hits > 0;
		drop(b, e);
	} else if (status >= 400 && status < 500) {
		hit(self, ip, from, "wrong password");
	}
}

static enum plugin_verdict blacklist_forward(struct plugin_self *self, struct plugin_msg *m)
{
	int status = plugin_msg_status(m);

	if (status < 200)
		return PLUGIN_PASS;
	if (plugin_msg_side(m) == PLUGIN_WAN && status < 300)
		befriend(plugin_state(self), plugin_msg_source_ip(m));
	if (strcmp(plugin_msg_method(m), "REGISTER") == 0)
		register_answered(self, m, status);
	return PLUGIN_PASS;
}

/* What scanners are told. */
static bool is_scanners_fate(int status)
{
	return status == 400 || status == 401 || status == 403 || status == 404 || status == 407;
}

static void blacklist_refused(struct plugin_self *self, struct plugin_msg *m, int status)
{
	if (plugin_msg_side(m) == PLUGIN_LAN) {
		if (strcmp(plugin_msg_method(m), "REGISTER") == 0)
			register_answered(self, m, status);
		return;
	}
	if (!plugin_msg_in_dialog(m) && is_scanners_fate(status) &&
	    !is_friend(plugin_state(self), plugin_msg_source_ip(m)))
		hit(self, plugin_msg_source_ip(m), "", plugin_msg_method(m));
}

const struct plugin plugin_blacklist = {
    .api = PLUGIN_API,
    .name = "blacklist",
    .meaning = "does not hear those who fail too often",
    .options = options,
    .open = blacklist_open,
    .close = blacklist_close,
    .reload = blacklist_reload,
    .receive = blacklist_receive,
    .forward = blacklist_forward,
    .refused = blacklist_refused,
    .tick = blacklist_tick,
};
