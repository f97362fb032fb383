/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registration file: the classic format, what is damaged, and what stands beside it. */
#include "proxy/registrations.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/writer.h"
#include "proxy/location.h"
#include "proxy/side.h"
#include "tap.h"

#define KEY   ((const uint8_t *)"0123456789abcdef")
#define OTHER ((const uint8_t *)"fedcba9876543210")

static char dir[] = "/tmp/registrations_test.XXXXXX";
static char path[64], more[80];

static struct side_map *make_sides(uint16_t port, bool v6_only)
{
	static const char *const inbound[] = {"eth1"};
	struct side_setup setup = {inbound, 1, "eth0", NULL, port};
	struct netif_addr entry[2] = {{.name = "eth0", .index = 3, .up = true, .prefix_len = 24},
	    {.name = "eth0", .index = 3, .up = true, .prefix_len = 64}};
	struct netif_set set = {v6_only ? entry + 1 : entry, v6_only ? 1 : 2};
	struct side_map *sides;

	addr_parse(&entry[0].addr, "203.0.113.1", 0);
	addr_parse(&entry[1].addr, "2001:db8::1", 0);
	if (side_new(&sides, &setup) != 0 || side_refresh(sides, &set, NULL) != 0)
		abort();
	return sides;
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (!f || fputs(text, f) == EOF || fclose(f) != 0)
		abort();
}

