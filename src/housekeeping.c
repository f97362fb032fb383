/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes on while the service runs: signals, reload, expiry, saving, changes of address. */
#include "service_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/netwatch.h"
#include "base/notify.h"
#include "base/resolver.h"
#include "base/writer.h"
#include "config.h"
#include "media/ports.h"
#include "media/relay.h"
#include "proxy/dialog.h"
#include "proxy/emergency.h"
#include "proxy/keepalive.h"
#include "proxy/location.h"
#include "proxy/plugin_host.h"
#include "proxy/public_addr.h"
#include "proxy/readdress.h"
#include "proxy/registrars.h"
#include "proxy/registrations.h"
#include "proxy/side.h"
#include "proxy/snapshot.h"
#include "proxy/transaction.h"
#include "sip/transport.h"

#define HOUSEKEEPING_MS  1000
#define KEEPALIVE_ROUNDS (KEEPALIVE_S * 1000 / HOUSEKEEPING_MS)
/* The names of providers; each of them is asked for more seldom. */
#define REGISTRARS_ROUNDS 10
#define GIVE_BACK_ROUNDS  60
#define REFRESH_ROUNDS    5 /* interfaces are looked at every so many, told of changes or not */

void house_set_log(const struct service *s)
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

void house_set_tcp_times(const struct service *s)
{
	const struct config *c = s->config;

	transport_set_times(s->sd.transport, (uint64_t)c->tcp_timeout * 1000,
	    (uint64_t)c->tcp_connect_timeout, (uint64_t)c->tcp_keepalive * 1000);
}

size_t house_max_dialogs(const struct config *c)
{
	return 4 * (size_t)c->max_registrations;
}

void house_call_limits(const struct config *c, struct call_limits *out)
{
	*out = (struct call_limits){
	    .max = (size_t)c->max_calls,
	    .silence_s = (unsigned)c->rtp_timeout,
	    .hold_s = (unsigned)c->rtp_hold_timeout,
	    .latch_any = c->rtp_latch == RTP_LATCH_ANY,
	    .reserve = emergency_is_configured(c),
	    .dscp = c->rtp_dscp ? c->rtp_dscp : -1,
	    .copy_dscp = c->rtp_dscp_copy,
	    .delay_us =
		{[WAN] = (uint32_t)c->rtp_input_dejitter, [LAN] = (uint32_t)c->rtp_output_dejitter},
	};
}

static void save_registrations(struct service *s, bool at_end)
{
	struct siproxd *sd = &s->sd;
	int err;

	if (!sd->registrations)
		return;
	err = registrations_save(sd->registrations, sd->location, sd->sides, sd->key, sd->now_s(),
	    (int64_t)time(NULL) - sd->now_s(), at_end);
	if (err)
		log_every(600, LOG_LVL_ERR, LOG_REG, "%s cannot be written: %s",
		    registrations_path(sd->registrations), strerror(err));
}

/* After the registrations, which it depends on. */
static void save_snapshot(struct service *s, bool at_end)
{
	struct siproxd *sd = &s->sd;
	int err = sd->snapshot ? snapshot_save(sd->snapshot, sd, (int64_t)time(NULL), at_end) : 0;

	if (err)
		log_every(600, LOG_LVL_ERR, LOG_SIP, "%s cannot be written: %s",
		    snapshot_path(sd->snapshot), strerror(err));
	else if (at_end && sd->snapshot && calls_count(sd->calls))
		log_info(LOG_MAIN, "calls that will go on when siproxd is started again: %zu",
		    calls_count(sd->calls));
}

/* What stands on an address that is gone ends. By another address on the WAN the streams there are
 * dead; a phone whose own closes registers anew. */
static void follow_address(struct service *s)
{
	readdress(&s->sd);
	if (!side_wan_moved(s->sd.sides))
		return;
	transport_close_connections(s->sd.transport, LAN);
	transport_close_connections(s->sd.transport, WAN);
}

static void refresh_sides(struct service *s)
{
	char text[256];
	bool changed = false;

	if (side_refresh(s->sd.sides, NULL, &changed) != 0 || !changed)
		return;
	log_info(LOG_NET, "address changed: %s", side_describe(s->sd.sides, text, sizeof(text)));
	resolver_reload(s->sd.resolver);
	public_addr_ask(s->sd.public_addr);
	follow_address(s);
}

