/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo: logs each stage that a message comes to. Where to begin when you write your own. */
#include "siproxd/plugin.h"

static const struct plugin_option options[] = {
    {"string", PLUGIN_TEXT, NULL, 0, 0, NULL, "text that the demonstration logs"},
    {.key = NULL},
};

static int demo_open(struct plugin_self *self)
{
	const char *text = plugin_text(self, "string");

	plugin_log(self, PLUGIN_INFO, "plugin_demo: opened; plugin_demo_string is \"%s\"",
	    text ? text : "");
	return 0;
}

static void demo_close(struct plugin_self *self)
{
	plugin_log(self, PLUGIN_INFO, "plugin_demo: closed");
}

static enum plugin_verdict show(struct plugin_self *self, struct plugin_msg *m, const char *stage)
{
	const char *side = plugin_msg_side(m) == PLUGIN_LAN ? "LAN" : "WAN";

	if (plugin_msg_is_request(m))
		plugin_log(self, PLUGIN_INFO, "plugin_demo: %s: %s %s (%s, %s)", stage,
		    plugin_msg_method(m), plugin_msg_uri(m), side, plugin_msg_source(m));
	else
		plugin_log(self, PLUGIN_INFO, "plugin_demo: %s: %d to %s (%s, %s)", stage,
		    plugin_msg_status(m), plugin_msg_method(m), side, plugin_msg_source(m));
	return PLUGIN_PASS;
}

static enum plugin_verdict demo_receive(struct plugin_self *self, struct plugin_msg *m)
{
	return show(self, m, "receive");
}

static enum plugin_verdict demo_target(struct plugin_self *self, struct plugin_msg *m)
{
	return show(self, m, "target");
}

static enum plugin_verdict demo_unknown(struct plugin_self *self, struct plugin_msg *m)
{
	return show(self, m, "unknown");
}

static enum plugin_verdict demo_forward(struct plugin_self *self, struct plugin_msg *m)
{
	return show(self, m, "forward");
}

static enum plugin_verdict demo_leave(struct plugin_self *self, struct plugin_msg *m)
{
	return show(self, m, "leave");
}

static void demo_refused(struct plugin_self *self, struct plugin_msg *m, int status)
{
	plugin_log(self, PLUGIN_INFO, "plugin_demo: refused: %s of %s with %d",
	    plugin_msg_method(m), plugin_msg_source(m), status);
}

static void demo_call(struct plugin_self *self, enum plugin_call_event event,
    const struct plugin_call *call)
{
	static const char *const what[] = {"begins", "is answered", "ends"};

	plugin_log(self, PLUGIN_INFO, "plugin_demo: call %u %s", call->number, what[event]);
}

static void demo_report(struct plugin_self *self)
{
	plugin_log(self, PLUGIN_INFO, "plugin_demo: report");
}

const struct plugin plugin_demo = {
    .api = PLUGIN_API,
    .name = "demo",
    .meaning = "logs each stage that a message comes to",
    .options = options,
    .open = demo_open,
    .close = demo_close,
    .receive = demo_receive,
    .target = demo_target,
    .unknown = demo_unknown,
    .forward = demo_forward,
    .leave = demo_leave,
    .refused = demo_refused,
    .call = demo_call,
    .report = demo_report,
};
