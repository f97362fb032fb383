/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service_state.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/debug_port.h"
#include "base/file.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/notify.h"
#include "base/resolver.h"
#include "base/trace.h"
#include "config.h"
#include "media/ports.h"
#include "media/priority.h"
#include "media/relay.h"
#include "proxy/authenticate.h"
#include "proxy/dialog.h"
#include "proxy/locate.h"
#include "proxy/location.h"
#include "proxy/pipeline.h"
#include "proxy/plugin_host.h"
#include "proxy/registrars.h"
#include "proxy/registrations.h"
#include "proxy/response.h"
#include "proxy/servers.h"
#include "proxy/session.h"
#include "proxy/snapshot.h"
#include "proxy/transaction.h"
#include "sip/sip_arena.h"
#include "sip/transport.h"

/* Answers to strangers, per source: enough for a lost trunk's keepalive, useless as an echo. */
#define STRANGER_PER_MINUTE 20
#define STRANGER_BURST      5
/* New requests from one WAN source: a busy trunk's, too few to fill the table of transactions,
 * which each of them keeps an entry in for half a minute. */
#define CALLER_PER_MINUTE 3000
#define CALLER_BURST      200
#define SOURCES           4096
/* TCP connections: an office full of phones, of which many may stand behind one more NAT; the few
 * that a provider opens; and those that we open. All of them find room below FD_SETSIZE. */
#define LAN_CONNECTIONS          512
#define LAN_CONNECTIONS_PER_PEER 128
#define WAN_CONNECTIONS          128
#define WAN_CONNECTIONS_PER_PEER 16
#define OPENED_CONNECTIONS       192

static int64_t steady_time(void)
{
	static int64_t start_s;

	if (!start_s)
		start_s = (int64_t)time(NULL) - (int64_t)(loop_clock_ms() / 1000);
	return start_s + (int64_t)(loop_clock_ms() / 1000);
}

static int send_message(void *arg, const void *data, size_t len, struct hop *hop)
{
	const struct siproxd *sd = arg;
	struct transport_to to = {.peer = &hop->peer,
	    .local = &hop->local,
	    .transport = hop->transport,
	    .connection = hop->connection,
	    .group = (unsigned)hop->side};

	return transport_send(sd->transport, data, len, &to, &hop->connection);
}

static bool has_connection(void *arg, uint64_t connection)
{
	const struct siproxd *sd = arg;

	return transport_has_connection(sd->transport, connection);
}

static bool speaks_tcp(void *arg, const struct addr *peer)
{
	const struct siproxd *sd = arg;

	return transport_speaks_tcp(sd->transport, peer);
}

/* --- starting ----------------------------------------------------------------------------- */

/* Who waits in vain says so himself: no reason not to start. */
static int start_notify(struct service *s)
{
	struct notify_env env = {getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"),
	    getenv("WATCHDOG_PID")};
	int err = notify_open(&s->notify, &env);

	if (err)
		log_warn(LOG_MAIN, "NOTIFY_SOCKET = %s cannot be told that siproxd is ready: %s",
		    env.socket, strerror(err));
	return 0;
}

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
	house_set_names(s, c);
	side_set_public_name(s->sd.sides, c->host_outbound); /* for what the log says now */
	service_warn_of_interfaces(c);
	log_info(LOG_MAIN, "%s", side_describe(s->sd.sides, text, sizeof(text)));
	if (!side_has_wan(s->sd.sides))
		log_warn(LOG_MAIN, "the WAN side has no address yet; calls will work once it has");
	return 0;
}

