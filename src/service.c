/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/file.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/resolver.h"
#include "base/trace.h"
#include "config.h"
#include "media/ports.h"
#include "media/relay.h"
#include "paths.h"
#include "proxy/call.h"
#include "proxy/dialog.h"
#include "proxy/location.h"
#include "proxy/pipeline.h"
#include "proxy/registrations.h"
#include "proxy/response.h"
#include "proxy/session.h"
#include "proxy/transaction.h"
#include "sip/transport.h"
#include "siproxd.h"

#define HOUSEKEEPING_MS    1000
#define REFRESH_ROUNDS     5  /* interfaces are looked at every so many */
#define PUBLIC_NAME_ROUNDS 60 /* and host_outbound's name looked up */

/* Answers to strangers, per source: enough for a lost trunk's keepalive, useless as an echo. */
#define STRANGER_PER_MINUTE 20
#define STRANGER_BURST      5
#define STRANGER_SOURCES    4096

struct service {
	struct siproxd sd;
	struct config *boot;   /* of the start: what cannot change at run time is read from it */
	struct config *config; /* the one in force; may be the same */
	struct service_options options;
	struct file *config_file; /* for the reload, which root and the world outside a jail may
				     be gone for; NULL: it could not be kept open */
	char *pid_file; /* as it was called before the jail */
	bool jailed;
	struct trace *trace; /* NULL: none */
	struct timer housekeeping;
	unsigned rounds;
	struct resolver_query *public_query;
};

static int64_t unix_time(void)
{
	return (int64_t)time(NULL);
}

static int send_message(void *arg, const void *data, size_t len, const struct hop *hop)
{
	const struct siproxd *sd = arg;

	return transport_send(sd->transport, data, len, &hop->local, &hop->peer);
}

/* Started as root we always become somebody else: `user`, or whoever there is for such jobs. */
static const char *run_as(const struct config *c)
{
	if (c->user || geteuid() != 0)
		return c->user;
	return getpwnam("siproxd") ? "siproxd" : "nobody";
}

static void set_log(const struct service *s)
{
	uint32_t mask = s->config->debug_level;
	char *end;

	if (s->options.debug) {
		long given = strtol(s->options.debug, &end, 0);

		if (*end == '\0' && end != s->options.debug)
			mask = given ? (uint32_t)given : mask;
		else
			log_warn(LOG_MAIN, "-d %s is no number and is ignored", s->options.debug);
	}
	log_set(s->config->silence_log, mask);
}

/* --- starting ----------------------------------------------------------------------------- */

static int start_sides(struct service *s)
{
	const struct config *c = s->boot;
	struct side_setup setup = {
	    .inbound = (const char *const *)c->if_inbound.item,
	    .n_inbound = c->if_inbound.count,
	    .outbound = c->if_outbound,
	    .local_nets = &c->local_nets,
	    .sip_port = (uint16_t)c->sip_listen_port,
	};
	char text[256];
	int err = side_new(&s->sd.sides, &setup);

	if (!err)
		err = side_refresh(s->sd.sides, NULL, NULL);
	if (err)
		return err;
	side_set_public_name(s->sd.sides, c->host_outbound);
	if (!c->if_outbound || !c->if_inbound.count)
		log_warn(LOG_MAIN, "if_inbound or if_outbound is not set, so siproxd guesses; set "
				   "both in siproxd.conf to be sure");
	log_info(LOG_MAIN, "%s", side_describe(s->sd.sides, text, sizeof(text)));
	if (!side_has_wan(s->sd.sides))
		log_warn(LOG_MAIN, "the WAN side has no address yet; calls will work once it has");
	return 0;
}

static int start_transport(struct service *s)
{
	unsigned port = (unsigned)s->boot->sip_listen_port;
	char who[128];
	int err = transport_open(&s->sd.transport, s->sd.loop, (uint16_t)port, s->boot->sip_dscp,
	    pipeline_receive, &s->sd);

	if (err == EADDRINUSE && daemon_port_owner(AF_INET, port, who, sizeof(who)))
		log_err(LOG_MAIN,
		    "UDP port %u is taken by %s. Stop that program, or give one of the two another "
		    "port (an Asterisk on the same box: bindport or bind in its sip.conf or "
		    "pjsip.conf; siproxd: sip_listen_port)",
		    port, who);
	else if (err)
		log_err(LOG_MAIN, "UDP port %u cannot be opened: %s", port, strerror(err));
	return err;
}

