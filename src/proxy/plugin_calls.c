/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What plugins are told of calls, and what we note of each for that. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/call.h"
#include "proxy/call_stats.h"
#include "proxy/forward.h"
#include "proxy/location.h"
#include "proxy/plugin_state.h"
#include "siproxd.h"

struct call_note {
	struct hash_node node; /* by the call's number */
	unsigned number;
	char *from, *to, *call_id;
	char caller[ADDR_TEXT_MAX], callee[ADDR_TEXT_MAX];
	bool outgoing;
	int64_t begun_s, answered_s;
};

static void note_free(struct call_note *note)
{
	free(note->from);
	free(note->to);
	free(note->call_id);
	free(note);
}

static void forget(struct hash_node *node, void *arg)
{
	(void)arg;
	note_free(container_of(node, struct call_note, node));
}

int plugin_calls_init(struct plugins *ps)
{
	return hash_init(&ps->calls, 16);
}

void plugin_calls_done(struct plugins *ps)
{
	hash_each(&ps->calls, forget, NULL);
	hash_done(&ps->calls);
}

static struct call_note *find_note(const struct plugins *ps, const struct call *call)
{
	struct hash_node *n = hash_first(&ps->calls, call_number(call));

	return n ? container_of(n, struct call_note, node) : NULL;
}

/* --- events ------------------------------------------------------------------------------- */

static struct plugin_call show(const struct call_note *note)
{
	return (struct plugin_call){
	    .number = note->number,
	    .from = note->from,
	    .to = note->to,
	    .call_id = note->call_id,
	    .caller = note->caller,
	    .callee = note->callee,
	    .outgoing = note->outgoing,
	    .begun_s = note->begun_s,
	    .answered_s = note->answered_s,
	};
}

static void tell(const struct plugins *ps, enum plugin_call_event event,
    const struct plugin_call *call)
{
	for (size_t i = 0; i < ps->count; i++)
		if (ps->item[i]->plugin->call)
			ps->item[i]->plugin->call(ps->item[i], event, call);
}

/* "sip:a@b" of a From or To; the whole value where it is none. */
static char *uri_of(const char *value)
{
	struct sip_nameaddr addr;

	return str_dup(sip_nameaddr_parse(&addr, str_of(value)) == 0 ? addr.uri : str_of(value));
}

void plugins_call_begins(struct siproxd *sd, const struct call *call, const struct forward *fw,
    const struct hop *callee)
{
	struct call_note *note = sd->plugins ? calloc(1, sizeof(*note)) : NULL;
	struct plugin_call shown;

	if (!note)
		return;
	note->number = call_number(call);
	note->from = uri_of(fw->from_value);
	note->to = str_dup(str_of(fw->request_uri));
	note->call_id = str_dup(str_of(fw->call_id));
	if (!note->from || !note->to || !note->call_id) {
		note_free(note);
		return;
	}
	addr_format(&fw->from.peer, note->caller);
	addr_format(&callee->peer, note->callee);
	note->outgoing = fw->from.side == LAN;
	note->begun_s = sd->now_s();
	hash_add(&sd->plugins->calls, &note->node, note->number);
	shown = show(note);
	tell(sd->plugins, PLUGIN_CALL_BEGINS, &shown);
}

bool plugins_call_noted(const struct siproxd *sd, const struct call *call, struct plugin_call *out)
{
	const struct call_note *note = sd->plugins ? find_note(sd->plugins, call) : NULL;

	if (note)
		*out = show(note);
	return note != NULL;
}

void plugins_call_goes_on(struct siproxd *sd, const struct call *call, const struct plugin_call *as)
{
	struct call_note *note = sd->plugins ? calloc(1, sizeof(*note)) : NULL;

	if (!note)
		return;
	note->number = call_number(call);
	note->from = str_dup(str_of(as->from));
	note->to = str_dup(str_of(as->to));
	note->call_id = str_dup(str_of(as->call_id));
	if (!note->from || !note->to || !note->call_id) {
		note_free(note);
		return;
	}
	addr_format(&call_hop(call, CALLER)->peer, note->caller);
	addr_format(&call_hop(call, CALLEE)->peer, note->callee);
	note->outgoing = as->outgoing;
	note->begun_s = as->begun_s;
	note->answered_s = as->answered_s;
	hash_add(&sd->plugins->calls, &note->node, note->number);
}

