/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "failing_alloc.h"

#include "proxy/dialog.c" /* so that its allocations can be made to fail */

#include "tap.h"

#define KEY ((const uint8_t *)"0123456789abcdef")

static struct dialog *find(struct dialogs *ds, const char *id, const char *lan, const char *wan)
{
	return dialog_find(ds, str_of(id), str_of(lan), str_of(wan));
}

static void test_find(void)
{
	struct timers timers;
	struct dialogs *ds;
	struct dialog *a, *b, *c;

	timers_init(&timers, 0);
	is_int(dialogs_new(&ds, &timers, KEY, 2), 0, "a table");
	is_int(dialog_new(ds, str_of("id"), str_of("x"), str_of("y"), false, &a), 0, "a dialog");
	is_int(dialog_new(ds, str_of("id"), str_of("y"), str_of("x"), false, &b), 0,
	    "and its mirror image: a call that hairpins");
	is_int(dialog_new(ds, str_of("id"), str_of("z"), str_of("x"), false, &c), ENOSPC,
	    "not for ever");
	ok(find(ds, "id", "x", "y") == a && find(ds, "id", "y", "x") == b, "are told apart");
	ok(!find(ds, "id", "x", "x") && !find(ds, "ID", "x", "y") && !find(ds, "id", "X", "y") &&
		!find(ds, "id", "", "xy"),
	    "and nothing else is found");
	dialog_keep_for(a, 1000);
	timers_run(&timers, 999);
	ok(find(ds, "id", "x", "y") == a, "it stays as long as asked");
	dialog_keep_for(a, 1000);
	timers_run(&timers, 1500);
	ok(find(ds, "id", "x", "y") == a, "or longer");
	timers_run(&timers, 2000);
	ok(!find(ds, "id", "x", "y"), "and ends by itself");
	is_int((long long)dialogs_count(ds), 1, "one is left");
	dialog_free(NULL);
	dialogs_free(ds);
	timers_done(&timers);
}

/* The limit is of those without a call, and may change at any time. */
static void test_limit(void)
{
	struct timers timers;
	struct dialogs *ds;
	struct dialog *a, *b, *c;

	timers_init(&timers, 0);
	dialogs_new(&ds, &timers, KEY, 1);
	is_int(dialog_new(ds, str_of("1"), str_of("x"), str_of("y"), false, &a), 0, "one is kept");
	is_int(dialog_new(ds, str_of("2"), str_of("x"), str_of("y"), false, &b), ENOSPC, "no more");
	is_int(dialog_new(ds, str_of("2"), str_of("x"), str_of("y"), true, &b), 0,
	    "but a call's is");
	dialogs_set_max(ds, 2);
	is_int(dialog_new(ds, str_of("3"), str_of("x"), str_of("y"), false, &c), 0,
	    "a higher limit");
	dialogs_set_max(ds, 1);
	dialog_free(c);
	is_int(dialog_new(ds, str_of("3"), str_of("x"), str_of("y"), false, &c), ENOSPC,
	    "a lower one");
	dialog_free(a);
	is_int(dialog_new(ds, str_of("3"), str_of("x"), str_of("y"), false, &c), 0,
	    "one goes, one comes");
	is_int((long long)dialogs_count(ds), 2, "with the call's");
	dialogs_free(ds);
	timers_done(&timers);
}

static void test_set(void)
{
	char *field = NULL;

	is_int(dialog_set(&field, str_of("sip:a@b")), 0, "a field");
	is_str(field, "sip:a@b", "is set");
	is_int(dialog_set(&field, str_of("")), 0, "nothing");
	is_str(field, "sip:a@b", "leaves it");
	alloc_until_failure = 0;
	is_int(dialog_set(&field, str_of("sip:c@d")), ENOMEM, "no memory");
	alloc_until_failure = -1;
	is_str(field, "sip:a@b", "leaves it too");
	dialog_set(&field, str_of("sip:c@d"));
	is_str(field, "sip:c@d", "another value");
	free(field);
}

static void test_no_memory(void)
{
	struct timers timers;
	bool failed = true;
	long n = 0;

	timers_init(&timers, 0);
	for (; failed && n < 100; n++) {
		struct dialogs *ds = NULL;
		struct dialog *d;

		alloc_until_failure = n;
		failed = dialogs_new(&ds, &timers, KEY, 2) != 0 ||
		    dialog_new(ds, str_of("id"), str_of("x"), str_of("y"), false, &d) != 0;
		alloc_until_failure = -1;
		dialogs_free(ds);
	}
	ok(n > 4 && n < 100, "each allocation may fail");
	timers_done(&timers);
}

int main(void)
{
	test_find();
	test_limit();
	test_set();
	test_no_memory();
	return tap_done();
}