/* Who shall own the files that we make; -1: nobody else than now. */
static void file_owner(const struct config *c, uid_t *uid, gid_t *gid)
{
	const char *user = run_as(c);
	const struct passwd *pw = user ? getpwnam(user) : NULL;

	*uid = pw ? pw->pw_uid : (uid_t)-1;
	*gid = pw ? pw->pw_gid : (gid_t)-1;
}

static void start_registrations(struct service *s)
{
	uid_t uid;
	gid_t gid;
	char *path = paths_in_jail(s->boot->chrootjail, s->boot->registration_file);
	int err = ENOENT;

	file_owner(s->boot, &uid, &gid);
	if (path) {
		paths_make_parent(path, uid, gid);
		err = registrations_open(&s->sd.registrations, path, uid, gid);
	} else {
		for (size_t i = 0; err && paths_registrations[i]; i++)
			err = registrations_open(&s->sd.registrations, paths_registrations[i], uid,
			    gid);
	}
	if (err)
		log_err(LOG_REG, "registrations will not survive a restart: %s: %s",
		    path ? path : paths_registrations[0], strerror(err));
	else
		log_info(LOG_REG, "registrations are kept in %s",
		    registrations_path(s->sd.registrations));
	free(path);
}

static const char *trace_failure(int err)
{
	switch (err) {
	case ENOTSUP:
		return "this siproxd is built without packet traces";
	case EEXIST:
		return "it is no packet trace, and is not overwritten";
	default:
		return strerror(err);
	}
}

/* Without it siproxd runs too. */
static int start_trace(struct service *s)
{
	char *path = paths_in_jail(s->boot->chrootjail, s->boot->trace_file);
	uid_t uid;
	gid_t gid;
	int err;

	if (!path)
		return s->boot->trace_file ? ENOMEM : 0;
	file_owner(s->boot, &uid, &gid);
	err = trace_open(&s->trace, path, uid, gid, TRACE_MAX_BYTES);
	if (err)
		log_err(LOG_NET, "trace_file %s: %s", path, trace_failure(err));
	else
		log_info(LOG_NET, "all SIP packets are written into %s", path);
	transport_set_trace(s->sd.transport, s->trace);
	free(path);
	return 0;
}

static int start_pid_file(struct service *s)
{
	int err;

	if (!s->options.pid_file)
		return 0;
	s->pid_file = paths_in_jail(s->boot->chrootjail, s->options.pid_file);
	if (!s->pid_file)
		return ENOMEM;
	err = daemon_pid_write(s->pid_file);
	if (err) {
		log_warn(LOG_MAIN, "pid_file %s cannot be written: %s", s->pid_file, strerror(err));
		free(s->pid_file);
		s->pid_file = NULL;
	}
	return 0;
}

static int drop_root(struct service *s)
{
	struct daemon_ids ids = {run_as(s->boot), s->boot->chrootjail};
	char why[256] = "";
	bool root = geteuid() == 0;
	int err = daemon_drop_root(&ids, why, sizeof(why));

	s->jailed = !err && root && ids.chroot_dir;
	if (err)
		log_err(LOG_MAIN, "%s", why[0] ? why : strerror(err));
	else if (why[0])
		log_warn(LOG_MAIN, "%s", why);
	return err;
}

static void call_lapsed(void *arg, struct call *call, const char *why)
{
	session_hang_up(arg, call, why);
}

static void fill_call_limits(const struct config *c, struct call_limits *out)
{
	*out = (struct call_limits){
	    .max = (size_t)c->max_calls,
	    .silence_s = (unsigned)c->rtp_timeout,
	    .hold_s = (unsigned)c->rtp_hold_timeout,
	    .latch_any = c->rtp_latch == RTP_LATCH_ANY,
	    .dscp = c->rtp_dscp ? c->rtp_dscp : -1,
	};
}

