/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * siproxd/plugin.h: all that a plugin sees of siproxd. A plugin is one `const struct plugin`: its
 * options, and a function for each stage of a message's way at which it wants to be asked. It gets
 * opaque pointers and asks through the functions below; it cannot reach the tables behind them.
 *
 * Everything happens in one thread, and nothing may wait: no disk but through plugin_file_*(), no
 * name server. What comes in a message comes from the network: bound what you keep and compute.
 * doc/HACKING tells how to write one, src/plugin/demo.c is one that only logs.
 */
#ifndef SIPROXD_PLUGIN_H
#define SIPROXD_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLUGIN_API 1

struct plugin_self; /* one loaded plugin */
struct plugin_msg;  /* the message in hand; good for the call of one stage */

enum plugin_side { PLUGIN_LAN, PLUGIN_WAN };

/* --- options ------------------------------------------------------------------------------ */

enum plugin_option_type {
	PLUGIN_NUMBER,
	PLUGIN_YESNO,
	PLUGIN_TEXT,
	PLUGIN_LIST,     /* a key that may stand there several times */
	PLUGIN_NETWORKS, /* "10.0.0.0/8, 192.0.2.7" */
};

/* In siproxd.conf it is called plugin_NAME_KEY. The array ends with a row whose key is NULL. */
struct plugin_option {
	const char *key;
	enum plugin_option_type type;
	const char *def;    /* as one would write it; NULL: not set */
	long long min, max; /* of a number */
	const char *unit;   /* of a number; or NULL */
	const char *meaning;
};

int plugin_number(const struct plugin_self *self, const char *key);
bool plugin_yes(const struct plugin_self *self, const char *key);
/* NULL: not set. */
const char *plugin_text(const struct plugin_self *self, const char *key);
/* The n-th entry from 0; NULL behind the last. */
const char *plugin_entry(const struct plugin_self *self, const char *key, size_t n);
size_t plugin_entries(const struct plugin_self *self, const char *key);
bool plugin_networks_empty(const struct plugin_self *self, const char *key);
/* `host` is an IP address, IPv6 with or without its brackets; false for a name. */
bool plugin_networks_match(const struct plugin_self *self, const char *key, const char *host);

/*
 * For open(): says what is wrong with an option, in one sentence; the file and the line of its
 * n-th entry (0 for what is no list) are put in front. Returns EINVAL, for open() to return.
 */
