/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config_messages.h"

static bool make_room(struct config_messages *msgs)
{
	size_t cap = msgs->cap ? 2 * msgs->cap : 16;
	struct config_message *item;

	if (msgs->count < msgs->cap)
		return true;
	item = realloc(msgs->item, cap * sizeof(*item));
	if (!item)
		return false;
	msgs->item = item;
	msgs->cap = cap;
	return true;
}

bool config_messages_full(const struct config_messages *msgs)
{
	return msgs->count >= CONFIG_MESSAGES_MAX;
}

void config_say(struct config_messages *msgs, enum config_level level, const char *file,
    unsigned line, const char *fmt, ...)
{
	struct config_message *m;
	char text[512];
	va_list ap;

	if (level == CONFIG_ERR)
		msgs->errors++;
	if (level == CONFIG_SET && !msgs->explain)
		return;
	if ((config_messages_full(msgs) && level != CONFIG_ERR) ||
	    msgs->count >= 2 * CONFIG_MESSAGES_MAX || !make_room(msgs)) {
		msgs->lost++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++) /* names and values come from the file */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	m = &msgs->item[msgs->count];
	m->level = level;
	m->line = line;
	m->file = file ? strdup(file) : NULL;
	m->text = strdup(text);
	if (!m->text || (file && !m->file)) {
		free(m->file);
		free(m->text);
		msgs->lost++;
		return;
	}
	msgs->count++;
}

void config_messages_done(struct config_messages *msgs)
{
	for (size_t i = 0; i < msgs->count; i++) {
		free(msgs->item[i].file);
		free(msgs->item[i].text);
	}
	free(msgs->item);
	*msgs = (struct config_messages)CONFIG_MESSAGES_INIT;
}

const char *config_message_text(const struct config_message *m, char *out, size_t size)
{
	static const char *const word[] = {"error: ", "warning: ", "", ""};
	char line[16] = "";

	if (m->line)
		snprintf(line, sizeof(line), "%u:", m->line);
	snprintf(out, size, "%s%s%s%s%s%s", m->file ? m->file : "", m->file ? ":" : "", line,
	    m->file ? " " : "", word[m->level], m->text);
	return out;
}

void config_messages_print(const struct config_messages *msgs, FILE *to)
{
	char text[1024];

	for (size_t i = 0; i < msgs->count; i++)
		if (msgs->item[i].level != CONFIG_SET)
			fprintf(to, "%s\n",
			    config_message_text(&msgs->item[i], text, sizeof(text)));
	if (msgs->lost)
		fprintf(to, "... and %zu more\n", msgs->lost);
}

void config_explain(const struct config_messages *msgs, FILE *to)
{
	bool any = false;

	for (size_t i = 0; i < msgs->count; i++) {
		const struct config_message *m = &msgs->item[i];

		if (m->level != CONFIG_SET)
			continue;
		fprintf(to, "line %u: %s\n", m->line, m->text);
		any = true;
	}
	if (any)
		fputc('\n', to);
	config_messages_print(msgs, to);
}