static int start_media(struct service *s)
{
	struct siproxd *sd = &s->sd;
	const struct config *c = s->boot;
	struct call_setup setup = {sd->timers, NULL, NULL, sd->sides, call_lapsed, sd};
	struct call_limits limits;
	int err = ports_new(&sd->ports, (uint16_t)c->rtp_port_low, (uint16_t)c->rtp_port_high);

	if (!err && c->rtp_proxy_enable)
		err = relay_new(&sd->relay, sd->loop);
	if (err)
		return err;
	setup.relay = sd->relay;
	setup.ports = sd->ports;
	fill_call_limits(c, &limits);
	return calls_new(&sd->calls, &setup, &limits);
}

static int start_core(struct service *s)
{
	struct siproxd *sd = &s->sd;
	const struct config *c = s->boot;
	struct txn_ops ops;
	int err;

	if (!sd->registrations || !registrations_key(sd->registrations, sd->key))
		random_bytes(sd->key, sizeof(sd->key));
	response_txn_ops(sd, &ops);
	err = hash_init(&sd->forwards, 256);
	if (!err)
		err = transactions_new(&sd->transactions, sd->timers, &ops, sd->key,
		    (size_t)c->max_transactions);
	if (!err)
		err = location_new(&sd->location, sd->key, (size_t)c->max_registrations);
	if (!err)
		err = dialogs_new(&sd->dialogs, sd->timers, sd->key, 2 * (size_t)c->max_calls);
	if (!err)
		err = limit_new(&sd->strangers, STRANGER_PER_MINUTE, STRANGER_BURST,
		    STRANGER_SOURCES);
	return err;
}

static void load_registrations(struct service *s)
{
	struct siproxd *sd = &s->sd;
	size_t count;
	int err;

	if (!sd->registrations)
		return;
	err = registrations_load(sd->registrations, sd->location, sd->now_s(), &count);
	if (err == EBADMSG)
		log_err(LOG_REG, "%s is not a registration file and is left alone; registrations will "
				 "not survive a restart",
		    registrations_path(sd->registrations));
	else if (err == ENOMSG)
		log_warn(LOG_REG, "%s is one of siproxd before 0.8.2 and counts as empty",
		    registrations_path(sd->registrations));
	else if (err)
		log_err(LOG_REG, "%s cannot be read: %s", registrations_path(sd->registrations),
		    strerror(err));
	if (count)
		log_info(LOG_REG, "%zu registrations are still valid", count);
}

static void save_registrations(struct service *s, bool at_end)
{
	struct siproxd *sd = &s->sd;
	int err;

	if (!sd->registrations)
		return;
	err = registrations_save(sd->registrations, sd->location, sd->sides, sd->key,
	    sd->now_s(), at_end);
	if (err)
		log_every(600, LOG_LVL_ERR, LOG_REG, "%s cannot be written: %s",
		    registrations_path(sd->registrations), strerror(err));
}

/* --- keeping house ------------------------------------------------------------------------ */

static void public_name_resolved(void *arg, int err, const struct addr *addr, size_t count)
{
	struct service *s = arg;

	s->public_query = NULL;
	if (!err && count)
		side_set_public(s->sd.sides, &addr[0]);
	else
		log_every(600, LOG_LVL_WARN, LOG_DNS, "host_outbound = %s has no address (%s)",
		    s->config->host_outbound ? s->config->host_outbound : "", strerror(err));
}

static void look_up_public_name(struct service *s)
{
	const char *name = s->config->host_outbound;
	struct addr literal;

	if (!name || s->public_query || addr_parse(&literal, name, 0) == 0)
		return;
	if (resolver_lookup(s->sd.resolver, name, AF_INET, (uint16_t)s->boot->sip_listen_port,
		public_name_resolved, s, &s->public_query) != 0)
		s->public_query = NULL;
}

static void refresh_sides(struct service *s)
{
	char text[256];
	bool changed = false;

	if (side_refresh(s->sd.sides, NULL, &changed) != 0 || !changed)
		return;
	log_info(LOG_NET, "address changed: %s", side_describe(s->sd.sides, text, sizeof(text)));
	resolver_reload(s->sd.resolver);
}

