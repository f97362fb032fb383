/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "config_reading.h"
#include "plugin/builtin.h"

#define say reading_say

/* A wrong value ends the start; but not that of an option which does nothing any more, or of a
 * plugin: without that the phones still work. */
static enum config_level wrong(const struct config_row *row)
{
	bool lenient = row->flags & (OPT_NO_EFFECT | OPT_LENIENT) || row->plugin;

	return lenient ? CONFIG_WARN : CONFIG_ERR;
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

/* For --check, the line as we read it. */
static void understood(struct reading *r, const struct config_row *row, const char *value)
{
	bool unit = row->unit && row->type != OPT_ENUM;

	say(r, CONFIG_SET, "%s = %s%s%s (%s)", row->name,
	    row->flags & OPT_SECRET ? "(hidden)" : value, unit ? " " : "", unit ? row->unit : "",
	    row->meaning);
}

/* Looks at what the store said to a new value. */
static void stored(struct reading *r, const struct config_row *row, int err, bool replaces)
{
	unsigned *set_at = reading_set_at(r, row);

	if (err == ENOMEM) {
		r->no_memory = true;
		return;
	}
	if (err == E2BIG) {
		say(r, CONFIG_ERR, "%s: more than %d entries", row->name, CONFIG_LIST_MAX);
		return;
	}
	if (err) {
		say(r, CONFIG_ERR, "%s: libconfuse cannot read this value", row->name);
		return;
	}
	if (replaces && *set_at)
		say(r, CONFIG_WARN, "%s is set again; what line %u says is void", row->name,
		    *set_at);
	*set_at = r->line;
}

/* ---- numbers and words --------------------------------------------------------------------- */

/* The place of `word` in "strict|any", or -1. */
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
	char after = digits[strspn(digits, "01234567")];

	return digits[0] == '0' && (after == '8' || after == '9');
}

/* Says what the classic siproxd accepted in silence, and few people mean. */
static void say_odd_number(struct reading *r, const struct config_row *row, const char *text,
    const char *rest, long long n)
{
	const char *digits = text + strspn(text, "+-");

	if (*rest)
		say(r, CONFIG_WARN, "%s = %.60s: read as %lld%s%s", row->name, text, n,
		    row->unit ? " " : "", row->unit ? row->unit : "");
	else if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '7')
		say(r, CONFIG_WARN, "%s = %.60s: a leading 0 makes it octal, this is %lld",
		    row->name, text, n);
}

/* Letters among the digits, 5O60 or 3l0, are a slip of the pen that changes the number. Behind
 * them, 10s, they are a unit; a port has none. */
static bool is_mistyped(const struct config_row *row, const char *rest)
{
	bool is_port = row->max == UINT16_MAX;
	size_t letters = 0;

	while (isalpha((unsigned char)rest[letters]))
		letters++;
	return letters > 0 && (is_port || isdigit((unsigned char)rest[letters]));
}

/* A number as the classic siproxd took it: decimal, 0x hexadecimal, 0 octal, and then anything but
 * a slip of the pen. */
static bool read_number(struct reading *r, const struct config_row *row, const char *text,
    long long *out)
{
	char *rest;
	bool fits;

	errno = 0;
	*out = strtoll(text, &rest, 0);
	if (rest == text || is_broken_octal(text) || *rest == 'x' || *rest == 'X' ||
	    is_mistyped(row, rest)) {
		say(r, wrong(row), "%s = %.60s: %s", row->name, text,
		    row->type == OPT_BOOL ? "must be yes or no" : "this is not a number");
		return false;
	}
	fits = errno != ERANGE && *out >= row->min && *out <= row->max;
	if (*out == 0 && row->flags & OPT_ZERO_DEFAULT)
		fits = true;
	if (fits)
		say_odd_number(r, row, text, rest, *out);
	else
		say(r, wrong(row), "%s = %.60s: must be between %lld and %lld%s%s", row->name, text,
		    row->min, row->max, row->unit ? " " : "", row->unit ? row->unit : "");
	return fits;
}

/* 0, 1 and the usual words; any other number is 1, as before. */
static bool read_bool(struct reading *r, const struct config_row *row, const char *text,
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
	if (!read_number(r, &any, text, out))
		return false;
	if (*out != 0 && *out != 1)
		say(r, CONFIG_WARN, "%s = %.60s: read as 1, which means yes", row->name, text);
	*out = *out != 0;
	return true;
}

static bool read_enum(struct reading *r, const struct config_row *row, const char *text,
    long long *out)
{
	*out = word_index(row->unit, text);
	if (*out < 0)
		say(r, wrong(row), "%s = %.60s: must be one of %s", row->name, text, row->unit);
	return *out >= 0;
}

