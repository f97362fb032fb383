/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "tap.h"

/* The C library's syslog, caught. */
static char sys_text[4096];
static int sys_priority, sys_count;
void __syslog_chk(int priority, int flag, const char *fmt, ...);

__attribute__((format(printf, 2, 0))) static void caught(int priority, const char *fmt, va_list ap)
{
	sys_priority = priority;
	sys_count++;
	vsnprintf(sys_text, sizeof(sys_text), fmt, ap);
}

void(syslog)(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	caught(priority, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 3, 4))) void __syslog_chk(int priority, int flag, const char *fmt,
    ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	caught(priority, fmt, ap);
	va_end(ap);
}

static int err_pipe[2];

/* What came out on stderr since the last call. */
static const char *said(void)
{
	static char text[65536];
	ssize_t n = read(err_pipe[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* The part behind the time stamp. */
static const char *said_text(void)
{
	const char *line = said();

	return strlen(line) > 24 ? line + 24 : line;
}

static void test_syslog_levels(void)
{
	static const struct {
		enum log_level level;
		int priority, max_silence;
	} row[] = {
	    {LOG_LVL_ERR, LOG_ERR, 3},
	    {LOG_LVL_WARN, LOG_NOTICE, 2},
	    {LOG_LVL_INFO, LOG_NOTICE, 1},
	    {LOG_LVL_DEBUG, LOG_DEBUG, 0},
	};

	log_open("siproxd", false);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (int silence = 0; silence <= 4; silence++) {
			log_set(silence, (uint32_t)-1);
			sys_count = 0;
			log_line(row[i].level, LOG_SIP, "silence %d", silence);
			is_int(sys_count, silence <= row[i].max_silence, "silence_log");
		}
		is_int(sys_priority, row[i].priority, "syslog priority");
	}
	is_str(said(), "", "nothing on stderr");
	log_set(0, 0);
	sys_count = 0;
	log_line(LOG_LVL_DEBUG, LOG_SIP, "x");
	is_int(sys_count, 0, "no debug line when debug_level is 0");
}

static void test_areas(void)
{
	static const struct {
		uint32_t bit;
		enum log_area area;
	} row[] = {
	    {0x1, LOG_MAIN},
	    {0x2, LOG_NET},
	    {0x4, LOG_SIP},
	    {0x8, LOG_REG},
	    {0x10, LOG_MAIN},
	    {0x20, LOG_SIP},
	    {0x40, LOG_DNS},
	    {0x80, LOG_NET},
	    {0x100, LOG_MAIN},
	    {0x200, LOG_RTP},
	    {0x400, LOG_REG},
	    {0x800, LOG_REG},
	    {0x1000, LOG_PLUGIN},
	    {0x2000, LOG_RTP},
	};

	log_open("siproxd", true);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int wrong = 0;

		log_set(4, row[i].bit);
		for (int a = 0; a < LOG_AREAS; a++)
			wrong += log_debug_on((enum log_area)a) != (a == (int)row[i].area);
		is_int(wrong, 0, "a classic debug bit selects its area alone");
	}
	log_set(4, (uint32_t)-1);
	ok(log_debug_on(LOG_MAIN) && log_debug_on(LOG_PLUGIN), "-1 is everything");
	log_stderr(false);
	ok(!log_debug_on(LOG_SIP), "debug is off when nobody would see it");
	log_set(0, (uint32_t)-1);
	ok(log_debug_on(LOG_SIP), "... and on when syslog does");
	log_stderr(true);
}

static void test_stderr(void)
{
	char long_text[5000];
	const char *line;

	log_set(4, 0);
	said();
	errno = EPIPE;
	log_warn(LOG_REG, "hello %d", 7);
	is_int(errno, EPIPE, "errno survives");
	line = said();
	ok(strlen(line) > 24 && line[4] == '-' && line[13] == ':' && line[19] == '.' &&
		line[23] == ' ',
	    "a time stamp with milliseconds");
	is_str(line + 24, "WARN  reg: hello 7\n", "level, area and text");
	log_info(LOG_SIP, "a\r\nb\tc%cd\x7f\xff\\x\n", 27);
	is_str(said_text(), "INFO  sip: a\\r\\nb\\tc\\x1bd\\x7f\\xff\\x\n",
	    "control bytes are escaped, an end of line is not doubled");
	log_debug(LOG_SIP, "%s", "no");
	log_line(LOG_LVL_DEBUG, LOG_SIP, "no");
	is_str(said(), "", "debug is off");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_err(LOG_NET, "%s", long_text);
	line = said();
	ok(strlen(line) < 2048 && strcmp(line + strlen(line) - 5, "x...\n") == 0, "cut with dots");
	memset(long_text, '\r', sizeof(long_text) - 1);
	log_err(LOG_NET, "%s", long_text);
	line = said();
	ok(strlen(line) < 2048 && strcmp(line + strlen(line) - 6, "\\r...\n") == 0,
	    "... also when escaping makes it longer");
	ok(strchr(line, '\n') == line + strlen(line) - 1, "one line");
	log_stderr(false);
	log_err(LOG_NET, "quiet");
	is_str(said(), "", "stderr can be let go");
	log_stderr(true);
}

static void test_escape(void)
{
	char out[16];

	is_str(log_escape(out, sizeof(out), "abc", 3), "abc", "plain text");
	is_str(log_escape(out, sizeof(out), "a\0\r\n\\", 5), "a\\x00\\r\\n\\\\", "specials");
	is_str(log_escape(out, sizeof(out), "123456789012345", 15), "123456789012345", "just fits");
	is_str(log_escape(out, sizeof(out), "1234567890123456", 16), "123456789012...", "just not");
	is_str(log_escape(out, sizeof(out), "12345678901\x80\x80", 13), "12345678901...",
	    "an escape is never cut in two");
	is_str(log_escape(out, 3, "abcdef", 6), "..", "very little room");
	is_str(log_escape(out, 1, "abcdef", 6), "", "no room");
	out[0] = 'q';
	ok(log_escape(out, 0, "abc", 3) == out && out[0] == 'q', "no buffer");
	is_str(log_escape(out, sizeof(out), "", 0), "", "no bytes");
}

static void test_gate(void)
{
	struct log_gate gate = {0, 0};
	unsigned held = 99;
	int lines = 0;

	ok(log_gate_open(&gate, 3600, &held) && held == 0, "the first line passes");
	ok(!log_gate_open(&gate, 3600, &held), "the second is held");
	ok(!log_gate_open(&gate, 3600, &held), "the third too");
	gate.next_ms = 1; /* an hour later */
	ok(log_gate_open(&gate, 3600, &held) && held == 2, "the next one tells how many");
	is_str(log_held_text(0), "", "nothing held");
	is_str(log_held_text(2), " (and 2 more)", "two held");
	said();
	for (int i = 0; i < 5; i++)
		log_every(3600, LOG_LVL_WARN, LOG_SIP, "bad packet %d", i);
	is_str(said_text(), "WARN  sip: bad packet 0\n", "log_every()");
	for (int i = 0; i < 3; i++)
		log_every(0, LOG_LVL_WARN, LOG_SIP, "x%d", lines++);
	is_int(lines, 3, "no limit with 0 seconds");
	said();
}

static void test_flood(void)
{
	unsigned lines = 0;

	said();
	for (int i = 0; i < 10 * LOG_LINES_PER_S; i++)
		log_info(LOG_SIP, "flood");
	for (const char *p = said(); (p = strstr(p, "flood")); p++)
		lines++;
	ok(lines < 10 * LOG_LINES_PER_S, "a flood of lines is bounded");
	log_err(LOG_SIP, "fire");
	ok(strstr(said(), "fire") != NULL, "an error is told all the same");
}

static void *shout(void *arg)
{
	for (int i = 0; i < 100; i++)
		log_err(LOG_RTP, "%s%s%s%s", (char *)arg, (char *)arg, (char *)arg, (char *)arg);
	return NULL;
}

static void test_threads(void)
{
	pthread_t thread;
	int a = 0, b = 0, mixed = 0;
	char *line, *next, *copy;

	pthread_create(&thread, NULL, shout, "aaaaaaaaaa");
	shout("bbbbbbbbbb");
	pthread_join(thread, NULL);
	copy = strdup(said());
	for (line = copy; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (strlen(line) < 24)
			mixed++;
		else if (!strcmp(line + 24, "ERROR rtp: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
			a++;
		else if (!strcmp(line + 24, "ERROR rtp: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"))
			b++;
		else
			mixed++;
	}
	ok(a == 100 && b == 100 && mixed == 0, "lines of two threads never mix");
	free(copy);
}

static void test_journal(void)
{
	char stream[64];
	struct stat st;

	unsetenv("JOURNAL_STREAM");
	ok(!log_stderr_is_journal(), "no journal");
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	ok(log_stderr_is_journal(), "stderr is the journal");
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	ok(!log_stderr_is_journal(), "stderr was turned elsewhere");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	ok(!log_stderr_is_journal(), "nonsense is no journal");
	unsetenv("JOURNAL_STREAM");
}

int main(void)
{
	int saved = dup(STDERR_FILENO);

	if (pipe(err_pipe) != 0 || dup2(err_pipe[1], STDERR_FILENO) < 0)
		return 99;
	fcntl(err_pipe[0], F_SETFL, O_NONBLOCK);
	log_line(LOG_LVL_ERR, LOG_MAIN, "early");
	is_str(said_text(), "ERROR main: early\n", "before log_open() stderr is all there is");
	test_syslog_levels();
	test_areas();
	test_stderr();
	test_escape();
	test_gate();
	test_threads();
	test_flood();
	test_journal();
	log_close();
	log_close();
	sys_count = 0;
	log_set(0, 0);
	log_err(LOG_MAIN, "closed");
	is_int(sys_count, 0, "nothing to syslog after log_close()");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(err_pipe[0]);
	close(err_pipe[1]);
	return tap_done();
}
