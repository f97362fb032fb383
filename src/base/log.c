/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* A line goes out in one write and below PIPE_BUF, so that two threads' lines never mix. */
#define LOG_TEXT_MAX 1900
#define LOG_LINE_MAX 2048

/* The logger's level: the one thing that every thread shares. 1 is silence_log's default. */
static struct {
	atomic_bool to_stderr;
	atomic_bool to_syslog;
	atomic_bool to_sink;
	atomic_int silence;
	atomic_uint areas; /* bit n: debug lines of area n */
	char ident[32];    /* syslog() keeps the pointer */
} state = {.to_stderr = true, .silence = 1};

static struct {
	pthread_mutex_t lock;
	log_sink_fn *fn;
	void *arg;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct {
	const char *name;
	uint32_t classic; /* the debug_level bits of siproxd 0.8 that select it */
} area_table[LOG_AREAS] = {
    [LOG_MAIN] = {"main", 0x1 | 0x10 | 0x100},
    [LOG_SIP] = {"sip", 0x4 | 0x20},
    [LOG_RTP] = {"rtp", 0x200 | 0x2000},
    [LOG_REG] = {"reg", 0x8 | 0x400 | 0x800},
    [LOG_NET] = {"net", 0x2 | 0x80},
    [LOG_DNS] = {"dns", 0x40},
    [LOG_PLUGIN] = {"plugin", 0x1000},
};

void log_open(const char *ident, bool to_stderr)
{
	snprintf(state.ident, sizeof(state.ident), "%s", ident);
	tzset(); /* while /etc/localtime can still be seen; so for syslog: LOG_NDELAY */
	openlog(state.ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	atomic_store(&state.to_syslog, true);
	atomic_store(&state.to_stderr, to_stderr);
}

void log_close(void)
{
	if (atomic_exchange(&state.to_syslog, false))
		closelog();
}

void log_stderr(bool on)
{
	atomic_store(&state.to_stderr, on);
}

void log_set_sink(log_sink_fn *fn, void *arg)
{
	pthread_mutex_lock(&sink.lock);
	sink.fn = fn;
	sink.arg = arg;
	atomic_store(&state.to_sink, fn != NULL);
	pthread_mutex_unlock(&sink.lock);
}

/* systemd.exec(5): JOURNAL_STREAM is "DEVICE:INODE" of what stdout and stderr were at the start; a
 * shell in between may have turned stderr elsewhere since. */
bool log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == (dev_t)dev && st.st_ino == (ino_t)ino;
}

void log_set(int silence, uint32_t debug_mask)
{
	unsigned areas = 0;

	for (unsigned i = 0; i < LOG_AREAS; i++) {
		if (debug_mask & area_table[i].classic)
			areas |= 1u << i;
	}
	atomic_store(&state.silence, silence < 0 ? 0 : silence);
	atomic_store(&state.areas, areas);
}

/* silence_log counts from the other end: 0 lets debug pass, 3 errors only, 4 nothing. */
static bool syslog_wants(enum log_level level)
{
	return atomic_load(&state.to_syslog) && (int)level + atomic_load(&state.silence) <= 3;
}

bool log_debug_on(enum log_area area)
{
	if ((atomic_load(&state.areas) & (1u << area)) == 0)
		return false;
	return atomic_load(&state.to_stderr) || atomic_load(&state.to_sink) ||
	    syslog_wants(LOG_LVL_DEBUG);
}

/*
 * One byte in printable ASCII: itself, \r \n \t \\ or \xNN. Returns how many characters.
 * keep_backslash: for text that has been through here before.
 */
static size_t escape_byte(char out[4], unsigned char c, bool keep_backslash)
{
	static const char hex[] = "0123456789abcdef";
	static const char from[] = "\r\n\t\\", to[] = "rnt\\";
	const char *known;

	if (c >= 0x20 && c < 0x7f && (c != '\\' || keep_backslash)) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	known = c != '\0' ? strchr(from, c) : NULL;
	if (known != NULL) {
		out[1] = to[known - from];
		return 2;
	}
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

static void escape(char *out, size_t size, const char *bytes, size_t len, bool keep_backslash)
{
	size_t pos = 0, cut = 0; /* cut: where "..." still fits */

	for (size_t i = 0; i < len; i++) {
		char esc[4];
		size_t n = escape_byte(esc, (unsigned char)bytes[i], keep_backslash);

		if (pos + n + 1 > size) {
			pos = cut;
			for (n = 0; n < 3 && pos + 1 < size; n++)
				out[pos++] = '.';
			break;
		}
		memcpy(out + pos, esc, n);
		pos += n;
		if (pos + 4 <= size)
			cut = pos;
	}
	out[pos] = '\0';
}

const char *log_escape(char *out, size_t size, const char *bytes, size_t len)
{
	if (size > 0)
		escape(out, size, bytes, len, false);
	return out;
}

/* The line with its time, level and area; returns its length. */
static size_t stamp_line(char *line, size_t size, enum log_level level, enum log_area area,
    const char *text)
{
	static const char *const names[] = {"ERROR", "WARN", "INFO", "DEBUG"};
	char stamp[32];
	struct timespec ts;
	struct tm tm;
	int len;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (localtime_r(&ts.tv_sec, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		stamp[0] = '\0';
	len = snprintf(line, size, "%s.%03d %-5s %s: %s\n", stamp, (int)(ts.tv_nsec / 1000000),
	    names[level], area_table[area].name, text);
	return len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
}

static void write_stderr(const char *line, size_t len)
{
	if (len > 0 && write(STDERR_FILENO, line, len) < 0)
		return; /* there is nobody left to tell */
}

static void write_sink(const char *line, size_t len)
{
	pthread_mutex_lock(&sink.lock);
	if (sink.fn)
		sink.fn(sink.arg, line, len);
	pthread_mutex_unlock(&sink.lock);
}

static void write_syslog(enum log_level level, const char *text)
{
	/* As siproxd 0.8 does: info and warn share NOTICE, silence_log tells them apart. */
	static const int priorities[] = {LOG_ERR, LOG_NOTICE, LOG_NOTICE, LOG_DEBUG};

	syslog(priorities[level], "%s", text);
}

/*
 * Warnings and info are bounded, whatever the network does: LOG_LINES_PER_S a second. *left_out is
 * how many were held back in an earlier second, to be told once.
 */
static bool may_write(enum log_level level, unsigned *left_out)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static time_t second;
	static unsigned written, held;
	struct timespec ts;
	bool may;

	*left_out = 0;
	if (level == LOG_LVL_ERR || level == LOG_LVL_DEBUG)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	pthread_mutex_lock(&lock);
	if (ts.tv_sec != second) {
		second = ts.tv_sec;
		*left_out = held;
		written = held = 0;
	}
	may = written < LOG_LINES_PER_S;
	if (may)
		written++;
	else
		held++;
	pthread_mutex_unlock(&lock);
	return may;
}

void log_line(enum log_level level, enum log_area area, const char *fmt, ...)
{
	char raw[LOG_TEXT_MAX + 1], text[LOG_TEXT_MAX + 1], line[LOG_LINE_MAX + 8];
	bool to_stderr = atomic_load(&state.to_stderr), to_syslog = syslog_wants(level);
	bool to_sink = atomic_load(&state.to_sink);
	int saved_errno = errno, len;
	unsigned left_out;
	size_t used, line_len = 0;
	va_list ap;

	if ((!to_stderr && !to_syslog && !to_sink) ||
	    (level == LOG_LVL_DEBUG && !log_debug_on(area)) || !may_write(level, &left_out))
		return;
	if (left_out)
		log_line(LOG_LVL_ERR, LOG_MAIN, "%u lines were left out of the log", left_out);
	va_start(ap, fmt);
	len = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (len < 0)
		snprintf(raw, sizeof(raw), "(unprintable: \"%.100s\")", fmt);
	used = strlen(raw);
	while (used > 0 && raw[used - 1] == '\n')
		used--;
	if (len > LOG_TEXT_MAX)
		memcpy(raw + LOG_TEXT_MAX - 3, "...", 3);
	escape(text, sizeof(text), raw, used, true);
	if (to_stderr || to_sink)
		line_len = stamp_line(line, sizeof(line), level, area, text);
	if (to_stderr)
		write_stderr(line, line_len);
	if (to_sink)
		write_sink(line, line_len);
	if (to_syslog)
		write_syslog(level, text);
	errno = saved_errno;
}

bool log_gate_open(struct log_gate *gate, unsigned seconds, unsigned *held)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct timespec ts;
	uint64_t now_ms;
	bool open;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	pthread_mutex_lock(&lock);
	open = now_ms >= gate->next_ms;
	*held = gate->held;
	if (open) {
		gate->next_ms = now_ms + (uint64_t)seconds * 1000;
		gate->held = 0;
	} else if (gate->held < UINT_MAX) {
		gate->held++;
	}
	pthread_mutex_unlock(&lock);
	return open;
}

const char *log_held_text(unsigned held)
{
	static _Thread_local char text[40];

	if (held == 0)
		return "";
	snprintf(text, sizeof(text), " (and %u more)", held);
	return text;
}