static const char *get_file(const char *name)
{
	static char text[2 << 20];
	FILE *f = fopen(name, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
	return text;
}

static struct location *make_table(void)
{
	struct location *loc;

	if (location_new(&loc, KEY, 100) != 0)
		abort();
	return loc;
}

static struct registrations *open_file(void)
{
	struct registrations *r = NULL;

	if (registrations_open(&r, path, (uid_t)-1, (gid_t)-1) != 0)
		abort();
	return r;
}

/* One that may be written: nothing is written before the file was read. */
static struct registrations *open_read_file(void)
{
	struct registrations *r = open_file();
	struct location *nobody = make_table();
	size_t count;

	registrations_load(r, nobody, 1000, &count);
	location_free(nobody);
	return r;
}

/* Loads `text` at time 1000; how many came in. */
static size_t load(const char *text, int want_err, struct location **out)
{
	struct location *loc = make_table();
	struct registrations *r;
	size_t count = 99;

	unlink(more);
	put_file(path, text);
	r = open_file();
	is_int(registrations_load(r, loc, 1000, &count), want_err, "it is read");
	registrations_close(r);
	is_int((long long)count, (long long)location_count(loc), "the count is true");
	if (out)
		*out = loc;
	else
		location_free(loc);
	return count;
}

static void enter(struct location *loc, const char *contact, const char *instance,
    const char *call_id, int64_t until)
{
	struct location_contact c = {
	    .aor = str_of("sip:alice@example.net"),
	    .user = str_of("alice"),
	    .contact = str_of(contact),
	    .instance = str_of(instance),
	    .call_id = str_of(call_id),
	    .path = str_of("<sip:192.168.1.5;lr>, <sip:192.168.1.6;lr>"),
	};
	struct binding *b;

	addr_parse(&c.registrar, "198.51.100.7", 5061);
	addr_parse(&c.peer, "192.168.1.10", 5062);
	if (location_offer(loc, &c, 1000, &b) != 0 ||
	    location_confirm(loc, b, &c, until, 1000) != 0)
		abort();
}

/* So many bytes take some seconds' pause before they are written again. */
static void test_large(void)
{
	enum { PHONES = 9, LONG = 60000, PAUSE = PHONES * LONG / REGISTRATIONS_BYTES_PER_S };
	struct side_map *sides = make_sides(5060, false);
	struct location *loc = make_table();
	struct registrations *r;
	char contact[LONG + 64], name[32];

	unlink(path);
	r = open_read_file();
	for (int i = 0; i < PHONES; i++) {
		snprintf(contact, sizeof(contact), "sip:%0*d@192.168.1.10", LONG, i);
		snprintf(name, sizeof(name), "phone-%d", i);
		enter(loc, contact, name, name, 2000);
	}
	is_int(registrations_save(r, loc, sides, KEY, 1000, 0, false), 0, "a large table");
	enter(loc, "sip:late@192.168.1.10", "late", "late", 2000);
	put_file(path, "untouched\n");
	registrations_save(r, loc, sides, KEY, 1000 + PAUSE - 1, 0, false);
	is_str(get_file(path), "untouched\n", "one more phone waits until it is worth it");
	registrations_save(r, loc, sides, KEY, 1000 + PAUSE + 1, 0, false);
	ok(strstr(get_file(path), "sip:late@") != NULL, "... some seconds");
	enter(loc, "sip:last@192.168.1.10", "last", "last", 2000);
	registrations_save(r, loc, sides, KEY, 1000 + PAUSE + 1, 0, true);
	ok(strstr(get_file(path), "sip:last@") != NULL, "... and not at the end");
	registrations_close(r);
	location_free(loc);
	side_free(sides);
}

/* A disk that hangs while somebody else has the gate. */
struct slow_disk {
	pthread_mutex_t gate;
	int err;
};

static int write_slowly(void *arg, struct file *f, const void *data, size_t len)
{
	struct slow_disk *d = arg;
	int err;

	pthread_mutex_lock(&d->gate);
	err = d->err ? d->err : file_write(f, data, len, NULL);
	pthread_mutex_unlock(&d->gate);
	return err;
}

/* As the main thread does it, only quicker; until that comes of it, or ten seconds have passed. */
static bool save_until(struct registrations *r, const struct location *loc,
    const struct side_map *sides, int64_t now, int want_err, const char *want)
{
	for (int i = 0; i < 10000; i++) {
		int err = registrations_save(r, loc, sides, KEY, now, 0, false);

		if (err == want_err && (!want || strstr(get_file(more), want)))
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return false;
}

/* With a writer nobody waits for the disk, and nothing else is different. */
static void test_writer(void)
{
	struct slow_disk disk = {PTHREAD_MUTEX_INITIALIZER, 0};
	struct side_map *sides = make_sides(5060, false);
	struct location *loc = make_table();
	struct registrations *r;
	struct writer *w;

	unlink(path);
	unlink(more);
	r = open_read_file();
	if (writer_new(&w, write_slowly, &disk) != 0)
		abort();
	registrations_set_writer(r, w);
	pthread_mutex_lock(&disk.gate);
	enter(loc, "sip:first@192.168.1.10", "first", "first", 2000);
	is_int(registrations_save(r, loc, sides, KEY, 1000, 0, false), 0, "the disk hangs");
	enter(loc, "sip:second@192.168.1.10", "second", "second", 2000);
	is_int(registrations_save(r, loc, sides, KEY, 1001, 0, false), 0, "a second time");
	is_str(get_file(path), "", "and nothing is written");
	pthread_mutex_unlock(&disk.gate);
	ok(save_until(r, loc, sides, 1002, 0, "second"), "it goes on, and all is written");
	ok(strstr(get_file(path), "sip:second@") != NULL, "the table before that");
	pthread_mutex_lock(&disk.gate);
	disk.err = ENOSPC;
	enter(loc, "sip:third@192.168.1.10", "third", "third", 2000);
	is_int(registrations_save(r, loc, sides, KEY, 1003, 0, false), 0, "the disk fills");
	pthread_mutex_unlock(&disk.gate);
	ok(save_until(r, loc, sides, 1004, ENOSPC, NULL), "that is told");
	pthread_mutex_lock(&disk.gate);
	disk.err = 0;
	pthread_mutex_unlock(&disk.gate);
	ok(save_until(r, loc, sides, 1005, 0, "third"), "and it is tried again");
	enter(loc, "sip:fourth@192.168.1.10", "fourth", "fourth", 2000);
	registrations_save(r, loc, sides, KEY, 1006, 0, false);
	enter(loc, "sip:fifth@192.168.1.10", "fifth", "fifth", 2000);
	writer_free(w);
	registrations_set_writer(r, NULL);
	is_int(registrations_save(r, loc, sides, KEY, 1006, 0, true), 0, "at the end");
	ok(strstr(get_file(path), "sip:fourth@") && strstr(get_file(path), "sip:fifth@"),
	    "all is there");
	registrations_close(r);
	location_free(loc);
	side_free(sides);
}

/* A record as the classic one writes it, and as firewalls' pages read it. */
static void test_format(void)
{
	struct side_map *sides = make_sides(5060, false);
	struct location *loc = make_table();
	struct location_contact unconfirmed = {.aor = str_of("sip:x@y"),
	    .user = str_of("x"),
	    .contact = str_of("sip:x@192.168.1.9"),
	    .call_id = str_of("z")};
	struct registrations *r;
	struct binding *b;
	size_t count;

	unlink(path);
	unlink(more);
	r = open_file();
	is_int(registrations_load(r, loc, 1000, &count), 0, "an empty file");
	enter(loc, "sip:alice@192.168.1.10:5062;line=7", NULL, "call-1", 1700000000);
	location_offer(loc, &unconfirmed, 1000, &b);
	is_int(registrations_save(r, loc, sides, KEY, 1000, 0, false), 0, "is written");
	is_str(get_file(path),
	    "****:1:1700000000\n"
	    "sip:alice@192.168.1.10:5062;line=7\n"
	    "sip:alice@203.0.113.1\n"
	    "sip:alice@example.net\n",
	    "four lines a phone, of those that are confirmed");
	put_file(path, "untouched\n");
	is_int(registrations_save(r, loc, sides, KEY, 1000, 0, false), 0, "without a change");
	is_str(get_file(path), "untouched\n", "nothing is written");
	/* flash disks: a refresh waits */
	enter(loc, "sip:alice@192.168.1.10:5062;line=7", NULL, "call-1", 1700000600);
	registrations_save(r, loc, sides, KEY, 1000 + REGISTRATIONS_CALM_S - 1, 0, false);
	is_str(get_file(path), "untouched\n", "a refresh is not written at once");
	registrations_save(r, loc, sides, KEY, 1000 + REGISTRATIONS_CALM_S, 0, false);
	ok(strstr(get_file(path), ":1700000600\n") != NULL, "but soon");
	enter(loc, "sip:alice@192.168.1.10:5062;line=7", NULL, "call-1", 1700000700);
	registrations_save(r, loc, sides, KEY, 1001 + REGISTRATIONS_CALM_S, 0, true);
	ok(strstr(get_file(path), ":1700000700\n") != NULL, "and in any case at the end");
	location_remove_aor(loc, str_of("sip:alice@example.net"), str_of(""));
	registrations_save(r, loc, sides, KEY, 1000, 0, false);
	is_str(get_file(path), "", "nobody is left");
	registrations_close(r);
	location_free(loc);
	side_free(sides);

	sides = make_sides(5070, true);
	loc = make_table();
	unlink(path);
	r = open_read_file();
	enter(loc, "sip:alice@192.168.1.10", NULL, "call-1", 2000);
	registrations_save(r, loc, sides, KEY, 1000, 0, false);
	ok(strstr(get_file(path), "\nsip:alice@[2001:db8::1]:5070\n") != NULL,
	    "a WAN of IPv6 only, and another port");
	registrations_close(r);
	location_free(loc);
	side_free(sides);
}

/* A mere refresh is no reason to wear out a flash disk; a moved phone is. */
static void test_calm(void)
{
	struct side_map *sides = make_sides(5060, false);
	struct location *loc = make_table();
	struct registrations *r;

	unlink(path);
	r = open_read_file();
	enter(loc, "sip:alice@192.168.1.10", NULL, "call-1", 2000);
	registrations_save(r, loc, sides, KEY, 1000, 0, false);
	enter(loc, "sip:alice@192.168.1.10", NULL, "call-1", 2010);
	put_file(path, "untouched\n");
	registrations_save(r, loc, sides, KEY, 1000 + REGISTRATIONS_CALM_S - 1, 0, false);
	is_str(get_file(path), "untouched\n", "a refresh waits");
	registrations_save(r, loc, sides, KEY, 1000 + REGISTRATIONS_CALM_S, 0, false);
	ok(strstr(get_file(path), ":2010\n") != NULL, "... for a while");
	enter(loc, "sip:alice@192.168.1.10", NULL, "call-1", 2020);
	registrations_save(r, loc, sides, KEY, 1031, 0, true);
	ok(strstr(get_file(path), ":2020\n") != NULL, "... or for the end");
	enter(loc, "sip:alice@192.168.1.11", NULL, "call-1", 2030);
	registrations_save(r, loc, sides, KEY, 1032, 0, false);
	ok(strstr(get_file(path), "192.168.1.11") != NULL, "a phone that moved does not wait");
	/* the clock on the wall was put forward by 5000 s meanwhile */
	enter(loc, "sip:alice@192.168.1.12", NULL, "call-1", 2040);
	registrations_save(r, loc, sides, KEY, 1033, 5000, false);
	ok(strstr(get_file(path), ":7040\n") != NULL, "the file is in the wall's time");
	registrations_close(r);
	location_free(loc);
	side_free(sides);
}

static void test_round_trip(void)
{
	struct side_map *sides = make_sides(5060, false);
	struct location *loc = make_table(), *again;
	struct registrations *r;
	struct binding *a, *b;
	uint8_t key[SIPHASH_KEY_LEN];
	char token[64];
	size_t count;

	unlink(path);
	unlink(more);
	r = open_read_file();
	ok(!registrations_key(r, key), "there is no secret yet");
	enter(loc, "sip:alice@192.168.1.10", "<urn:uuid:1>", "call-1", 2000);
	enter(loc, "sip:alice@192.168.1.11", NULL, "call-2", 3000);
	enter(loc, "sip:alice@192.168.1.12", NULL, "call-3", 1001);
	is_int(registrations_save(r, loc, sides, OTHER, 1000, 0, false), 0,
	    "two phones and one that leaves soon");
	registrations_close(r);
	r = open_file();
	ok(registrations_key(r, key) && memcmp(key, OTHER, sizeof(key)) == 0, "the secret is back");
	again = make_table();
	is_int(registrations_load(r, again, 1500, &count), 0, "after the restart");
	is_int((long long)count, 2, "two are still valid");
	a = location_by_name(again, str_of("alice"));
	ok(a && a->expires == 2000 && strcmp(a->contact, "sip:alice@192.168.1.10") == 0, "one");
	is_str(a->instance, "<urn:uuid:1>", "with its instance");
	is_str(a->call_id, "call-1", "and Call-ID");
	is_int(addr_port(&a->peer), 5062, "and where it is");
	is_str(a->path, "<sip:192.168.1.5;lr>, <sip:192.168.1.6;lr>", "and by which way");
	is_int(addr_port(&a->registrar), 5061, "and who granted it");
	ok(location_knows_registrar(again, &a->registrar, 1500), "who is known by that");
	b = location_by_contact(loc,
	    &(struct sip_uri){.scheme = str_of("sip"),
		.user = str_of("alice"),
		.userinfo = str_of("alice"),
		.host = str_of("192.168.1.11")},
	    str_of(""));
	snprintf(token, sizeof(token), "%s", b->mask_user);
	ok(location_by_name(again, str_of(token)) != NULL, "the other one with its token");
	is_int(registrations_save(r, again, sides, OTHER, 1000, 0, false), 0, "nothing to save");
	registrations_close(r);
	unlink(more);
	r = open_file();
	location_free(again);
	again = make_table();
	is_int(registrations_load(r, again, 1500, &count), 0, "without the file beside it");
	is_int((long long)count, 2, "phones are found too");
	ok(!registrations_key(r, key), "but no secret");
	put_file(more,
	    "key\t00zz\nphone\nphone\tnobody\t\t\t\t\nphone\talice\tc\tnot-ip\t5\t\n"
	    "\x01garbage\nphone\talice\t\t\t99999999\t\n");
	registrations_close(r);
	r = open_file();
	ok(!registrations_key(r, key), "damage in it");
	location_free(again);
	again = make_table();
	is_int(registrations_load(r, again, 1500, &count), 0, "does no harm");
	is_int((long long)count, 2, "nor cost a phone");
	registrations_close(r);
	location_free(again);
	location_free(loc);
	side_free(sides);
}

#define RECORD(user, until)                                                                     \
	"****:1:" until "\nsip:" user "@192.168.1.10:5060\nsip:" user "@203.0.113.1\nsip:" user \
	"@example.net\n"

static void test_reading(void)
{
	struct location *loc;
	char longer[2000] = "****:1:2000\nsip:long@192.168.1.10;p=";

	is_int((long long)load("", 0, NULL), 0, "an empty file");
	is_int((long long)load(RECORD("a", "2000") "****:0:0\n****:0:0\n" RECORD("b",
				   "3000") "****:0:0\n",
		   0, NULL),
	    2, "inactive slots between records");
	is_int((long long)load("****:1:2000\r\nsip:a@192.168.1.10\r\nsip:a@203.0.113.1\r\n"
			       "sip:a@example.net\r\n",
		   0, NULL),
	    1, "CR LF");
	is_int((long long)load(RECORD("a", "1000") RECORD("b", "999") RECORD("c", "1001"), 0, NULL),
	    1, "expired ones stay out");
	is_int((long long)load("****:1:2000\n\n\n\n" RECORD("b", "3000"), 0, NULL), 1,
	    "absent URIs are empty lines");
	is_int((long long)load(RECORD("a", "2000") "****:1:2000\nsip:b@192.168.1.11\nsip:b@2", 0,
		   NULL),
	    1, "a cut file: what is whole counts");
	is_int((long long)load(RECORD("a", "2000") "rubbish\n" RECORD("b", "2000"), 0, NULL), 1,
	    "what came before damage counts");
	is_int((long long)load(RECORD("a", "2000") "****:1:99999999999999999999\nx\ny\nz\n", 0,
		   NULL),
	    1, "a date that is none");
	is_int((long long)load(RECORD("a", "2000") "****:1:2000\nnot a uri\nsip:b@c\nsip:b@c\n", 0,
		   NULL),
	    1, "a URI that is none");
	is_int((long long)load(RECORD("a", "2000") RECORD("a", "2000"), 0, NULL), 1,
	    "twice the same");
	is_int((long long)load("****:1:4102444800\nsip:a@192.168.1.10\nsip:a@203.0.113.1\n"
			       "sip:a@example.net\n",
		   0, NULL),
	    1, "beyond the year 2038");
	memset(longer + strlen(longer), 'x', 1500);
	strcat(longer, "\nsip:long@203.0.113.1\nsip:long@example.net\n");
	is_int((long long)load(longer, 0, NULL), 1, "a URI longer than 128 bytes");

	load(RECORD("a", "2000"), 0, &loc);
	ok(location_by_name(loc, str_of("a")) != NULL, "under the name that the WAN knows");
	location_free(loc);
}

/* Of before 0.8.2, and none at all. */
static void test_foreign(void)
{
	static const char old[] =
	    "***:1:2000\nsip\nalice\n192.168.1.10\n5060\nsip\nalice\n203.0.113.1\n"
	    "5060\nsip\nalice\nexample.net\n\n";
	struct side_map *sides = make_sides(5060, false);
	struct location *loc = make_table();
	struct registrations *r;
	size_t count;

	is_int((long long)load(old, ENOMSG, NULL), 0, "the old format is known, and not read");
	is_int((long long)load("root:x:0:0:root:/root:/bin/sh\n", EBADMSG, NULL), 0,
	    "another file");
	r = open_file();
	registrations_load(r, loc, 1000, &count);
	enter(loc, "sip:alice@192.168.1.10", NULL, "call-1", 2000);
	registrations_save(r, loc, sides, KEY, 1000, 0, false);
	is_str(get_file(path), "root:x:0:0:root:/root:/bin/sh\n", "is never overwritten");
	registrations_close(r);
	put_file(path, old);
	r = open_file();
	registrations_load(r, loc, 1000, &count);
	is_int(registrations_save(r, loc, sides, KEY, 1000, 0, false), 0, "the old one is");
	ok(strncmp(get_file(path), "****:1:2000\n", 12) == 0, "in today's format");
	registrations_close(r);
	location_free(loc);
	side_free(sides);
}

/* A start that fails stops again before it has read anything. */
static void test_not_read(void)
{
	struct side_map *sides = make_sides(5060, false);
	struct location *loc = make_table();
	struct registrations *r;

	put_file(path, RECORD("a", "2000"));
	put_file(more, "precious");
	r = open_file();
	registrations_save(r, loc, sides, KEY, 1000, 0, true);
	registrations_close(r);
	is_str(get_file(path), RECORD("a", "2000"), "what was not read is not emptied");
	is_str(get_file(more), "precious", "nor what stands beside it");
	location_free(loc);
	side_free(sides);
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/reg", dir);
	snprintf(more, sizeof(more), "%s.more", path);
	test_format();
	test_calm();
	test_large();
	test_writer();
	test_round_trip();
	test_reading();
	test_foreign();
	test_not_read();
	unlink(path);
	unlink(more);
	rmdir(dir);
	return tap_done();
}
