/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "config_lines.h"
#include "config_messages.h"
#include "config_table.h"

/* One reading of one file. */
struct load {
	struct config_messages *msgs;
	const char *file;
	unsigned line;
	size_t errors;     /* in this file */
	bool no_memory;
	cfg_opt_t *opts;   /* libconfuse's view of the rows, by the same index */
	cfg_t *cfg;
	unsigned *set_at;  /* line that set the row of that index; 0: none did */
	struct config *c;
};

#define say(l, level, ...)                                                                         \
	do {                                                                                       \
		if ((level) == CONFIG_ERR)                                                         \
			(l)->errors++;                                                             \
		config_say((l)->msgs, (level), (l)->file, (l)->line, __VA_ARGS__);                 \
	} while (0)

/* A wrong value ends the start; but not that of an option which does nothing yet. */
static enum config_level wrong(const struct config_row *row)
{
	return row->flags & (OPT_LATER | OPT_NO_EFFECT) ? CONFIG_WARN : CONFIG_ERR;
}

static const char *shown(const struct config_row *row, const char *value)
{
	return row->flags & OPT_SECRET ? "(hidden)" : value;
}

static size_t index_of(const struct config_row *row)
{
	return (size_t)(row - config_rows);
}

/* ---- libconfuse ------------------------------------------------------------------------- */

static cfg_opt_t libconfuse_option(const struct config_row *row)
{
	cfg_opt_t number = CFG_INT(row->name, 0, CFGF_NONE);
	cfg_opt_t string = CFG_STR(row->name, row->def, CFGF_NONE);
	cfg_opt_t numbers = CFG_INT_LIST(row->name, NULL, CFGF_NONE);
	cfg_opt_t strings = CFG_STR_LIST(row->name, NULL, CFGF_NONE);

	switch (row->type) {
	case OPT_INT:
	case OPT_BOOL:
	case OPT_MASK:
		number.def.number = strtol(row->def, NULL, 0);
		return number;
	case OPT_ENUM: /* the first word is the default */
		return number;
	case OPT_NUMBERS:
		return numbers;
	case OPT_LIST:
	case OPT_PLUGINS:
	case OPT_WORDS:
	case OPT_ACL:
		return strings;
	case OPT_STRING:
	case OPT_ALIAS: /* never fed */
	case OPT_RETIRED:
		break;
	}
	return string;
}

/* What it could complain about we have checked before; cfg_parse_buf()'s result tells the rest. */
static void keep_quiet(cfg_t *cfg, const char *fmt, va_list ap)
{
	(void)cfg;
	(void)fmt;
	(void)ap;
}

static int start_libconfuse(struct load *l)
{
	const cfg_opt_t end = CFG_END();

	l->opts = calloc(config_row_count + 1, sizeof(*l->opts));
	l->set_at = calloc(config_row_count, sizeof(*l->set_at));
	if (!l->opts || !l->set_at)
		return ENOMEM;
	for (size_t i = 0; i < config_row_count; i++)
		l->opts[i] = libconfuse_option(&config_rows[i]);
	l->opts[config_row_count] = end;
	l->cfg = cfg_init(l->opts, CFGF_NONE);
	if (!l->cfg)
		return ENOMEM;
	cfg_set_error_function(l->cfg, keep_quiet);
	return 0;
}

static void end_libconfuse(struct load *l)
{
	if (l->cfg)
		cfg_free(l->cfg);
	free(l->opts);
	free(l->set_at);
}

static cfg_opt_t *option_of(const struct load *l, const struct config_row *row)
{
	return cfg_getopt(l->cfg, row->name);
}

/* In single quotes libconfuse knows two escapes, \\ and \', and no ${variable}. */
static void add_quoted(struct buf *b, const char *text)
{
	buf_str(b, "'");
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_str(b, "\\");
		buf_add(b, text, 1);
	}
	buf_str(b, "'");
}

static void feed(struct load *l, const struct config_row *row, struct buf *text)
{
	int result;

	buf_str(text, "\n");
	if (text->failed) {
		l->no_memory = true;
		return;
	}
	result = cfg_parse_buf(l->cfg, text->data);
	if (result != CFG_SUCCESS)
		say(l, CONFIG_ERR, "%s: libconfuse cannot read this value", row->name);
	else
		l->set_at[index_of(row)] = l->line;
}

