/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unit tests' output: the Test Anything Protocol, one line a claim, the plan at the end.
 * A test program calls ok()/is_int()/is_str() and ends with `return tap_done();`.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count;
static int tap_failed;

static inline bool tap_report(bool pass, const char *file, int line, const char *what)
{
	printf("%sok %d - %s\n", pass ? "" : "not ", ++tap_count, what);
	if (!pass) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return pass;
}

static inline void tap_is_int(long long got, long long want, const char *file, int line,
    const char *what)
{
	if (!tap_report(got == want, file, line, what))
		printf("# got %lld, want %lld\n", got, want);
}

static inline void tap_is_str(const char *got, const char *want, const char *file, int line,
    const char *what)
{
	bool same = got && want ? strcmp(got, want) == 0 : got == want;

	if (!tap_report(same, file, line, what))
		printf("# got  \"%s\"\n# want \"%s\"\n", got ? got : "(null)",
		    want ? want : "(null)");
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#define ok(claim, what)         tap_report((claim), __FILE__, __LINE__, (what))
#define is_int(got, want, what) tap_is_int((got), (want), __FILE__, __LINE__, (what))
#define is_str(got, want, what) tap_is_str((got), (want), __FILE__, __LINE__, (what))

#endif