static int start_transport(struct service *s)
{
	unsigned port = (unsigned)s->boot->sip_listen_port;
	struct transport_setup setup = {
	    .loop = s->sd.loop,
	    .port = (uint16_t)port,
	    .dscp = s->boot->sip_dscp,
	    .hooks.arg = &s->sd,
	    .hooks.receive = pipeline_receive,
	    .hooks.refused = pipeline_refused,
	    .hooks.admit = pipeline_admit,
	    .hooks.in_use = pipeline_relies_on,
	    .hooks.gone = pipeline_connection_gone,
	    .limits.accepted = {[LAN] = LAN_CONNECTIONS, [WAN] = WAN_CONNECTIONS},
	    .limits.per_peer = {[LAN] = LAN_CONNECTIONS_PER_PEER, [WAN] = WAN_CONNECTIONS_PER_PEER},
	    .limits.opened = OPENED_CONNECTIONS,
	};
	enum sip_transport failed;
	char text[512];
	int err = transport_open(&s->sd.transport, &setup, &failed);

	if (err) {
		service_port_trouble(failed, port, err, text, sizeof(text));
		log_err(LOG_MAIN, "%s", text);
		return err;
	}
	house_set_tcp_times(s);
	return 0;
}

/* The log tells who calls whom: it is for the LAN, and for this machine. */
static bool may_read_log(void *siproxd, const struct udp_from *who)
{
	return pipeline_admit(siproxd, who) == LAN;
}

/* Without it siproxd runs too. */
static int start_debug_port(struct service *s)
{
	unsigned port = (unsigned)s->boot->debug_port;
	int err;

	if (!port)
		return 0;
	err = debug_port_open(&s->debug_port, s->sd.loop, (uint16_t)port, may_read_log, &s->sd);
	if (err)
		log_err(LOG_MAIN, "debug_port = %u cannot be opened: %s", port, strerror(err));
	else
		log_info(LOG_MAIN, "the log can be read on TCP port %u, from inside", port);
	return 0;
}

/* Before anything is made that would belong to nobody. */
static int check_user(struct service *s)
{
	const char *user = service_run_as(s->boot);

	if (geteuid() != 0 || !user || getpwnam(user))
		return 0;
	log_err(LOG_MAIN,
	    "there is no user %s on this machine: make one (`useradd -r %s`) or name another with "
	    "`user`",
	    user, user);
	return ENOENT;
}

