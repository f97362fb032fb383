/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/dns_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/list.h"
#include "base/log.h"

#define RESOLV_CONF     "/etc/resolv.conf"
#define RESOLV_CONF_MAX 65536
#define DNS_CLASS_IN    1

/* A descriptor of c-ares in the loop. */
struct ares_watch {
	struct list link;
	struct dns_channel *channel;
	ares_socket_t fd;
};

struct dns_channel {
	struct loop *loop;
	ares_channel ares;
	bool library_open, ares_open, own_servers;
	struct file *resolv_conf; /* NULL: cannot be read again */
	struct list watches;
	struct timer timer;
};

static void on_timer(void *arg);

/* After each call into c-ares the time at which it wants the next one may have changed. */
static void arm_timer(struct dns_channel *ch)
{
	struct timeval tv, *next = ares_timeout(ch->ares, NULL, &tv);
	uint64_t delay_ms;

	if (next == NULL) {
		timer_stop(loop_timers(ch->loop), &ch->timer);
		return;
	}
	/* One more: it may say 0 for a part of a millisecond, and we would turn in circles. */
	delay_ms = (uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1;
	if (timer_start(loop_timers(ch->loop), &ch->timer, delay_ms, on_timer, ch) != 0)
		log_every(10, LOG_LVL_ERR, LOG_DNS, "%s", "no memory for the resolver's timer");
}

static void on_timer(void *arg)
{
	struct dns_channel *ch = arg;

	ares_process_fd(ch->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm_timer(ch);
}

/* c-ares may close the descriptor in here, and the watch is gone then. */
static void on_fd(void *arg, unsigned events)
{
	struct ares_watch *w = arg;
	struct dns_channel *ch = w->channel;
	ares_socket_t fd = w->fd;

	ares_process_fd(ch->ares, (events & LOOP_READ) != 0 ? fd : ARES_SOCKET_BAD,
	    (events & LOOP_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
	arm_timer(ch);
}

static struct ares_watch *find_watch(struct dns_channel *ch, ares_socket_t fd)
{
	struct list *pos, *tmp;

	list_each(pos, tmp, &ch->watches) {
		struct ares_watch *w = container_of(pos, struct ares_watch, link);

		if (w->fd == fd)
			return w;
	}
	return NULL;
}

static void add_watch(struct dns_channel *ch, ares_socket_t fd, unsigned events)
{
	struct ares_watch *w = calloc(1, sizeof(*w));
	int err = w != NULL ? loop_fd_add(ch->loop, fd, events, on_fd, w) : ENOMEM;

	if (err != 0) {
		log_every(10, LOG_LVL_ERR, LOG_DNS, "cannot wait for a name server: %s",
		    strerror(err));
		free(w);
		return;
	}
	w->channel = ch;
	w->fd = fd;
	list_add_tail(&ch->watches, &w->link);
}

/* ARES_OPT_SOCK_STATE_CB: what c-ares wants to know of a descriptor; nothing before a close. */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns_channel *ch = arg;
	struct ares_watch *w = find_watch(ch, fd);
	unsigned events = (readable ? LOOP_READ : 0u) | (writable ? LOOP_WRITE : 0u);

	if (w != NULL && events != 0) {
		loop_fd_events(ch->loop, fd, events);
	} else if (w != NULL) {
		loop_fd_del(ch->loop, fd);
		list_del(&w->link);
		free(w);
	} else if (events != 0) {
		add_watch(ch, fd, events);
	}
}

/* A descriptor that select() cannot hold fails at once, instead of by its timeout. */
static int on_socket(ares_socket_t fd, int type, void *arg)
{
	(void)type;
	(void)arg;
	if (fd < FD_SETSIZE)
		return 0;
	log_every(10, LOG_LVL_ERR, LOG_DNS, "%s", "too many descriptors to ask a name server");
	return -1;
}

/* By the real file's name, since /etc/resolv.conf is often a link out of any future chroot. */
static void open_resolv_conf(struct dns_channel *ch)
{
	char *path = realpath(RESOLV_CONF, NULL);

	if (path != NULL && file_open_readonly(&ch->resolv_conf, path) != 0)
		ch->resolv_conf = NULL;
	free(path);
}

/* The "nameserver" lines as c-ares wants them: "192.0.2.1,[2001:db8::1]". */
static void read_servers(const char *text, struct buf *csv)
{
	static const char word[] = "nameserver";

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *value = text + sizeof(word) - 1;
		char ip[ADDR_TEXT_MAX];
		struct addr a;

		if (strncmp(text, word, sizeof(word) - 1) != 0 || (*value != ' ' && *value != '\t'))
			continue;
		value += strspn(value, " \t");
		if (addr_parse_n(&a, value, strcspn(value, " \t\r\n#;"), 0) != 0)
			continue;
		buf_printf(csv, "%s%s", csv->len > 0 ? "," : "", addr_format_host(&a, ip));
	}
}

static void reload_servers(struct dns_channel *ch)
{
	struct buf csv = BUF_INIT;
	char *text = NULL;
	size_t len;
	int status = ARES_ENODATA;

	if (ch->resolv_conf == NULL)
		open_resolv_conf(ch);
	if (ch->resolv_conf != NULL &&
	    file_read(ch->resolv_conf, RESOLV_CONF_MAX, &text, &len) == 0)
		read_servers(text, &csv);
	if (!csv.failed && csv.len > 0)
		status = ares_set_servers_csv(ch->ares, csv.data);
	if (status == ARES_SUCCESS)
		log_info(LOG_DNS, "name servers: %s", csv.data);
	else
		log_warn(LOG_DNS, "no name server in " RESOLV_CONF ", keeping those we had");
	buf_free(&csv);
	free(text);
}

static int open_ares(struct dns_channel *ch, const char *servers, int timeout_ms, int tries)
{
	struct ares_options options = {.sock_state_cb = on_state,
	    .sock_state_cb_data = ch,
	    .timeout = timeout_ms,
	    .tries = tries};
	int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
	int status = ares_library_init(ARES_LIB_INIT_ALL);

	if (status != ARES_SUCCESS)
		return status == ARES_ENOMEM ? ENOMEM : EIO;
	ch->library_open = true;
	status = ares_init_options(&ch->ares, &options, mask);
	if (status != ARES_SUCCESS)
		return status == ARES_ENOMEM ? ENOMEM : EIO;
	ch->ares_open = true;
	ares_set_socket_callback(ch->ares, on_socket, NULL);
	if (servers == NULL) {
		open_resolv_conf(ch);
		return 0;
	}
	ch->own_servers = true;
	status = ares_set_servers_ports_csv(ch->ares, servers);
	if (status == ARES_ENOMEM)
		return ENOMEM;
	return status == ARES_SUCCESS ? 0 : EINVAL;
}

int dns_channel_open(struct dns_channel **out, struct loop *loop, const char *servers,
    int timeout_ms, int tries)
{
	struct dns_channel *ch = calloc(1, sizeof(*ch));
	int err;

	*out = NULL;
	if (ch == NULL)
		return ENOMEM;
	ch->loop = loop;
	list_init(&ch->watches);
	err = open_ares(ch, servers, timeout_ms, tries);
	if (err != 0)
		dns_channel_close(ch);
	else
		*out = ch;
	return err;
}

void dns_channel_close(struct dns_channel *ch)
{
	if (ch == NULL)
		return;
	if (ch->ares_open) {
		/* Not left to ares_destroy(), which in some versions ends an A and AAAA pair
		 * twice. */
		ares_cancel(ch->ares);
		ares_destroy(ch->ares);
	}
	if (ch->library_open)
		ares_library_cleanup();
	timer_stop(loop_timers(ch->loop), &ch->timer);
	file_close(ch->resolv_conf);
	free(ch);
}

void dns_channel_ask(struct dns_channel *ch, const char *host, int family,
    ares_addrinfo_callback fn, void *arg)
{
	struct ares_addrinfo_hints hints = {.ai_family = family,
	    .ai_socktype = SOCK_DGRAM,
	    .ai_flags = ARES_AI_NOSORT};

	ares_getaddrinfo(ch->ares, host, NULL, &hints, fn, arg);
	arm_timer(ch);
}

void dns_channel_ask_records(struct dns_channel *ch, const char *name, int type, ares_callback fn,
    void *arg)
{
	ares_query(ch->ares, name, DNS_CLASS_IN, type, fn, arg);
	arm_timer(ch);
}

void dns_channel_reload(struct dns_channel *ch)
{
	/* c-ares changes its servers only while nothing is asked. */
	ares_cancel(ch->ares);
	arm_timer(ch);
	if (!ch->own_servers)
		reload_servers(ch);
}
