/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>

#include "tap.h"

int main(void)
{
	struct buf b = BUF_INIT;
	char *s;

	s = buf_take(&b);
	is_str(s, "", "an empty buffer gives an empty string");
	free(s);

	buf_uint(&b, 0);
	buf_uint(&b, 10);
	buf_uint(&b, UINT64_MAX);
	is_str(b.data, "01018446744073709551615", "numbers in decimal digits");
	buf_free(&b);

	/* What fits, what just does not, and what is larger than all before it */
	for (size_t len = 1; len < 2000; len += 7) {
		buf_printf(&b, "%0*d", (int)len, 7);
		if (b.failed || b.data[b.len] != '\0' || b.data[b.len - 1] != '7')
			break;
	}
	is_int((long long)b.len, 285571, "printed text grows as it must");
	is_int((long long)strlen(b.data), (long long)b.len, "... and ends where it should");
	buf_free(&b);

	buf_str(&b, "INVITE");
	buf_add(&b, " \0x", 3);
	is_int((long long)b.len, 9, "NULs are bytes like others");
	ok(memcmp(b.data, "INVITE \0x", 10) == 0, "... and there is one behind");
	buf_reset(&b);
	ok(b.len == 0 && b.data != NULL && b.data[0] == '\0', "reset empties and keeps the memory");
	buf_printf(&b, "%s %d", "port", 5060);
	is_str(b.data, "port 5060", "printf");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, ",%03d", i);
	is_int((long long)b.len, 9 + 4000, "it grows");
	is_str(b.data + b.len - 8, ",998,999", "... with its content");
	ok(b.data[b.len] == '\0', "... and its NUL");
	buf_add(&b, NULL, 0);
	is_int((long long)b.len, 4009, "adding nothing");
	s = buf_take(&b);
	ok(s != NULL && b.data == NULL && b.len == 0, "take hands the memory over");
	free(s);

	buf_str(&b, "x");
	buf_add(&b, "y", SIZE_MAX - 2);
	ok(b.failed, "a length that cannot be is a failure");
	buf_str(&b, "z");
	is_int((long long)b.len, 1, "... and what follows does nothing");
	ok(buf_take(&b) == NULL, "... and nothing is handed over");
	ok(!b.failed && b.data == NULL, "... after which it can be used again");
	buf_set(&b, "long enough", 4);
	is_str(b.data, "long", "set");
	is_int((long long)b.cap, 5, "... with no room for more");
	buf_set(&b, b.data + 1, 2);
	is_str(b.data, "on", "... of its own bytes, too");
	buf_str(&b, "e");
	is_str(b.data, "one", "... to which more may be added");
	buf_cut(&b, 2);
	is_str(b.data, "on", "cut");
	is_int((long long)b.cap, 3, "... without room for the rest");
	buf_cut(&b, 3);
	is_str(b.data, "on", "... to what there is at most");
	buf_set(&b, NULL, 0);
	ok(b.len == 0 && b.data[0] == '\0', "... nothing");
	buf_free(&b);
	buf_free(NULL);
	return tap_done();
}
