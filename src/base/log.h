/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log: one line at a time to syslog and, in the foreground, to stderr. May be called from any
 * thread. err: the operator must act; warn: a peer misbehaves; info: calls and registrations come
 * and go; debug: for us, selected by area with debug_level. Bytes from the network are passed
 * through log_escape() first.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LVL_ERR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };
enum log_area { LOG_MAIN, LOG_SIP, LOG_RTP, LOG_REG, LOG_NET, LOG_DNS, LOG_PLUGIN, LOG_AREAS };

/* to_stderr: lines also go to stderr with a time stamp; before log_open() they go there alone.
 * Call it before a chroot: it connects to syslog and reads the time zone. */
void log_open(const char *ident, bool to_stderr);
void log_close(void);
/* Who gets every line as well, as it would stand on stderr, from any thread, one call at a time; it
 * must not log. NULL: nobody; on return it is not called any more. */
typedef void log_sink_fn(void *arg, const char *line, size_t len);
void log_set_sink(log_sink_fn *fn, void *arg);
/* After the daemon has let go of the terminal. */
void log_stderr(bool on);
/* Whether stderr leads into systemd's journal, where syslog's lines arrive too: all would stand
 * there twice, and past silence_log. */
bool log_stderr_is_journal(void);
/*
 * silence: siproxd.conf's silence_log: 0 everything, 1 info and up, 2 warn and up, 3 errors only,
 * 4 nothing; it filters syslog alone. debug_mask: the classic debug_level bits (siproxd.conf(5)).
 */
void log_set(int silence, uint32_t debug_mask);
/* False also when debug lines of that area would be written nowhere. */
bool log_debug_on(enum log_area area);

/* At most this many lines of info and warn a second; more are counted, and the count is told. */
#define LOG_LINES_PER_S 100

/* Long lines are cut with "..."; control bytes that slipped through come out escaped. */
void log_line(enum log_level level, enum log_area area, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_err(area, ...)  log_line(LOG_LVL_ERR, area, __VA_ARGS__)
#define log_warn(area, ...) log_line(LOG_LVL_WARN, area, __VA_ARGS__)
#define log_info(area, ...) log_line(LOG_LVL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...)                                        \
	do {                                                        \
		if (log_debug_on(area))                             \
			log_line(LOG_LVL_DEBUG, area, __VA_ARGS__); \
	} while (0)

/* At most one line every `seconds` from this place; the next one tells how many were held back. */
struct log_gate {
	uint64_t next_ms;
	unsigned held;
};
bool log_gate_open(struct log_gate *gate, unsigned seconds, unsigned *held);

#define log_every(seconds, level, area, fmt, ...)                                               \
	do {                                                                                    \
		static struct log_gate gate_;                                                   \
		unsigned held_;                                                                 \
		if (log_gate_open(&gate_, (seconds), &held_))                                   \
			log_line((level), (area), fmt "%s", __VA_ARGS__, log_held_text(held_)); \
	} while (0)
/* "" or " (and 12 more)"; a pointer into a per-thread buffer. */
const char *log_held_text(unsigned held);

/* Foreign bytes as printable ASCII (\r \n \t \\ \xNN), cut to size with "..."; returns out. */
const char *log_escape(char *out, size_t size, const char *bytes, size_t len);

#endif