void plugins_call_answered(struct siproxd *sd, const struct call *call)
{
	struct call_note *note = sd->plugins ? find_note(sd->plugins, call) : NULL;
	struct plugin_call shown;

	if (!note)
		return;
	note->answered_s = sd->now_s();
	shown = show(note);
	tell(sd->plugins, PLUGIN_CALL_ANSWERED, &shown);
}

static void add_media(const struct call *call, struct plugin_media media[2])
{
	struct call_stats stats;

	call_stats(call, &stats);
	for (int leg = 0; leg < 2; leg++) {
		const struct call_direction *d = &stats.from[leg];

		media[leg] = (struct plugin_media){
		    .packets = d->rtp_packets,
		    .lost = d->lost,
		    .jitter_ms = d->jitter_us / 1000.0,
		    .mos = d->mos_x100 / 100.0,
		};
	}
}

void plugins_call_ends(struct siproxd *sd, const struct call *call, const char *why)
{
	struct call_note *note = sd->plugins ? find_note(sd->plugins, call) : NULL;
	struct plugin_call shown;

	if (!note)
		return;
	shown = show(note);
	shown.ended_s = sd->now_s();
	shown.result = why;
	add_media(call, shown.media);
	tell(sd->plugins, PLUGIN_CALL_ENDS, &shown);
	hash_del(&sd->plugins->calls, &note->node);
	note_free(note);
}

static void end_call(struct call *call, void *arg)
{
	plugins_call_ends(arg, call, "siproxd stopped");
}

void plugin_calls_end(struct plugins *ps)
{
	if (ps->sd->calls && ps->sd->plugins == ps)
		calls_each(ps->sd->calls, end_call, ps->sd);
}

/* --- numbers ------------------------------------------------------------------------------ */

struct clients {
	const char **name;
	size_t count;
};

static const char *client_of(const struct call_note *note)
{
	return note->outgoing ? note->from : note->to;
}

static void collect(struct hash_node *node, void *arg)
{
	struct clients *c = arg;

	c->name[c->count++] = client_of(container_of(node, struct call_note, node));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How many different ends in the LAN have a call. */
static size_t count_clients(const struct plugins *ps)
{
	struct clients c = {calloc(ps->calls.count + 1, sizeof(*c.name)), 0};
	size_t different = 0;

	if (!c.name)
		return 0;
	hash_each((struct hash *)&ps->calls, collect, &c);
	qsort(c.name, c.count, sizeof(*c.name), by_name);
	for (size_t i = 0; i < c.count; i++)
		different += i == 0 || strcmp(c.name[i - 1], c.name[i]) != 0;
	free(c.name);
	return different;
}

static void count_binding(void *arg, const struct plugin_binding *b)
{
	(void)b;
	++*(size_t *)arg;
}

void plugin_numbers(struct plugin_self *self, struct plugin_numbers *out)
{
	struct siproxd *sd = self->sd;

	memset(out, 0, sizeof(*out));
	if (!sd || !sd->calls)
		return;
	plugin_bindings(self, count_binding, &out->registered);
	out->active = count_clients(self->host);
	out->calls = calls_count(sd->calls);
	out->streams = sd->relay ? 2 * relay_flow_count(sd->relay) : 0;
}

struct stream_walk {
	const struct plugins *ps;
	plugin_stream_fn *fn;
	void *arg;
};

static void show_call(struct call *call, void *arg)
{
	const struct stream_walk *walk = arg;
	struct call_stream stream[CALL_STREAMS_MAX];
	const struct call_note *note = find_note(walk->ps, call);
	unsigned n = note ? call_streams(call, stream) : 0;

	for (unsigned i = 0; i < n; i++) {
		for (int leg = 0; leg < 2; leg++) {
			char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];
			struct plugin_stream s = {
			    .client = client_of(note),
			    .call_id = note->call_id,
			    .outgoing_call = note->outgoing,
			    .towards_wan = (leg == CALLER) == note->outgoing,
			    .local = addr_format(&stream[i].local[leg], local),
			    .remote = addr_format(&stream[i].remote[leg], remote),
			};

			walk->fn(walk->arg, &s);
		}
	}
}

void plugin_streams(struct plugin_self *self, plugin_stream_fn *fn, void *arg)
{
	struct stream_walk walk = {self->host, fn, arg};

	if (self->sd && self->sd->calls)
		calls_each(self->sd->calls, show_call, &walk);
}