static void set_number(struct reading *r, const struct config_row *row, const char *text)
{
	char value[32];
	long long n;
	bool good = row->type == OPT_BOOL ? read_bool(r, row, text, &n)
	    : row->type == OPT_ENUM       ? read_enum(r, row, text, &n)
					  : read_number(r, row, text, &n);

	if (!good)
		return;
	if (n == 0 && row->flags & OPT_ZERO_DEFAULT) {
		n = strtoll(row->def, NULL, 0);
		say(r, CONFIG_WARN,
		    "%s = 0 would let calls live on whose phones are gone; "
		    "%lld %s are used",
		    row->name, n, row->unit);
	}
	if (row->type == OPT_MASK)
		n = (int32_t)(uint32_t)n; /* libconfuse's long may have 32 bits */
	snprintf(value, sizeof(value), "%lld", n);
	stored(r, row, config_store_set(r->store, row, value), true);
	understood(r, row, row->type == OPT_INT || row->type == OPT_BOOL ? value : text);
}

/* ---- lists --------------------------------------------------------------------------------- */

/* Where each entry stands, for those who have to say something about one of them. */
static void remember_entry(struct reading *r, const struct config_row *row)
{
	if (r->n_entries == r->cap_entries) {
		size_t cap = r->cap_entries ? 2 * r->cap_entries : 16;
		struct list_entry *more = realloc(r->entry, cap * sizeof(*more));

		if (!more) {
			r->no_memory = true;
			return;
		}
		r->entry = more;
		r->cap_entries = cap;
	}
	r->entry[r->n_entries++] = (struct list_entry){row, r->line};
}

unsigned reading_line_of(struct reading *r, const struct config_row *row, size_t n)
{
	for (size_t i = 0; i < r->n_entries; i++)
		if (r->entry[i].row == row && n-- == 0)
			return r->entry[i].line;
	return *reading_set_at(r, row);
}

static void set_list(struct reading *r, const struct config_row *row,
    const struct config_line *line)
{
	const char *item = line->value;

	stored(r, row, config_store_add(r->store, row, line->value, line->count, false), false);
	for (size_t i = 0; i < line->count; i++, item = config_line_after(item)) {
		remember_entry(r, row);
		understood(r, row, item);
	}
}

static void set_numbers(struct reading *r, const struct config_row *row,
    const struct config_line *line)
{
	const char *item = line->value;

	for (size_t i = 0; i < line->count; i++, item = config_line_after(item)) {
		char text[32];
		long long n;

		if (!read_number(r, row, item, &n))
			return;
		snprintf(text, sizeof(text), "%lld", n);
		stored(r, row, config_store_add(r->store, row, text, 1, false), false);
		understood(r, row, text);
	}
}

static void say_plugin(struct reading *r, const char *item)
{
	char name[CONFIG_PLUGIN_NAME_MAX];
	const char *like;

	if (builtin_plugin_find(config_plugin_name(item, name)))
		return;
	like = config_plugin_nearest(name);
	say(r, CONFIG_WARN, "there is no plugin \"%s\"%s%s; it is not loaded", name,
	    like ? ", did you mean plugin_" : "", like ? like : "");
}