/* One value for a scalar. */
static void feed_value(struct load *l, const struct config_row *row, const char *value)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s = ", row->name);
	add_quoted(&text, value);
	feed(l, row, &text);
	buf_free(&text);
}

/* ---- one setting ------------------------------------------------------------------------ */

static void understood(struct load *l, const struct config_row *row, const char *value)
{
	bool unit = row->unit && row->type != OPT_ENUM;

	say(l, CONFIG_SET, "%s = %s%s%s (%s)", row->name, shown(row, value), unit ? " " : "",
	    unit ? row->unit : "", row->meaning);
}

static int word_index(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0;; i++) {
		size_t n = strcspn(words, "|");

		if (n == len && strncasecmp(words, word, n) == 0)
			return i;
		if (!words[n])
			return -1;
		words += n + 1;
	}
}

/* 08 and 09 start an octal number and cannot go on: nobody means 0 with them. */
static bool is_broken_octal(const char *text)
{
	const char *digits = text + strspn(text, "+-");

	return digits[0] == '0' && digits[strspn(digits, "01234567")] >= '8' &&
	       digits[strspn(digits, "01234567")] <= '9';
}

/* A number as the classic siproxd took it: decimal, 0x hexadecimal, 0 octal, and then anything. */
static bool read_number(struct load *l, const struct config_row *row, const char *text,
    long long *out)
{
	char *rest;
	long long n;

	errno = 0;
	n = strtoll(text, &rest, 0);
	if (rest == text || is_broken_octal(text) || *rest == 'x' || *rest == 'X') {
		say(l, wrong(row), "%s = %.60s: this is not a number", row->name, text);
		return false;
	}
	if (errno == ERANGE || n < row->min || n > row->max) {
		if (n != 0 || !(row->flags & OPT_ZERO_DEFAULT)) {
			say(l, wrong(row), "%s = %.60s: must be between %lld and %lld%s%s",
			    row->name, text, row->min, row->max, row->unit ? " " : "",
			    row->unit ? row->unit : "");
			return false;
		}
	}
	if (*rest)
		say(l, CONFIG_WARN, "%s = %.60s: read as %lld%s%s", row->name, text, n,
		    row->unit ? " " : "", row->unit ? row->unit : "");
	else if (text[0] == '0' && text[1] >= '0' && text[1] <= '7')
		say(l, CONFIG_WARN, "%s = %s: a leading 0 makes it octal, this is %lld", row->name,
		    text, n);
	*out = n;
	return true;
}

static bool read_bool(struct load *l, const struct config_row *row, const char *text,
    long long *out)
{
	struct config_row any = *row;
	int word = word_index("no|yes|false|true|off|on", text);

	if (word >= 0) {
		*out = word % 2;
		return true;
	}
	any.min = INT_MIN;
	any.max = INT_MAX;
	if (!read_number(l, &any, text, out))
		return false;
	if (*out != 0 && *out != 1)
		say(l, CONFIG_WARN, "%s = %.60s: read as 1, yes", row->name, text);
	*out = *out != 0;
	return true;
}

static bool read_enum(struct load *l, const struct config_row *row, const char *text,
    long long *out)
{
	int word = word_index(row->unit, text);

	if (word < 0)
		say(l, wrong(row), "%s = %.60s: must be one of %s", row->name, text, row->unit);
	*out = word;
	return word >= 0;
}

static void set_number(struct load *l, const struct config_row *row, const char *text)
{
	char value[32];
	long long n;

	if (row->type == OPT_BOOL ? !read_bool(l, row, text, &n)
	    : row->type == OPT_ENUM ? !read_enum(l, row, text, &n)
				    : !read_number(l, row, text, &n))
		return;
	if (n == 0 && row->flags & OPT_ZERO_DEFAULT) {
		n = strtoll(row->def, NULL, 0);
		say(l, CONFIG_WARN, "%s = 0 would never end a call whose phones are gone; "
		    "%lld %s is used", row->name, n, row->unit);
	}
	if (row->type == OPT_MASK)
		n = (int32_t)(uint32_t)n; /* a long may have 32 bits */
	snprintf(value, sizeof(value), "%lld", n);
	feed_value(l, row, value);
	understood(l, row, row->type == OPT_INT ? value : text);
}

