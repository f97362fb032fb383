/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugins: a core with plugins, and what they write into the log. Include it instead of core.c.
 * `config` is text as in siproxd.conf.
 */
#ifndef TEST_PLUGINS_H
#define TEST_PLUGINS_H

#include <unistd.h>

#include "core.c"

#include "proxy/plugin_host.h"

static int log_file = -1;

/* The log goes into a file of ours, from now on. */
static void log_keep(void)
{
	char name[] = "/tmp/siproxd-test-XXXXXX";

	if (log_file < 0) {
		log_file = mkstemp(name);
		unlink(name);
		fflush(stderr);
		dup2(log_file, STDERR_FILENO);
	}
	log_set(4, 0);
	log_stderr(true);
}

/* What was logged since the last call. One buffer. */
static inline const char *logged(void)
{
	static char text[100000];
	ssize_t n = pread(log_file, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	if (ftruncate(log_file, 0) != 0 || lseek(log_file, 0, SEEK_SET) != 0)
		abort();
	return text;
}

struct world {
	struct core core;
	struct config *config;
};

/* What a configuration says; NULL with what was complained of in the log. */
static struct config *read_config(const char *text, struct config_messages *msgs)
{
	struct config *c = NULL;

	config_parse(&c, "t", text, strlen(text), msgs);
	return c;
}

static inline struct core *world_start(struct world *w, const char *config)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct core *c = &w->core;

	core_init(c);
	log_keep();
	is_int(core_start(c, false), 0, "the core starts");
	w->config = read_config(config, &msgs);
	config_messages_print(&msgs, stdout);
	ok(w->config && msgs.count == 0, "with a configuration that nothing is said of");
	config_messages_done(&msgs);
	c->sd.config = w->config;
	is_int(plugins_new(&c->sd.plugins, &c->sd, w->config, (uid_t)-1, (gid_t)-1), 0,
	    "and its plugins");
	return c;
}

/* As SIGHUP does. */
static inline void world_reload(struct world *w, const char *config)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *fresh = read_config(config, &msgs);

	ok(fresh != NULL, "another configuration");
	config_messages_done(&msgs);
	w->core.sd.config = fresh;
	plugins_reload(&w->core.sd, fresh);
	config_free(w->config);
	w->config = fresh;
}

static inline void world_stop(struct world *w)
{
	plugins_free(w->core.sd.plugins);
	w->core.sd.plugins = NULL;
	core_stop(&w->core);
	config_free(w->config);
	log_stderr(false);
}

/* The configuration loads, and the one warning is about that line, with that text. */
static inline void complains(const char *text, unsigned line, const char *about, const char *what)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *c = read_config(text, &msgs);
	bool said = c && c->plugin_faults == 1 && msgs.count == 1 && msgs.item[0].line == line &&
	    strstr(msgs.item[0].text, about);

	ok(said, what);
	if (!said)
		config_messages_print(&msgs, stdout);
	config_free(c);
	config_messages_done(&msgs);
}

/* A request of alice's phone to `uri`, outside of a dialog. */
static inline void alice_sends(struct core *c, const char *method, const char *uri,
    const char *extra)
{
	static unsigned n;

	n++;
	core_receive(c, LAN, CORE_PHONE,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKalice%u\n"
	    "From: <sip:alice@example.com>;tag=a%u\nTo: <%s>\nCall-ID: alice-%u\nCSeq: 1 %s\n"
	    "Contact: <sip:alice@192.168.1.10>\n%s",
	    method, uri, n, n, uri, n, method, extra ? extra : "\n");
}

/* The same of the provider, for siproxd's address. */
static inline void provider_sends(struct core *c, const char *method, const char *uri,
    const char *extra)
{
	static unsigned n;

	n++;
	core_receive(c, WAN, CORE_PROVIDER,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKprov%u\n"
	    "From: <sip:carol@example.net>;tag=c%u\nTo: <%s>\nCall-ID: prov-%u\nCSeq: 1 %s\n"
	    "Contact: <sip:carol@198.51.100.7>\n%s",
	    method, uri, n, n, uri, n, method, extra ? extra : "\n");
}

#endif