static int drop_root(struct service *s)
{
	struct daemon_ids ids = {service_run_as(s->boot), s->boot->chrootjail};
	char why[256] = "";
	bool root = geteuid() == 0;
	int err;

	if (s->boot->rtp_proxy_enable)
		priority_allow();
	err = daemon_drop_root(&ids, why, sizeof(why));
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

/* Nice to have: most machines that carry voice have little else to do. */
static void hurry_media(struct relay *relay)
{
	int err = relay_raise_priority(relay);

	if (err)
		log_debug(LOG_RTP, "voice has no real-time priority: %s", strerror(err));
	else
		log_info(LOG_RTP, "voice has real-time priority");
}

static int start_media(struct service *s)
{
	struct siproxd *sd = &s->sd;
	const struct config *c = s->boot;
	struct call_setup setup = {
	    .timers = sd->timers,
	    .sides = sd->sides,
	    .lapsed = call_lapsed,
	    .arg = sd,
	    .resolver = sd->resolver,
	};
	struct call_limits limits;
	int err = ports_new(&sd->ports, (uint16_t)c->rtp_port_low, (uint16_t)c->rtp_port_high);

	if (!err && c->rtp_proxy_enable)
		err = relay_new(&sd->relay, sd->loop);
	if (err)
		return err;
	if (sd->relay)
		hurry_media(sd->relay);
	setup.relay = sd->relay;
	setup.ports = sd->ports;
	house_call_limits(c, &limits);
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
		err = dialogs_new(&sd->dialogs, sd->timers, sd->key, house_max_dialogs(c));
	if (!err)
		err = limit_new(&sd->strangers, STRANGER_PER_MINUTE, STRANGER_BURST, SOURCES);
	if (!err)
		err = limit_new(&sd->callers, CALLER_PER_MINUTE, CALLER_BURST, SOURCES);
	if (!err)
		err = locator_new(&sd->locator, sd->resolver, sd->timers);
	if (!err)
		err = servers_new(&sd->servers, sd->timers, sd->key);
	if (!err)
		err = registrars_new(&sd->registrars, sd);
	return err;
}

/* --- the list of starts ------------------------------------------------------------------- */

static int start_loop(struct service *s)
{
	int err = loop_new(&s->sd.loop);

	if (err)
		return err;
	s->sd.timers = loop_timers(s->sd.loop);
	s->sd.now_s = steady_time;
	s->sd.send = send_message;
	s->sd.has_connection = has_connection;
	s->sd.speaks_tcp = speaks_tcp;
	s->sd.send_arg = &s->sd;
	s->sd.config = s->config;
	sip_arena_use();
	return sip_msg_init();
}

static int start_resolver(struct service *s)
{
	return resolver_new(&s->sd.resolver, s->sd.loop);
}

static int start_house(struct service *s)
{
	int err;

	service_load_registrations(s);
	err = house_start(s);
	if (!err)
		service_load_snapshot(s);
	return err;
}

static int start_plugins(struct service *s)
{
	uid_t uid;
	gid_t gid;

	service_file_owner(s->boot, &uid, &gid);
	return plugins_new(&s->sd.plugins, &s->sd, s->boot, uid, gid);
}

/* In this order; what needs root comes before drop_root, the thread after it. */
static const struct start {
	const char *what;
	int (*fn)(struct service *s);
} starts[] = {
    {"the user", check_user},
    {"the event loop", start_loop},
    {"signals", house_start_signals}, /* heard at once; served by the loop, when all is there */
    {"the interfaces", start_sides},
    {"the SIP port", start_transport},
    {"the packet trace", service_start_trace},
    {"the debug port", start_debug_port},
    {"name resolution", start_resolver},
    {"the files", service_start_files},
    {"the passwords", service_start_passwords},
    {"the supervisor", start_notify},
    {"the plugins", start_plugins},
    {"giving up root", drop_root},
    {"the proxy", start_core},
    {"the media relay", start_media},
    {"the registrations", start_house},
};

int service_start(struct service **out, struct config *config,
    const struct service_options *options)
{
	struct service *s = calloc(1, sizeof(*s));
	char status[64];
	int err = 0;

	*out = NULL;
	if (!s) {
		config_free(config);
		return ENOMEM;
	}
	s->boot = s->config = config;
	s->options = *options;
	house_set_log(s);
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
	snprintf(status, sizeof(status), "ready on port %d, UDP and TCP", s->boot->sip_listen_port);
	log_info(LOG_MAIN, "siproxd %s is %s", PACKAGE_VERSION, status);
	notify_ready(s->notify, status);
	*out = s;
	return 0;
}

int service_run(struct service *s)
{
	return loop_run(s->sd.loop);
}

void service_stop(struct service *s)
{
	struct siproxd *sd = &s->sd;

	house_stop(s);
	debug_port_close(s->debug_port);
	plugins_free(sd->plugins);
	sd->plugins = NULL;
	transactions_free(sd->transactions);
	calls_free(sd->calls);
	relay_free(sd->relay);
	ports_free(sd->ports);
	dialogs_free(sd->dialogs);
	location_free(sd->location);
	limit_free(sd->strangers);
	limit_free(sd->callers);
	authenticator_free(sd->authenticator);
	hash_done(&sd->forwards);
	snapshot_close(sd->snapshot);
	registrations_close(sd->registrations);
	file_close(s->config_file);
	file_close(s->password_file);
	notify_close(s->notify);
	registrars_free(sd->registrars);
	locator_free(sd->locator);
	servers_free(sd->servers);
	resolver_free(sd->resolver);
	transport_close(sd->transport);
	trace_close(s->trace);
	side_free(sd->sides);
	loop_free(sd->loop);
	service_remove_pid_file(s);
	if (s->config != s->boot)
		config_free(s->config);
	config_free(s->boot);
	free(s);
}