/* A list grows by the items in `list`, "'a','b'"; `replace` empties it before. */
static void feed_list(struct load *l, const struct config_row *row, struct buf *list, size_t count,
    bool replace)
{
	size_t old = replace ? 0 : cfg_opt_size(option_of(l, row));
	struct buf text = BUF_INIT;

	if (old + count > CONFIG_LIST_MAX) {
		say(l, CONFIG_ERR, "%s: more than %d entries", row->name, CONFIG_LIST_MAX);
		return;
	}
	if (list->failed)
		l->no_memory = true;
	buf_printf(&text, "%s %s {%s}", row->name, replace ? "=" : "+=",
	    list->data ? list->data : "");
	feed(l, row, &text);
	buf_free(&text);
}

static void set_list(struct load *l, const struct config_row *row, const struct config_line *line)
{
	const char *item = line->value;
	struct buf list = BUF_INIT;
	char number[32];
	long long n;

	for (size_t i = 0; i < line->count; i++, item = config_line_after(item)) {
		const char *text = item;

		if (row->type == OPT_NUMBERS) {
			if (!read_number(l, row, item, &n))
				goto out;
			snprintf(number, sizeof(number), "%lld", n);
			text = number;
		}
		if (i > 0)
			buf_str(&list, ",");
		add_quoted(&list, text);
		understood(l, row, text);
	}
	feed_list(l, row, &list, line->count, false);
out:
	buf_free(&list);
}

/* Cuts blanks and pairs of quotes off both ends of [*s, *end). */
static void strip(const char **s, const char **end)
{
	for (;;) {
		while (*s < *end && strchr(" \t", **s))
			++*s;
		while (*s < *end && strchr(" \t", (*end)[-1]))
			--*end;
		if (*end - *s < 2 || (**s != '"' && **s != '\'') || (*end)[-1] != **s)
			return;
		++*s;
		--*end;
	}
}

/* Adds the words of "a, b" to plain ("a, b") and to list ("'a','b'"); returns their number. */
static size_t split_words(const char *text, struct buf *plain, struct buf *list)
{
	size_t count = 0;

	while (*text) {
		const char *s = text, *end = text + strcspn(text, ",");
		char *word;

		text = *end ? end + 1 : end;
		strip(&s, &end);
		if (s == end)
			continue;
		word = strndup(s, (size_t)(end - s));
		if (!word) {
			list->failed = true;
			return count;
		}
		buf_str(plain, plain->len > 0 ? ", " : "");
		buf_str(plain, word);
		buf_str(list, list->len > 0 ? "," : "");
		add_quoted(list, word);
		free(word);
		count++;
	}
	return count;
}

/* A list of networks is taken whole or not at all: half a deny list would let somebody in. */
static bool is_good_acl(struct load *l, const struct config_row *row, const char *text)
{
	struct acl acl;
	char *bad = NULL;
	int err = acl_parse(&acl, text, &bad);

	if (err == EINVAL)
		say(l, wrong(row), "%s: \"%.60s\" is neither an address nor a network like "
		    "192.168.1.0/24", row->name, bad ? bad : text);
	else if (err)
		l->no_memory = true;
	free(bad);
	acl_done(&acl);
	return err == 0;
}

static void set_words(struct load *l, const struct config_row *row, const struct config_line *line)
{
	struct buf plain = BUF_INIT, list = BUF_INIT;
	const char *item = line->value;
	size_t count = 0;

	for (size_t i = 0; i < line->count; i++, item = config_line_after(item))
		count += split_words(item, &plain, &list);
	if (plain.failed || list.failed)
		l->no_memory = true;
	else if (count == 0 && !line->quoted && !line->list)
		say(l, CONFIG_WARN, "%s has no value; the line is ignored", row->name);
	else if (row->type != OPT_ACL || count == 0 || is_good_acl(l, row, plain.data)) {
		feed_list(l, row, &list, count, !line->append);
		understood(l, row, count > 0 ? plain.data : "nothing");
	}
	buf_free(&plain);
	buf_free(&list);
}