static void on_net_change(void *arg)
{
	refresh_sides(arg);
}

static void keep_house(void *arg)
{
	struct service *s = arg;

	location_expire(s->sd.location, s->sd.now_s());
	save_registrations(s, false);
	save_snapshot(s, false);
	house_watch_passwords(s);
	if (s->rounds % REFRESH_ROUNDS == 0)
		refresh_sides(s);
	if (s->rounds % KEEPALIVE_ROUNDS == KEEPALIVE_ROUNDS - 1)
		keepalive_send(&s->sd);
	if (s->rounds % REGISTRARS_ROUNDS == 0)
		registrars_refresh(s->sd.registrars);
	if (s->rounds % GIVE_BACK_ROUNDS == GIVE_BACK_ROUNDS - 1)
		memory_give_back();
	s->rounds++;
	notify_alive(s->notify);
	timer_start(s->sd.timers, &s->housekeeping, HOUSEKEEPING_MS, keep_house, s);
}

static void on_stop(void *arg, int signo)
{
	struct service *s = arg;

	log_info(LOG_MAIN, "ending on signal %d", signo);
	notify_stopping(s->notify);
	loop_stop(s->sd.loop);
}

static void needs_restart(void *arg, const char *name)
{
	(void)arg;
	log_warn(LOG_MAIN, "%s has changed in the file; that needs a restart", name);
}

static void public_addr_changed(void *arg)
{
	follow_address(arg);
}

static void apply_public_addr(struct service *s)
{
	const struct config *c = s->config;
	const char *server = config_loads_plugin(c, "stun") ? c->plugin_stun_server : NULL;

	if (public_addr_set_stun(s->sd.public_addr, server, (uint16_t)c->plugin_stun_port,
		(unsigned)c->plugin_stun_period) != 0)
		log_err(LOG_MAIN, "out of memory: the STUN server is not asked");
	public_addr_set_name(s->sd.public_addr, c->host_outbound);
}

void house_set_names(struct service *s, const struct config *c)
{
	const struct config_list *const names[] = {&c->local_domain, &c->mask_host,
	    &c->masked_host};

	side_set_names(s->sd.sides, names);
}

static void apply(struct service *s)
{
	struct siproxd *sd = &s->sd;
	const struct config *c = s->config;
	struct call_limits limits;

	sd->config = c;
	house_set_log(s);
	house_set_tcp_times(s);
	transactions_set_max(sd->transactions, (size_t)c->max_transactions);
	location_set_max(sd->location, (size_t)c->max_registrations);
	dialogs_set_max(sd->dialogs, house_max_dialogs(c));
	side_set_local_nets(sd->sides, &c->local_nets);
	house_set_names(s, c);
	apply_public_addr(s);
	plugins_reload(sd, c);
	registrars_refresh(sd->registrars);
	house_call_limits(c, &limits);
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
		log_err(LOG_MAIN,
		    "%s cannot be read again: %s. If it was replaced by another file, the user "
		    "that siproxd runs as must be able to read that one",
		    s->boot->file, strerror(err));
	else
		err = config_parse(out, s->boot->file, text, len, msgs);
	free(text);
	return err;
}

/* A broken file changes nothing. */
static int reload(struct service *s)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *fresh = NULL, *old = s->config;
	int err = read_config(s, &fresh, &msgs);
	char text[512];

	for (size_t i = 0; i < msgs.count; i++)
		if (msgs.item[i].level <= CONFIG_WARN)
			log_line(msgs.item[i].level == CONFIG_ERR ? LOG_LVL_ERR : LOG_LVL_WARN,
			    LOG_MAIN, "%s", config_message_text(&msgs.item[i], text, sizeof(text)));
	config_messages_done(&msgs);
	/* At the start a plugin with bad options stays out; here the good ones are still in force.
	 */
	if (!err && fresh->plugin_faults <= old->plugin_faults)
		err = service_renew_passwords(s, fresh);
	if (err || fresh->plugin_faults > old->plugin_faults) {
		log_err(LOG_MAIN, "the configuration was not reloaded: the old one stays in force");
		config_free(fresh);
		return err ? err : EINVAL;
	}
	config_restart_needed(s->boot, fresh, needs_restart, NULL);
	s->config = fresh;
	apply(s);
	if (old != s->boot)
		config_free(old);
	log_info(LOG_MAIN, "configuration reloaded from %s", s->boot->file);
	return 0;
}