int plugin_complain(struct plugin_self *self, const char *key, size_t n, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* --- what a message is -------------------------------------------------------------------- */

/* Texts are NUL-terminated copies that live as long as the message is in hand. */

enum plugin_side plugin_msg_side(const struct plugin_msg *m); /* where it came from */
bool plugin_msg_is_request(const struct plugin_msg *m);
const char *plugin_msg_method(struct plugin_msg *m);   /* of a response: what it answers */
int plugin_msg_status(const struct plugin_msg *m);     /* 0: a request */
bool plugin_msg_in_dialog(const struct plugin_msg *m); /* its To has a tag */
const char *plugin_msg_uri(struct plugin_msg *m);      /* Request-URI; "" in a response */
const char *plugin_msg_call_id(struct plugin_msg *m);
const char *plugin_msg_source(struct plugin_msg *m); /* "192.0.2.1:5060", whoever sent it */
const char *plugin_msg_source_ip(struct plugin_msg *m);
/* Of a response: who sent the request that it answers. Of a request: as plugin_msg_source_ip(). */
const char *plugin_msg_asker_ip(struct plugin_msg *m);
/* The Request-URI names siproxd, or somebody who is registered through it. */
bool plugin_msg_is_local(const struct plugin_msg *m);

/* The value of the n-th line of that header, by its full name, also where it is compact; NULL. */
const char *plugin_msg_header(struct plugin_msg *m, const char *name, unsigned n);
/* The n-th of its values, on one line or several, separated by commas; NULL. */
const char *plugin_msg_value(struct plugin_msg *m, const char *name, unsigned n);
/* NULL: none. It need not be text, and is good until the message is changed. */
const char *plugin_msg_body(const struct plugin_msg *m, size_t *len);
/* The part of the body that is of that type ("application/sdp"), in a multipart body too. */
const char *plugin_msg_body_part(const struct plugin_msg *m, const char *type, size_t *len);

/* --- changing it -------------------------------------------------------------------------- */

/*
 * All take effect at once. 0; ENOMEM; ENOENT: no such line or value; EINVAL: what comes out would
 * be no SIP message, or not this one (its Call-ID, tags and CSeq must stay). Then it is as it was.
 */
int plugin_msg_set_uri(struct plugin_msg *m, const char *uri);
int plugin_msg_set_header(struct plugin_msg *m, const char *name, unsigned n, const char *value);
int plugin_msg_set_value(struct plugin_msg *m, const char *name, unsigned n, const char *value);
int plugin_msg_add_header(struct plugin_msg *m, const char *name, const char *value);
int plugin_msg_remove_header(struct plugin_msg *m, const char *name, unsigned n);
int plugin_msg_remove_value(struct plugin_msg *m, const char *name, unsigned n);
/* Replaces `len` bytes of the body at `at`, which points into it; Content-Length follows. */
int plugin_msg_set_body(struct plugin_msg *m, const char *at, size_t len, const char *text,
    size_t text_len);

/* --- deciding about it -------------------------------------------------------------------- */

enum plugin_verdict {
	PLUGIN_PASS, /* on to the next plugin, and then on its way */
	PLUGIN_DROP, /* it ends here without a word */
	PLUGIN_DONE, /* it was answered, or it has its target now */
};

/* Both answer a request and return PLUGIN_DONE. `extra` are whole header lines, or NULL. */
enum plugin_verdict plugin_reply(struct plugin_msg *m, int status, const char *extra);
enum plugin_verdict plugin_redirect(struct plugin_msg *m, const char *contact);

/*
 * For the stage `unknown`: send it there. To a URI, which becomes the Request-URI and must be
 * reachable in the LAN; to all phones that are registered for an address-of-record, with the
 * Request-URI as it is. 0, or the status that would tell why not (404, 480, 500 ...).
 */
int plugin_forward_to(struct plugin_msg *m, const char *uri);
int plugin_forward_to_account(struct plugin_msg *m, const char *aor);

/* --- URIs --------------------------------------------------------------------------------- */

/* Parts of a text, not NUL-terminated: "%.*s". */
struct plugin_part {
	const char *s;
	int len;
};

struct plugin_uri {
	struct plugin_part whole;  /* without name and angle brackets */
	struct plugin_part scheme; /* "sip", "tel" */
	struct plugin_part user;   /* len 0: none */
	struct plugin_part host;   /* IPv6 with its brackets */
	struct plugin_part params; /* from the first ';' on */
};

/* "sip:a@b;c" or "Name <sip:a@b;c>;d". False: it is none. */
bool plugin_uri_parse(const char *text, struct plugin_uri *out);
/* A parameter of `params`; false: it is not there. */
bool plugin_uri_param(struct plugin_part params, const char *name, struct plugin_part *value);
/* A Via value: `host` (IPv6 without brackets) and parameters. */
struct plugin_via {
	char host[256];
	struct plugin_part params;
};
bool plugin_via_parse(const char *value, struct plugin_via *out);

/* The host is an IP address that nobody on the Internet can reach. */
bool plugin_is_private(struct plugin_part host);
/* Scheme, user, host and port are the same. */
bool plugin_uri_equal(const char *a, const char *b);

/* --- what siproxd knows ------------------------------------------------------------------- */

struct plugin_binding {
	const char *aor;     /* "sip:user@example.org" */
	const char *contact; /* the phone's own Contact */
	const char *name;    /* the user part under which the Internet reaches it */
	int64_t expires_s;   /* Unix time */
};
typedef void plugin_binding_fn(void *arg, const struct plugin_binding *b);
/* Each phone that is registered now. */
void plugin_bindings(struct plugin_self *self, plugin_binding_fn *fn, void *arg);

/* The Via value, ours, of the request to the Internet that this response answers by its Call-ID,
 * From tag and CSeq; NULL: it answers none. */
const char *plugin_own_via(struct plugin_msg *m);

struct plugin_numbers {
	size_t registered; /* phones */
	size_t active;     /* phones and far ends in the LAN that have a call */
	size_t calls;
	size_t streams; /* relayed */
};
void plugin_numbers(struct plugin_self *self, struct plugin_numbers *out);

/* One direction of one relayed stream. */
struct plugin_stream {
	const char *client; /* the URI of the call's end in the LAN */
	const char *call_id;
	bool outgoing_call; /* the LAN began it */
	bool towards_wan;   /* of this direction */
	const char *local;  /* "ip:port" that siproxd receives it by */
	const char *remote; /* "ip:port" that it comes from; "" until the first packet */
};
typedef void plugin_stream_fn(void *arg, const struct plugin_stream *s);
void plugin_streams(struct plugin_self *self, plugin_stream_fn *fn, void *arg);

/* --- calls -------------------------------------------------------------------------------- */

enum plugin_call_event { PLUGIN_CALL_BEGINS, PLUGIN_CALL_ANSWERED, PLUGIN_CALL_ENDS };

/* What one end of a call sent. */
struct plugin_media {
	uint64_t packets; /* RTP */
	uint64_t lost;
	double jitter_ms;
	double mos; /* estimated, 1.0 to 4.5; 0: nothing to judge by */
};

struct plugin_call {
	unsigned number;       /* "call 17:" in the log */
	const char *from, *to; /* URIs: who called, and whom */
	const char *call_id;
	const char *caller, *callee;  /* "ip:port" that they signal from */
	bool outgoing;                /* the LAN began it */
	int64_t begun_s;              /* Unix time */
	int64_t answered_s;           /* 0: it was not */
	int64_t ended_s;              /* 0: not yet */
	const char *result;           /* how it ended: "BYE", "486" ...; NULL: not yet */
	struct plugin_media media[2]; /* of the caller, of the callee; when it ends */
};

/* --- log, time, files --------------------------------------------------------------------- */

enum plugin_log_level { PLUGIN_ERR, PLUGIN_WARN, PLUGIN_INFO, PLUGIN_DEBUG };
/* One line. Control characters in it come out escaped. */
void plugin_log(const struct plugin_self *self, enum plugin_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int64_t plugin_now_s(const struct plugin_self *self); /* Unix time */
/* Calls tick() every so many seconds from now on; 0: no more. ENOMEM. */
int plugin_every(struct plugin_self *self, unsigned seconds);

/*
 * The one file of a plugin. To be opened in open(), while siproxd may still reach everything; made
 * if it is not there. `for_all`: others may read it. errno.
 */
int plugin_file_open(struct plugin_self *self, const char *path, bool for_all);
/* NUL-terminated, for the caller to free(); EFBIG beyond max bytes; ENOENT: none was opened. */
int plugin_file_read(struct plugin_self *self, size_t max, char **text, size_t *len);
/* Replaces it as a whole. */
int plugin_file_write(struct plugin_self *self, const char *text, size_t len);

/* --- the plugin --------------------------------------------------------------------------- */

/* open() keeps what it wants here, to find it again in each stage. */
void plugin_set_state(struct plugin_self *self, void *state);
void *plugin_state(const struct plugin_self *self);

typedef enum plugin_verdict plugin_stage_fn(struct plugin_self *self, struct plugin_msg *m);

/* Functions that are not needed stay NULL. Plugins are asked in the order of load_plugin. */
struct plugin {
	unsigned api;     /* PLUGIN_API */
	const char *name; /* "shortdial"; in siproxd.conf plugin_shortdial */
	const char *meaning;
	const struct plugin_option *options;
	bool last_resort; /* in the stage `unknown` it is asked behind those that are not */

	/*
	 * Reads the options. Called at the start, after a reload, and to check a configuration
	 * that is not in force (then nothing but options can be asked for, and what it wants of
	 * files and time is ignored). errno: the plugin is not active, for which plugin_complain()
	 * has given the reason.
	 */
	int (*open)(struct plugin_self *self);
	void (*close)(struct plugin_self *self);
	/* The options have changed, were found good, and the state shall live on; NULL: close()
	 * and open(). */
	int (*reload)(struct plugin_self *self);

	/* Each message as it came, before we know what it belongs to; repeated ones too. */
	plugin_stage_fn *receive;
	/* A request outside of a dialog from the LAN, before it is decided where it goes: may
	 * change the Request-URI, or answer. Not of REGISTER. */
	plugin_stage_fn *target;
	/* A request outside of a dialog from the WAN, for nobody that we know. */
	plugin_stage_fn *unknown;
	/* Each request and response that will be passed on, before names are translated. */
	plugin_stage_fn *forward;
	/* Each message as it leaves. */
	plugin_stage_fn *leave;
	/* siproxd itself refuses a request, which cannot be changed any more. Refusals of the far
	 * end pass the stage `forward`. */
	void (*refused)(struct plugin_self *self, struct plugin_msg *m, int status);
	void (*call)(struct plugin_self *self, enum plugin_call_event event,
	    const struct plugin_call *call);
	void (*tick)(struct plugin_self *self);   /* plugin_every() */
	void (*report)(struct plugin_self *self); /* SIGUSR1 */
};

#endif