/* "/usr/lib/siproxd/plugin_stun.la" names plugin_stun; what stands before and behind is habit. */
static void say_plugin(struct load *l, const char *item)
{
	const char *slash = strrchr(item, '/');
	char name[40];

	if (slash)
		item = slash + 1;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(item, "."), item);
	if (strcmp(name, "plugin_logcall") == 0)
		say(l, CONFIG_INFO, "%s is not needed: calls are always logged", name);
	else if (config_plugin_is_known(name))
		say(l, CONFIG_WARN, "%s is not part of this version; its options have no effect",
		    name);
	else
		say(l, CONFIG_WARN, "%s is unknown", name);
}

static void set_plugins(struct load *l, const struct config_row *row,
    const struct config_line *line)
{
	const char *item = line->value;

	set_list(l, row, line);
	for (size_t i = 0; i < line->count; i++, item = config_line_after(item))
		say_plugin(l, item);
}

static bool is_words(const struct config_row *row)
{
	return row->type == OPT_WORDS || row->type == OPT_ACL;
}

static bool is_list(const struct config_row *row)
{
	return row->type == OPT_LIST || row->type == OPT_PLUGINS || row->type == OPT_NUMBERS ||
	       is_words(row);
}

/* What a value may not look like, whatever the option. */
static bool is_refused(struct load *l, const struct config_row *row, const struct config_line *line)
{
	const char *c = line->value;

	if (line->broken) {
		say(l, wrong(row), "%s: the list in { } is not closed, or not separated by commas",
		    row->name);
		return true;
	}
	if (!is_list(row) && line->count != 1) {
		say(l, wrong(row), "%s takes one value", row->name);
		return true;
	}
	for (size_t i = 0; i < line->count; i++, c++)
		for (; *c; c++)
			if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f) {
				say(l, wrong(row), "%s: control character in the value",
				    row->name);
				return true;
			}
	return false;
}

/* Values that leave the option as it was. */
static bool is_nothing(struct load *l, const struct config_row *row, const struct config_line *line)
{
	if (line->quoted || line->list)
		return false;
	if (!*line->value) {
		say(l, CONFIG_WARN, "%s has no value; the line is ignored", row->name);
		return true;
	}
	if (strcmp(line->value, "undef") == 0) { /* a template whose variable was not set */
		say(l, CONFIG_WARN, "%s = undef: taken as not set", row->name);
		return true;
	}
	return false;
}

static void say_repeated(struct load *l, const struct config_row *row,
    const struct config_line *line)
{
	unsigned before = l->set_at[index_of(row)];
	bool words = is_words(row);

	if (before == 0 || (is_list(row) && !words) || (words && line->append))
		return;
	say(l, words ? CONFIG_WARN : CONFIG_INFO, "%s is set again; what line %u says is void",
	    row->name, before);
}

static void set_option(struct load *l, const struct config_row *row, const struct config_line *line)
{
	if (is_nothing(l, row, line) || is_refused(l, row, line))
		return;
	if (line->stray)
		say(l, CONFIG_WARN, "%s: the quotes do not embrace the value and become part of it",
		    row->name);
	say_repeated(l, row, line);
	switch (row->type) {
	case OPT_STRING:
		feed_value(l, row, line->value);
		understood(l, row, *line->value ? line->value : "nothing");
		return;
	case OPT_LIST:
	case OPT_NUMBERS:
		set_list(l, row, line);
		return;
	case OPT_PLUGINS:
		set_plugins(l, row, line);
		return;
	case OPT_WORDS:
	case OPT_ACL:
		set_words(l, row, line);
		return;
	case OPT_INT:
	case OPT_BOOL:
	case OPT_MASK:
	case OPT_ENUM:
		set_number(l, row, line->value);
		return;
	case OPT_ALIAS:
	case OPT_RETIRED:
		return;
	}
}

static void say_unknown(struct load *l, const char *key)
{
	const struct config_row *like = NULL;

	if (!config_messages_full(l->msgs))
		like = config_row_nearest(key);
	if (like)
		say(l, CONFIG_WARN, "unknown option \"%.60s\", perhaps %s is meant; the line is ignored",
		    key, like->name);
	else
		say(l, CONFIG_WARN, "unknown option \"%.60s\"; the line is ignored", key);
}