static void on_reload(void *arg, int signo)
{
	struct service *s = arg;

	(void)signo;
	notify_reloading(s->notify);
	notify_ready(s->notify,
	    reload(s) == 0 ? "ready, configuration reloaded"
			   : "ready, but the configuration has an error: the old one is in force");
}

static void on_statistics(void *arg, int signo)
{
	struct service *s = arg;
	const struct counters *n = &s->sd.counters;

	(void)signo;
	log_info(LOG_MAIN,
	    "STATS: %zu calls, %zu dialogs, %zu media streams, %zu registrations, "
	    "%zu transactions, %zu TCP connections, %zu requests remembered, %zu of %zu port pairs "
	    "free, %zu kB of memory in use",
	    calls_count(s->sd.calls), dialogs_count(s->sd.dialogs),
	    s->sd.relay ? relay_flow_count(s->sd.relay) : 0, location_count(s->sd.location),
	    transactions_count(s->sd.transactions), transport_connections(s->sd.transport),
	    s->sd.forwards.count, ports_free_count(s->sd.ports), ports_total(s->sd.ports),
	    memory_in_use() / 1024);
	log_info(LOG_MAIN,
	    "STATS: messages received %llu, forwarded %llu, answered %llu, malformed %llu, stray "
	    "%llu, of strangers %llu, not sent %llu; calls %llu, refused %llu",
	    (unsigned long long)n->received, (unsigned long long)n->forwarded,
	    (unsigned long long)n->answered, (unsigned long long)n->dropped_bad,
	    (unsigned long long)n->dropped_stray, (unsigned long long)n->dropped_stranger,
	    (unsigned long long)n->sends_failed, (unsigned long long)n->calls,
	    (unsigned long long)n->calls_refused);
	plugins_report(&s->sd);
}

int house_start_signals(struct service *s)
{
	static const struct {
		int signo;
		loop_signal_fn *fn;
	} signals[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload},
	    {SIGUSR1, on_statistics}};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(signals) / sizeof(*signals); i++)
		err = loop_signal_add(s->sd.loop, signals[i].signo, signals[i].fn, s);
	return err;
}

static void set_writer(struct service *s, struct writer *w)
{
	s->writer = w;
	if (s->sd.registrations)
		registrations_set_writer(s->sd.registrations, w);
	if (s->sd.snapshot)
		snapshot_set_writer(s->sd.snapshot, w);
}

/* A flash disk may take seconds, and SIP is read meanwhile. Both files were read already, or are
 * before the loop runs: from then on they are the writer's alone. */
static int start_writing(struct service *s)
{
	struct writer *w;
	int err;

	if (!s->sd.registrations)
		return 0;
	err = writer_new(&w, NULL, NULL);
	if (!err)
		set_writer(s, w);
	return err;
}

/* What it still has is written; the last of all is written by us. */
static void stop_writing(struct service *s)
{
	writer_free(s->writer);
	set_writer(s, NULL);
}

int house_start(struct service *s)
{
	int err = netwatch_open(&s->netwatch, s->sd.loop, on_net_change, s);

	if (err && err != ENOSYS)
		log_warn(LOG_NET,
		    "the system does not tell of changed addresses (%s): they are noticed within "
		    "%d s",
		    strerror(err), REFRESH_ROUNDS * HOUSEKEEPING_MS / 1000);
	err = public_addr_new(&s->sd.public_addr, &s->sd, public_addr_changed, s);
	if (err)
		return err;
	apply_public_addr(s);
	side_wan_moved(s->sd.sides); /* from here on */
	err = start_writing(s);
	if (err)
		return err;
	return timer_start(s->sd.timers, &s->housekeeping, 0, keep_house, s);
}

void house_stop(struct service *s)
{
	if (s->sd.timers)
		timer_stop(s->sd.timers, &s->housekeeping);
	netwatch_close(s->netwatch);
	public_addr_free(s->sd.public_addr);
	s->sd.public_addr = NULL;
	stop_writing(s);
	if (s->sd.location)
		save_registrations(s, true);
	if (s->sd.calls)
		save_snapshot(s, true);
}