static void keep_house(void *arg)
{
	struct service *s = arg;

	location_expire(s->sd.location, s->sd.now_s());
	save_registrations(s, false);
	if (s->rounds % REFRESH_ROUNDS == 0)
		refresh_sides(s);
	if (s->rounds % PUBLIC_NAME_ROUNDS == 0)
		look_up_public_name(s);
	s->rounds++;
	timer_start(s->sd.timers, &s->housekeeping, HOUSEKEEPING_MS, keep_house, s);
}

static void on_stop(void *arg, int signo)
{
	struct service *s = arg;

	log_info(LOG_MAIN, "ending on signal %d", signo);
	loop_stop(s->sd.loop);
}

static void needs_restart(void *arg, const char *name)
{
	(void)arg;
	log_warn(LOG_MAIN, "%s has changed in the file; that needs a restart", name);
}

static void apply(struct service *s)
{
	struct siproxd *sd = &s->sd;
	const struct config *c = s->config;
	struct call_limits limits;

	sd->config = c;
	set_log(s);
	transactions_set_max(sd->transactions, (size_t)c->max_transactions);
	location_set_max(sd->location, (size_t)c->max_registrations);
	side_set_local_nets(sd->sides, &c->local_nets);
	side_set_public_name(sd->sides, c->host_outbound);
	resolver_cancel(s->public_query);
	s->public_query = NULL;
	look_up_public_name(s);
	fill_call_limits(c, &limits);
	calls_set_limits(sd->calls, &limits);
	if (ports_set_range(sd->ports, (uint16_t)c->rtp_port_low, (uint16_t)c->rtp_port_high) != 0)
		log_warn(LOG_MAIN, "the new RTP port range could not be taken over");
}

static int read_config(struct service *s, struct config **out, struct config_messages *msgs)
{
	char *text = NULL;
	size_t len;
	int err = s->config_file ? file_read(s->config_file, CONFIG_FILE_MAX, &text, &len) : EBADF;

	if (err)
		log_err(LOG_MAIN, "%s cannot be read again: %s", s->boot->file, strerror(err));
	else
		err = config_parse(out, s->boot->file, text, len, msgs);
	free(text);
	return err;
}

/* HUP: a broken file changes nothing. */
static void on_reload(void *arg, int signo)
{
	struct service *s = arg;
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *fresh, *old = s->config;
	int err = read_config(s, &fresh, &msgs);
	char text[512];

	(void)signo;
	for (size_t i = 0; i < msgs.count; i++)
		if (msgs.item[i].level <= CONFIG_WARN)
			log_warn(LOG_MAIN, "%s",
			    config_message_text(&msgs.item[i], text, sizeof(text)));
	config_messages_done(&msgs);
	if (err) {
		log_err(LOG_MAIN, "the configuration was not reloaded: the old one stays in force");
		return;
	}
	config_restart_needed(s->boot, fresh, needs_restart, NULL);
	s->config = fresh;
	apply(s);
	if (old != s->boot)
		config_free(old);
	log_info(LOG_MAIN, "configuration reloaded from %s", s->boot->file);
}

static void on_statistics(void *arg, int signo)
{
	const struct service *s = arg;
	const struct counters *n = &s->sd.counters;

	(void)signo;
	log_info(LOG_MAIN,
	    "STATS: %zu calls, %zu media streams, %zu registrations, %zu transactions, %zu of %zu "
	    "port pairs free",
	    calls_count(s->sd.calls), s->sd.relay ? relay_flow_count(s->sd.relay) : 0,
	    location_count(s->sd.location), transactions_count(s->sd.transactions),
	    ports_free_count(s->sd.ports), ports_total(s->sd.ports));
	log_info(LOG_MAIN,
	    "STATS: messages received %llu, forwarded %llu, answered %llu, malformed %llu, stray "
	    "%llu, of strangers %llu, not sent %llu; calls %llu, refused %llu",
	    (unsigned long long)n->received, (unsigned long long)n->forwarded,
	    (unsigned long long)n->answered, (unsigned long long)n->dropped_bad,
	    (unsigned long long)n->dropped_stray, (unsigned long long)n->dropped_stranger,
	    (unsigned long long)n->sends_failed, (unsigned long long)n->calls,
	    (unsigned long long)n->calls_refused);
}