static void read_setting(struct load *l, const struct config_line *line)
{
	const struct config_row *row = config_row_find(line->key);

	if (!row) {
		say_unknown(l, line->key);
		return;
	}
	if (row->type == OPT_RETIRED) {
		say(l, CONFIG_WARN, "%s is no longer an option: %s", row->name, row->instead);
		return;
	}
	if (row->type == OPT_ALIAS) {
		say(l, CONFIG_INFO, "%s is taken as %s", row->name, row->instead);
		row = config_row_find(row->instead);
	}
	set_option(l, row, line);
}

static void read_line(struct load *l, const struct config_line *line)
{
	switch (line->kind) {
	case LINE_SETTING:
		read_setting(l, line);
		return;
	case LINE_NO_EQUALS:
		say(l, CONFIG_WARN, "\"%.60s\": not of the form `option = value'; the line is ignored",
		    line->key);
		return;
	case LINE_TOO_LONG:
		say(l, CONFIG_ERR, "the line is longer than %d bytes", CONFIG_LINE_MAX);
		return;
	case LINE_NUL:
		say(l, CONFIG_ERR, "the line holds a NUL byte; this is not a text file");
		return;
	}
}

/* ---- from libconfuse into the struct ------------------------------------------------------ */

static int copy_strings(cfg_opt_t *opt, struct config_list *out)
{
	size_t count = cfg_opt_size(opt);

	if (count == 0)
		return 0;
	out->item = calloc(count, sizeof(*out->item));
	if (!out->item)
		return ENOMEM;
	for (; out->count < count; out->count++) {
		out->item[out->count] = strdup(cfg_opt_getnstr(opt, (unsigned)out->count));
		if (!out->item[out->count])
			return ENOMEM;
	}
	return 0;
}

static int copy_numbers(cfg_opt_t *opt, struct config_numbers *out)
{
	size_t count = cfg_opt_size(opt);

	if (count == 0)
		return 0;
	out->item = calloc(count, sizeof(*out->item));
	if (!out->item)
		return ENOMEM;
	for (; out->count < count; out->count++)
		out->item[out->count] = (int)cfg_opt_getnint(opt, (unsigned)out->count);
	return 0;
}

static int copy_acl(cfg_opt_t *opt, struct acl *out)
{
	struct buf text = BUF_INIT;
	char *bad = NULL;
	int err = 0;

	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		buf_str(&text, i > 0 ? "," : "");
		buf_str(&text, cfg_opt_getnstr(opt, i));
	}
	if (text.failed)
		err = ENOMEM;
	else if (text.len > 0)
		err = acl_parse(out, text.data, &bad); /* each line was accepted already */
	free(bad);
	buf_free(&text);
	return err;
}

static int copy_string(cfg_opt_t *opt, char **out)
{
	const char *text = cfg_opt_getnstr(opt, 0);

	if (!text || !*text)
		return 0;
	*out = strdup(text);
	return *out ? 0 : ENOMEM;
}

static int copy_row(struct load *l, const struct config_row *row)
{
	void *field = config_field(l->c, row);
	cfg_opt_t *opt = option_of(l, row);

	switch (row->type) {
	case OPT_INT:
	case OPT_ENUM:
		*(int *)field = (int)cfg_opt_getnint(opt, 0);
		return 0;
	case OPT_BOOL:
		*(bool *)field = cfg_opt_getnint(opt, 0) != 0;
		return 0;
	case OPT_MASK:
		*(uint32_t *)field = (uint32_t)cfg_opt_getnint(opt, 0);
		return 0;
	case OPT_STRING:
		return copy_string(opt, field);
	case OPT_LIST:
	case OPT_PLUGINS:
	case OPT_WORDS:
		return copy_strings(opt, field);
	case OPT_NUMBERS:
		return copy_numbers(opt, field);
	case OPT_ACL:
		return copy_acl(opt, field);
	case OPT_ALIAS:
	case OPT_RETIRED:
		break;
	}
	return 0;
}

static void free_list(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct config_list){ NULL, 0 };
}

static void free_numbers(struct config_numbers *numbers)
{
	free(numbers->item);
	*numbers = (struct config_numbers){ NULL, 0 };
}

