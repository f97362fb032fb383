/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registration file, and behind a line "====" the one beside it, as somebody may have left
 * them. */
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

static int read_half(struct file *f, size_t max, char **data, size_t *len);

#define file_read read_half
#include "proxy/registrations.c"

static struct {
	const uint8_t *data;
	size_t len;
} half[2];

/* Which of the two is meant, since there is no file. */
static char table_file, more_file;

static int read_half(struct file *f, size_t max, char **data, size_t *len)
{
	int n = (char *)f == &more_file;

	*len = half[n].len < max ? half[n].len : max;
	*data = malloc(*len + 1);
	if (!*data)
		return ENOMEM;
	memcpy(*data, half[n].data, *len);
	(*data)[*len] = '\0';
	return 0;
}

static void split(const uint8_t *data, size_t size)
{
	static const char mark[] = "\n====\n";
	const uint8_t *at = memmem(data, size, mark, sizeof(mark) - 1);

	half[0].data = data;
	half[0].len = at ? (size_t)(at + 1 - data) : size;
	half[1].data = at ? at + sizeof(mark) - 1 : data + size;
	half[1].len = (size_t)(data + size - half[1].data);
}

/* What is kept can be written into a line of a message, or of the file. */
static void check(struct binding *b, void *arg)
{
	struct sip_uri uri;

	(void)arg;
	HOLDS(sip_uri_parse(&uri, str_of(b->contact)) == 0 &&
	    sip_uri_parse(&uri, str_of(b->aor)) == 0);
	HOLDS(str_is_word(str_of(b->mask_user)) && str_is_word(str_of(b->user)));
	HOLDS(!b->instance || !strpbrk(b->instance, "\t\n"));
	HOLDS(!b->call_id || !strpbrk(b->call_id, "\t\n"));
	HOLDS(b->expires > 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[SIPHASH_KEY_LEN];
	struct registrations r = {
	    .table = (struct file *)(void *)&table_file,
	    .more = (struct file *)(void *)&more_file,
	};
	uint8_t read_key[SIPHASH_KEY_LEN];
	struct location *loc;
	size_t count;

	if (location_new(&loc, key, 100) != 0)
		return 0;
	split(data, size);
	registrations_load(&r, loc, 1000, &count);
	HOLDS(count == location_count(loc));
	location_each(loc, check, NULL);
	registrations_key(&r, read_key);
	location_free(loc);
	return 0;
}
