/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "failing_alloc.h"

#include "media/ports.c"
#include "tap.h"

static int take(struct ports *p)
{
	uint16_t rtp = 0;

	return ports_take(p, &rtp) ? -1 : rtp;
}

static void test_range(uint16_t low, uint16_t high, int first, size_t total, const char *what)
{
	struct ports *p = NULL;

	if (!total) {
		is_int(ports_new(&p, low, high), EINVAL, what);
		ok(!p, "... and there is no pool");
		return;
	}
	is_int(ports_new(&p, low, high), 0, what);
	is_int((long long)ports_total(p), (long long)total, "... with that many pairs");
	is_int((long long)ports_free_count(p), (long long)total, "... all of them free");
	is_int(take(p), first, "... and that is the first");
	ports_free(p);
}

static void test_ranges(void)
{
	test_range(7070, 7089, 7070, 10, "the usual range holds ten pairs");
	test_range(7071, 7089, 7072, 9, "an odd low is rounded up");
	test_range(7070, 7088, 7070, 9, "a pair that does not fit whole is not used");
	test_range(7070, 7071, 7070, 1, "one pair");
	test_range(7070, 7070, 0, 0, "one port is no pair");
	test_range(7071, 7072, 0, 0, "an odd and an even port are no pair");
	test_range(7089, 7070, 0, 0, "a range that runs backwards");
	test_range(0, 0, 0, 0, "nothing configured");
	test_range(65535, 65535, 0, 0, "the last port alone");
	test_range(65534, 65535, 65534, 1, "the last pair");
	test_range(0, 65535, 2, 32767, "every port but 0");
}

static void test_exhaustion(void)
{
	struct ports *p;
	bool seen[4] = {false};
	uint16_t rtp = 1;

	if (ports_new(&p, 7070, 7077))
		return;
	for (int i = 0; i < 4; i++) {
		int port = take(p);

		ok(port >= 7070 && port <= 7076 && port % 2 == 0, "an even port of the range");
		ok(!seen[(port - 7070) / 2], "... that nobody has yet");
		seen[(port - 7070) / 2] = true;
	}
	is_int(ports_take(p, &rtp), ENOENT, "then there is none");
	is_int(rtp, 1, "... and nothing is written");
	is_int((long long)ports_free_count(p), 0, "none is free");
	ports_give(p, 7072);
	is_int(take(p), 7072, "one that came back can be taken");
	is_int(take(p), -1, "... once");
	ports_free(p);
}

static void test_order(void)
{
	struct ports *p;

	if (ports_new(&p, 7070, 7077))
		return;
	take(p);
	take(p);
	ports_give(p, 7072);
	ports_give(p, 7070);
	is_int(take(p), 7074, "what was never used comes first");
	is_int(take(p), 7076, "... all of it");
	is_int(take(p), 7072, "then what was given back first");
	is_int(take(p), 7070, "then what was given back last");
	ports_free(p);
}

static void test_wrong_give(void)
{
	struct ports *p;

	if (ports_new(&p, 7070, 7073))
		return;
	ports_give(p, 7070);
	is_int((long long)ports_free_count(p), 2, "a pair that is free cannot be given");
	take(p);
	ports_give(p, 7070);
	ports_give(p, 7070);
	is_int((long long)ports_free_count(p), 2, "... nor twice");
	take(p);
	ports_give(p, 7073);
	ports_give(p, 9000);
	ports_give(p, 0);
	is_int((long long)ports_free_count(p), 1, "... nor an odd, a foreign or no port");
	ports_free(p);
}

static void test_set_range(void)
{
	struct ports *p;

	if (ports_new(&p, 7070, 7077))
		return;
	is_int(take(p), 7070, "a pair is in use");
	is_int(take(p), 7072, "another too");
	is_int(ports_set_range(p, 7077, 7077), EINVAL, "a range without a pair is refused");
	is_int((long long)ports_total(p), 4, "... and changes nothing");

	is_int(ports_set_range(p, 7072, 7079), 0, "the range moves");
	is_int((long long)ports_total(p), 4, "it has as many pairs");
	is_int((long long)ports_free_count(p), 3, "... of which one is in use");
	ports_give(p, 7070);
	is_int((long long)ports_free_count(p), 3, "a pair outside is forgotten when it comes back");
	is_int(take(p), 7078, "the new pair was quiet longest");
	is_int(take(p), 7074, "then the old free ones, in their order");
	is_int(take(p), 7076, "... to the last");
	is_int(take(p), -1, "nothing is handed out twice");

	is_int(ports_set_range(p, 7000, 7001), 0, "the range leaves everything in use behind");
	is_int(ports_set_range(p, 7070, 7079), 0, "... and comes back");
	is_int(take(p), 7070, "only what is not in use is free");
	is_int(take(p), -1, "... nothing else");
	ports_give(p, 7076);
	is_int(take(p), 7076, "what was in use all the time comes back to the pool");
	ports_free(p);
}

/* After a restart calls want the pairs that they had. */
static void test_claim(void)
{
	struct ports *p = NULL;

	if (ports_new(&p, 7070, 7079))
		return;
	is_int(ports_claim(p, 7074), 0, "a pair of its own choice");
	is_int(ports_claim(p, 7074), EBUSY, "... once");
	is_int(ports_claim(p, 7075), EINVAL, "... by its even port");
	is_int(ports_claim(p, 0), EINVAL, "port 0 is none");
	is_int((long long)ports_free_count(p), 4, "the others are free");
	is_int(take(p), 7070, "... in their order");
	is_int(ports_claim(p, 7070), EBUSY, "one that was taken is not to be had");
	is_int(take(p), 7072, "...");
	is_int(take(p), 7076, "... and that one is left out");
	ports_give(p, 7074);
	is_int(take(p), 7078, "given back,");
	is_int(take(p), 7074, "... it comes last");
	is_int(ports_claim(p, 9000), 0, "one of a range that was");
	ports_give(p, 9000);
	is_int(take(p), -1, "... does not come into this one");
	ports_free(p);
}

static void test_no_memory(void)
{
	struct ports *p = NULL;

	for (int n = 0; n < 2; n++) {
		alloc_until_failure = n;
		is_int(ports_new(&p, 7070, 7089), ENOMEM, "no memory for the pool");
		ok(!p, "... no pool");
	}
	alloc_until_failure = -1;
	if (ports_new(&p, 7070, 7089))
		return;
	take(p);
	alloc_until_failure = 0;
	is_int(ports_set_range(p, 8000, 8001), ENOMEM, "no memory for another range");
	is_int((long long)ports_free_count(p), 9, "... the old one stays");
	is_int(take(p), 7072, "... and works");
	ports_free(p);
	ports_free(NULL);
}

int main(void)
{
	test_ranges();
	test_exhaustion();
	test_order();
	test_wrong_give();
	test_set_range();
	test_claim();
	test_no_memory();
	return tap_done();
}