static void free_row(struct config *c, const struct config_row *row)
{
	void *field = config_field(c, row);

	switch (row->type) {
	case OPT_STRING:
		free(*(char **)field);
		return;
	case OPT_LIST:
	case OPT_PLUGINS:
	case OPT_WORDS:
		free_list(field);
		return;
	case OPT_NUMBERS:
		free_numbers(field);
		return;
	case OPT_ACL:
		acl_done(field);
		return;
	default:
		return;
	}
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < config_row_count; i++)
		if (config_row_is_option(&config_rows[i]))
			free_row(c, &config_rows[i]);
	free(c->file);
	free(c);
}

/* ---- what several options say together ------------------------------------------------------ */

/* Messages about an option name the line that set it. */
static void point_at(struct load *l, const char *name)
{
	l->line = l->set_at[index_of(config_row_find(name))];
}

static void check_ports(struct load *l)
{
	struct config *c = l->c;
	int first = c->rtp_port_low + c->rtp_port_low % 2;

	point_at(l, "rtp_port_high");
	if (c->rtp_port_high == first && first < 65535) {
		c->rtp_port_high++; /* a firewall with no phone yet writes 7070 and 7070 */
		say(l, CONFIG_WARN, "rtp_port_high = %d leaves no room for one pair of ports; "
		    "%d is used", first, c->rtp_port_high);
	}
	if (c->rtp_port_high <= first) {
		say(l, CONFIG_ERR, "rtp_port_low = %d and rtp_port_high = %d leave no pair of ports",
		    c->rtp_port_low, c->rtp_port_high);
		return;
	}
	point_at(l, "rtp_port_low");
	if (c->rtp_port_low != first)
		say(l, CONFIG_WARN, "rtp_port_low = %d is odd, the first port is %d",
		    c->rtp_port_low, first);
	point_at(l, "sip_listen_port");
	if (c->sip_listen_port >= c->rtp_port_low && c->sip_listen_port <= c->rtp_port_high)
		say(l, CONFIG_WARN, "sip_listen_port = %d is one of the RTP ports %d to %d",
		    c->sip_listen_port, c->rtp_port_low, c->rtp_port_high);
}

/* As before: lists that do not match are ignored, and the rest of the file counts. */
static void check_domains(struct load *l)
{
	struct config *c = l->c;
	size_t names = c->outbound_domain_name.count, hosts = c->outbound_domain_host.count;
	size_t ports = c->outbound_domain_port.count;

	if (names == hosts && names == ports)
		return;
	point_at(l, names ? "outbound_domain_name" : hosts ? "outbound_domain_host"
							   : "outbound_domain_port");
	say(l, CONFIG_WARN, "%zu outbound_domain_name, %zu outbound_domain_host and %zu "
	    "outbound_domain_port do not match; all of them are ignored", names, hosts, ports);
	free_list(&c->outbound_domain_name);
	free_list(&c->outbound_domain_host);
	free_numbers(&c->outbound_domain_port);
}

static void check_masks(struct load *l)
{
	struct config *c = l->c;

	if (c->mask_host.count == c->masked_host.count)
		return;
	point_at(l, c->mask_host.count ? "mask_host" : "masked_host");
	say(l, CONFIG_WARN, "%zu mask_host and %zu masked_host do not match; all of them are ignored",
	    c->mask_host.count, c->masked_host.count);
	free_list(&c->mask_host);
	free_list(&c->masked_host);
}

/*
 * Options of plugins are told with the plugin's load_plugin line; those of a plugin that is not
 * loaded never did anything.
 */
static void say_later(struct load *l)
{
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (!config_row_is_option(row) || config_row_is_default(l->c, row))
			continue;
		l->line = l->set_at[i];
		if (row->flags & OPT_NO_EFFECT)
			say(l, CONFIG_INFO, "%s is not needed and has no effect", row->name);
		else if (row->flags & OPT_LATER && !row->plugin)
			say(l, CONFIG_WARN, "%s is understood, but has no effect yet%s%s", row->name,
			    row->instead ? ": " : "", row->instead ? row->instead : "");
	}
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int build(struct load *l)
{
	int err = 0;

	l->c = calloc(1, sizeof(*l->c));
	if (!l->c)
		return ENOMEM;
	l->c->file = strdup(l->file);
	if (!l->c->file)
		return ENOMEM;
	for (size_t i = 0; i < config_row_count && !err; i++)
		err = copy_row(l, &config_rows[i]);
	if (err)
		return err;
	check_ports(l);
	check_domains(l);
	check_masks(l);
	say_later(l);
	return l->errors > 0 ? EINVAL : 0;
}