static void set_plugins(struct reading *r, const struct config_row *row,
    const struct config_line *line)
{
	const char *item = line->value;

	set_list(r, row, line);
	for (size_t i = 0; i < line->count; i++, item = config_line_after(item))
		say_plugin(r, item);
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

/* Adds the words of "a, b" to `words`, each with its NUL, and to `plain` ("a, b"). */
static size_t split_words(const char *text, struct buf *words, struct buf *plain)
{
	size_t count = 0;

	while (*text) {
		const char *s = text, *end = text + strcspn(text, ",");

		text = *end ? end + 1 : end;
		strip(&s, &end);
		if (s == end)
			continue;
		buf_str(plain, plain->len > 0 ? ", " : "");
		buf_add(plain, s, (size_t)(end - s));
		buf_add(words, s, (size_t)(end - s));
		buf_add(words, "", 1);
		count++;
	}
	return count;
}

/* A list of networks is taken whole or not at all: half a deny list would let somebody in. */
static bool is_good_acl(struct reading *r, const struct config_row *row, const char *text)
{
	struct acl acl;
	char *bad = NULL;
	int err = acl_parse(&acl, text, &bad);

	if (err == EINVAL)
		say(r, wrong(row),
		    "%s: \"%.60s\" is neither an address nor a network like "
		    "192.168.1.0/24%s",
		    row->name, bad ? bad : text,
		    strpbrk(bad ? bad : text, " \t") ? "; several are separated by commas" : "");
	else if (err)
		r->no_memory = true;
	free(bad);
	if (!err)
		acl_done(&acl);
	return err == 0;
}

static void set_words(struct reading *r, const struct config_row *row,
    const struct config_line *line)
{
	struct buf words = BUF_INIT, plain = BUF_INIT;
	const char *item = line->value;
	size_t count = 0;

	for (size_t i = 0; i < line->count; i++, item = config_line_after(item))
		count += split_words(item, &words, &plain);
	if (words.failed || plain.failed)
		r->no_memory = true;
	else if (count == 0 && !line->quoted && !line->list)
		say(r, CONFIG_WARN, "%s has no value; the line is ignored", row->name);
	else if (row->type != OPT_ACL || count == 0 || is_good_acl(r, row, plain.data)) {
		stored(r, row, config_store_add(r->store, row, words.data, count, !line->append),
		    !line->append);
		understood(r, row, count > 0 ? plain.data : "nothing");
	}
	buf_free(&words);
	buf_free(&plain);
}

/* ---- one line ------------------------------------------------------------------------------ */

static bool has_control_character(const struct config_line *line)
{
	const char *item = line->value;

	for (size_t i = 0; i < line->count; i++, item = config_line_after(item))
		for (const char *c = item; *c; c++)
			if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
				return true;
	return false;
}

/* What a value may not look like, whatever the option. */
static bool is_refused(struct reading *r, const struct config_row *row,
    const struct config_line *line)
{
	const char *why = NULL;

	if (line->broken)
		why = "the { } around the values is not complete, or they are not separated by "
		      "commas";
	else if (!is_list(row) && line->count != 1)
		why = "takes one value, not a list";
	else if (has_control_character(line))
		why = "control character in the value";
	if (why)
		say(r, wrong(row), "%s: %s", row->name, why);
	return why != NULL;
}

/* Values that leave the option as it was. */
static bool is_nothing(struct reading *r, const struct config_row *row,
    const struct config_line *line)
{
	if (line->quoted || line->list)
		return false;
	if (!*line->value) {
		say(r, CONFIG_WARN, "%s has no value; the line is ignored", row->name);
		return true;
	}
	/* A template whose variable had no value; in a list of networks that fails closed. */
	if (strcmp(line->value, "undef") == 0 && row->type != OPT_ACL) {
		say(r, CONFIG_WARN, "%s = undef is taken as not set", row->name);
		return true;
	}
	return false;
}

/* The value starts with a quote that does not embrace it. "eth1", "eth2" is no mistake. */
static void say_stray_quote(struct reading *r, const struct config_row *row, const char *value)
{
	size_t quotes = 0;

	for (const char *c = value; *c; c++)
		quotes += *c == *value;
	if (quotes % 2)
		say(r, CONFIG_WARN, "%s: the quote is not closed and is taken as part of the value",
		    row->name);
	else if (!is_words(row))
		say(r, CONFIG_WARN,
		    "%s: the quotes do not embrace the whole value and are taken as "
		    "part of it",
		    row->name);
}

static void set_option(struct reading *r, const struct config_row *row,
    const struct config_line *line)
{
	if (is_nothing(r, row, line) || is_refused(r, row, line))
		return;
	if (line->stray)
		say_stray_quote(r, row, line->value);
	switch (row->type) {
	case OPT_INT:
	case OPT_BOOL:
	case OPT_MASK:
	case OPT_ENUM:
		set_number(r, row, line->value);
		return;
	case OPT_STRING:
		stored(r, row, config_store_set(r->store, row, line->value), true);
		understood(r, row, *line->value ? line->value : "nothing");
		return;
	case OPT_LIST:
		set_list(r, row, line);
		return;
	case OPT_PLUGINS:
		set_plugins(r, row, line);
		return;
	case OPT_NUMBERS:
		set_numbers(r, row, line);
		return;
	case OPT_WORDS:
	case OPT_ACL:
		set_words(r, row, line);
		return;
	case OPT_ALIAS:
	case OPT_RETIRED:
		return;
	}
}

static void say_unknown(struct reading *r, const char *key)
{
	const struct config_row *like = NULL;

	if (!config_messages_full(r->msgs)) /* else it is lost labour */
		like = config_row_nearest(key);
	say(r, CONFIG_WARN, "unknown option \"%.60s\"%s%s; the line is ignored", key,
	    like ? ", did you mean " : "", like ? like->name : "");
}

static void set_by_name(struct reading *r, const struct config_line *line)
{
	const struct config_row *row = config_row_find(line->key);

	if (!row) {
		say_unknown(r, line->key);
		return;
	}
	if (row->type == OPT_RETIRED) {
		say(r, CONFIG_WARN, "%s is no longer an option: %s", row->name, row->instead);
		return;
	}
	if (row->type == OPT_ALIAS) {
		say(r, CONFIG_INFO, "%s is taken as %s", row->name, row->instead);
		row = config_row_find(row->instead);
	}
	set_option(r, row, line);
}

/* The length of the first word, at most max. */
static size_t first_word(const char *text, size_t max)
{
	size_t len = strcspn(text, " \t");

	return len < max ? len : max;
}

void config_set_line(struct reading *r, const struct config_line *line)
{
	r->line = line->number;
	switch (line->kind) {
	case LINE_SETTING:
		set_by_name(r, line);
		return;
	case LINE_NO_EQUALS:
		/* The first word is enough: the next may be a password. */
		say(r, CONFIG_WARN, "\"%.*s\" without a '=' is no setting; the line is ignored",
		    (int)first_word(line->key, 60), line->key);
		return;
	case LINE_TOO_LONG:
		say(r, CONFIG_ERR, "the line is longer than %d bytes", CONFIG_LINE_MAX);
		return;
	case LINE_NUL:
		say(r, CONFIG_ERR, "this is not a text file (from Windows: save it as UTF-8)");
		return;
	}
}