static int start_signals(struct service *s)
{
	static const struct {
		int signo;
		loop_signal_fn *fn;
	} signals[] = {
	    {SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}, {SIGUSR1, on_statistics}};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(signals) / sizeof(*signals); i++)
		err = loop_signal_add(s->sd.loop, signals[i].signo, signals[i].fn, s);
	return err;
}

/* --- the list of starts ------------------------------------------------------------------- */

static int start_loop(struct service *s)
{
	int err = loop_new(&s->sd.loop);

	if (err)
		return err;
	s->sd.timers = loop_timers(s->sd.loop);
	s->sd.now_s = unix_time;
	s->sd.send = send_message;
	s->sd.send_arg = &s->sd;
	s->sd.config = s->config;
	return sip_msg_init();
}

static int start_resolver(struct service *s)
{
	return resolver_new(&s->sd.resolver, s->sd.loop);
}

static int start_files(struct service *s)
{
	start_registrations(s);
	if (s->boot->file && file_open_readonly(&s->config_file, s->boot->file) != 0)
		s->config_file = NULL;
	return start_pid_file(s);
}

static int start_house(struct service *s)
{
	load_registrations(s);
	return timer_start(s->sd.timers, &s->housekeeping, 0, keep_house, s);
}

/* In this order; what needs root comes before drop_root, the thread after it. */
static const struct start {
	const char *what;
	int (*fn)(struct service *s);
} starts[] = {
    {"the event loop", start_loop},
    {"the interfaces", start_sides},
    {"the SIP port", start_transport},
    {"the packet trace", start_trace},
    {"name resolution", start_resolver},
    {"the files", start_files},
    {"giving up root", drop_root},
    {"the proxy", start_core},
    {"the media relay", start_media},
    {"signals", start_signals},
    {"the registrations", start_house},
};

int service_start(struct service **out, struct config *config,
    const struct service_options *options)
{
	struct service *s = calloc(1, sizeof(*s));
	int err = 0;

	*out = NULL;
	if (!s) {
		config_free(config);
		return ENOMEM;
	}
	s->boot = s->config = config;
	s->options = *options;
	set_log(s);
	for (size_t i = 0; !err && i < sizeof(starts) / sizeof(*starts); i++) {
		err = starts[i].fn(s);
		if (err)
			log_err(LOG_MAIN, "siproxd cannot start: %s: %s", starts[i].what,
			    strerror(err));
	}
	if (err) {
		service_stop(s);
		return err;
	}
	log_info(LOG_MAIN, "siproxd %s is ready on UDP port %d", PACKAGE_VERSION,
	    s->boot->sip_listen_port);
	*out = s;
	return 0;
}

int service_run(struct service *s)
{
	return loop_run(s->sd.loop);
}

/* From inside the jail, if we are in one. */
static void remove_pid_file(struct service *s)
{
	const char *path = s->pid_file;

	if (path && s->jailed)
		path = paths_from_inside(s->boot->chrootjail, path);
	if (path)
		daemon_pid_remove(path);
	free(s->pid_file);
}

void service_stop(struct service *s)
{
	struct siproxd *sd = &s->sd;

	if (sd->timers)
		timer_stop(sd->timers, &s->housekeeping);
	resolver_cancel(s->public_query);
	if (sd->location)
		save_registrations(s, true);
	transactions_free(sd->transactions);
	calls_free(sd->calls);
	relay_free(sd->relay);
	ports_free(sd->ports);
	dialogs_free(sd->dialogs);
	location_free(sd->location);
	limit_free(sd->strangers);
	hash_done(&sd->forwards);
	registrations_close(sd->registrations);
	file_close(s->config_file);
	resolver_free(sd->resolver);
	transport_close(sd->transport);
	trace_close(s->trace);
	side_free(sd->sides);
	loop_free(sd->loop);
	remove_pid_file(s);
	if (s->config != s->boot)
		config_free(s->config);
	config_free(s->boot);
	free(s);
}