static int read_text(struct load *l, char *text, size_t len)
{
	struct config_lines lines;
	struct config_line line;
	int err = start_libconfuse(l);

	if (err)
		return err;
	config_lines_start(&lines, text, len);
	while (config_lines_next(&lines, &line) && !l->no_memory) {
		l->line = line.number;
		read_line(l, &line);
	}
	return l->no_memory ? ENOMEM : build(l);
}

int config_parse(struct config **out, const char *name, const char *text, size_t len,
    struct config_messages *msgs)
{
	struct load l = { .msgs = msgs, .file = name };
	char *copy;
	int err;

	*out = NULL;
	if (len > CONFIG_FILE_MAX) {
		say(&l, CONFIG_ERR, "the file is larger than %d bytes", CONFIG_FILE_MAX);
		return EFBIG;
	}
	copy = malloc(len + 1);
	if (!copy)
		return ENOMEM;
	if (len > 0)
		memcpy(copy, text, len);
	err = read_text(&l, copy, len);
	end_libconfuse(&l);
	free(copy);
	if (err)
		config_free(l.c);
	else
		*out = l.c;
	return err;
}

/* At most CONFIG_FILE_MAX + 1 bytes: config_parse() says that this is too much. */
static int read_all(int fd, char **data, size_t *len)
{
	size_t max = CONFIG_FILE_MAX + 1;
	ssize_t n = 1;

	*len = 0;
	*data = malloc(max);
	if (!*data)
		return ENOMEM;
	while (n != 0 && *len < max) {
		n = read(fd, *data + *len, max - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			return errno;
	}
	return 0;
}

/* Also from a pipe; a directory can be opened, but not read. */
static int read_file(const char *path, char **data, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err;

	*data = NULL;
	if (fd < 0)
		return errno;
	err = read_all(fd, data, len);
	close(fd);
	return err;
}

static int search(char **path, char **data, size_t *len, struct config_messages *msgs)
{
	static const char *const place[] = { SYSCONFDIR "/siproxd.conf", "/etc/siproxd.conf",
		"/etc/siproxd/siproxd.conf", "/usr/etc/siproxd.conf", "/usr/local/etc/siproxd.conf" };
	const size_t places = sizeof(place) / sizeof(place[0]);
	const char *home = getenv("HOME");

	for (size_t i = 0; i <= places; i++) {
		struct buf name = BUF_INIT;
		int err;

		if (i == 0 && !home)
			continue;
		if (i == 0)
			buf_printf(&name, "%s/.siproxdrc", home);
		else
			buf_str(&name, place[i - 1]);
		*path = buf_take(&name);
		if (!*path)
			return ENOMEM;
		err = read_file(*path, data, len);
		if (!err)
			return 0;
		free(*data);
		*data = NULL;
		if (err != ENOENT && err != ENOTDIR)
			config_say(msgs, CONFIG_WARN, *path, 0, "%s", strerror(err));
		free(*path);
		*path = NULL;
	}
	config_say(msgs, CONFIG_ERR, NULL, 0, "no configuration file found: no ~/.siproxdrc, and no "
	    "siproxd.conf in " SYSCONFDIR ", /etc, /etc/siproxd, /usr/etc, /usr/local/etc");
	return ENOENT;
}

static int read_named(const char *path, char **found, char **data, size_t *len,
    struct config_messages *msgs)
{
	int err = read_file(path, data, len);

	if (err) {
		config_say(msgs, CONFIG_ERR, path, 0, "%s", strerror(err));
		return err;
	}
	*found = strdup(path);
	return *found ? 0 : ENOMEM;
}

int config_load(struct config **out, const char *path, struct config_messages *msgs)
{
	char *found = NULL, *data = NULL;
	size_t len = 0;
	int err;

	*out = NULL;
	err = path ? read_named(path, &found, &data, &len, msgs)
		   : search(&found, &data, &len, msgs);
	if (!err) {
		config_say(msgs, CONFIG_INFO, found, 0, "this file is read");
		err = config_parse(out, found, data, len, msgs);
	}
	free(found);
	free(data);
	return err;
}
