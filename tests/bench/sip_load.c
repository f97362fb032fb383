/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_load: calls and registrations at a given rate through the program under test, from a phone on
 * one host to a server on another, both played by this process. A call is INVITE 100 180 200 ACK
 * BYE 200 with descriptions of media; nothing is sent but what a phone sends, and nothing more is
 * read of the answers than it takes to go on.
 *
 *	sip_load calls|hold|register --lan HOST=ADDRESS --wan HOST=ADDRESS --proxy ADDRESS
 *[OPTION...]
 *
 * HOST is a network namespace. `calls` makes --rate calls a second for --seconds. `hold` makes
 * --count of them, writes where their media go into the file --targets (see rtp_load), says
 *"ready", and hangs up when it gets TERM. `register` refreshes --count accounts in turn. Prints
 *what a piece of work cost the programs --pid. Ends with 1 when anything failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define SECOND_NS     1000000000ULL
#define T1_NS         (SECOND_NS / 2) /* RFC 3261 17.1.1.1 */
#define PATIENCE_NS   (8 * SECOND_NS) /* then it has failed */
#define SCAN_NS       (SECOND_NS / 10)
#define SOCKET_BYTES  (8 * 1024 * 1024)
#define MESSAGE_BYTES 4096
#define READ_AT_ONCE  64

enum state { WAITING, INVITED, UP, HUNG_UP, REGISTERING, DONE, FAILED };

struct job { /* a call or a registration */
	enum state state;
	uint64_t begun_ns, sent_ns;
	char to_tag[48], contact[96], route[256]; /* as long as what is copied into it */
	char lan_target[32], wan_target[32];
};

enum mode { CALLS, HOLD, REGISTER };

struct load {
	enum mode mode;
	char lan_host[32], wan_host[32];
	struct sockaddr_in lan, wan, proxy;
	char lan_ip[INET_ADDRSTRLEN], wan_ip[INET_ADDRSTRLEN];
	unsigned rate, seconds, count, port;
	const char *targets;
	struct load_cpu cpu;

	int phone, server;
	unsigned run; /* tells this run's messages from those of another */
	struct job *jobs;
	size_t total, begun, settled, oldest, up;
	unsigned long long failed, repeated;
	struct load_times answer_time;
};

static volatile sig_atomic_t ended;

static void on_signal(int signo)
{
	(void)signo;
	ended = 1;
}

/* --- messages ----------------------------------------------------------------------------- */

/* The first header of that name; its value, without the line's end, in `out`. */
static bool header(const char *msg, const char *name, char *out, size_t size)
{
	char start[40];
	const char *line;
	size_t len;

	snprintf(start, sizeof(start), "\n%s: ", name);
	line = strstr(msg, start);
	if (!line)
		return false;
	line += strlen(start);
	len = strcspn(line, "\r\n");
	if (len >= size)
		return false;
	memcpy(out, line, len);
	out[len] = '\0';
	return true;
}

/* All headers of that name as they stand, into `out`; what does not fit is left out. */
static void copy_headers(const char *msg, const char *name, char *out, size_t size)
{
	char start[40];
	size_t n = 0;

	snprintf(start, sizeof(start), "\n%s: ", name);
	out[0] = '\0';
	for (const char *line = strstr(msg, start); line; line = strstr(line + 1, start)) {
		size_t len = strcspn(line + 1, "\r\n");

		if (n + len + 3 > size)
			return;
		n += (size_t)snprintf(out + n, size - n, "%.*s\r\n", (int)len, line + 1);
	}
}

/* RFC 3261 12.1.2: the values of Record-Route, the last one first, as one Route. */
static void reverse_routes(const char *msg, char *out, size_t size)
{
	char lines[256], *line;
	size_t n = 0;

	copy_headers(msg, "Record-Route", lines, sizeof(lines));
	out[0] = '\0';
	while ((line = strrchr(lines, '\n'))) {
		line[-1] = '\0'; /* the end of the last line */
		*line = '\0';
		line = strrchr(lines, '\n');
		line = line ? line + 1 : lines;
		n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "",
		    line + strlen("Record-Route: "));
	}
}

/* Where the description of this message wants its media. */
static void media_target(const char *msg, char out[32])
{
	const char *c = strstr(msg, "\nc=IN IP4 "), *m = strstr(msg, "\nm=audio ");
	char host[INET_ADDRSTRLEN];
	unsigned port;

	if (c && m && sscanf(c + 10, "%15[0-9.]", host) == 1 && sscanf(m + 9, "%u", &port) == 1)
		snprintf(out, 32, "%s:%u", host, port);
}

static size_t write_sdp(const struct load *l, const char *ip, size_t i, char *out, size_t size)
{
	/* the ports of all calls are those of rtp_load; without media they may repeat */
	unsigned port = l->port + 2 * (unsigned)(i % 20000);

	return (size_t)snprintf(out, size,
	    "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
	    "m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
	    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n",
	    ip, ip, port);
}

static void send_message(int fd, const struct sockaddr_in *to, const char *msg, int len)
{
	/* what does not fit into the socket is lost like any other datagram, and sent again */
	if (len > 0 && len < MESSAGE_BYTES)
		(void)!sendto(fd, msg, (size_t)len, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void send_invite(struct load *l, size_t i)
{
	char msg[MESSAGE_BYTES], sdp[512];
	size_t sdp_len = write_sdp(l, l->lan_ip, i, sdp, sizeof(sdp));
	int len = snprintf(msg, sizeof(msg),
	    "INVITE sip:callee@%s:5060 SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP %s:5060;branch=z9hG4bKi%zux%u;rport\r\nMax-Forwards: 70\r\n"
	    "From: \"Caller\" <sip:caller@%s>;tag=f%zux%u\r\nTo: <sip:callee@%s>\r\n"
	    "Call-ID: c%zux%u\r\nCSeq: 1 INVITE\r\nContact: <sip:caller@%s:5060>\r\n"
	    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nUser-Agent: sip_load\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    l->wan_ip, l->lan_ip, i, l->run, l->wan_ip, i, l->run, l->wan_ip, i, l->run, l->lan_ip,
	    sdp_len, sdp);

	send_message(l->phone, &l->proxy, msg, len);
}

static void send_in_dialog(struct load *l, size_t i, const char *method, unsigned cseq)
{
	const struct job *j = &l->jobs[i];
	char msg[MESSAGE_BYTES];
	int len = snprintf(msg, sizeof(msg),
	    "%s %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%c%zux%u;rport\r\nMax-Forwards: 70\r\n%s%s%s"
	    "From: \"Caller\" <sip:caller@%s>;tag=f%zux%u\r\nTo: <sip:callee@%s>;tag=%s\r\n"
	    "Call-ID: c%zux%u\r\nCSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
	    method, j->contact, l->lan_ip, method[0] == 'A' ? 'a' : 'b', i, l->run,
	    j->route[0] ? "Route: " : "", j->route, j->route[0] ? "\r\n" : "", l->wan_ip, i, l->run,
	    l->wan_ip, j->to_tag, i, l->run, cseq, method);

	send_message(l->phone, &l->proxy, msg, len);
}

static void send_register(struct load *l, size_t i)
{
	size_t user = i % l->count;
	char msg[MESSAGE_BYTES];
	int len = snprintf(msg, sizeof(msg),
	    "REGISTER sip:%s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP %s:5060;branch=z9hG4bKr%zux%u;rport\r\nMax-Forwards: 70\r\n"
	    "From: <sip:u%zu@%s>;tag=f%zux%u\r\nTo: <sip:u%zu@%s>\r\nCall-ID: r%zu\r\n"
	    "CSeq: %u REGISTER\r\nContact: <sip:u%zu@%s:5060>\r\nExpires: 3600\r\n"
	    "User-Agent: sip_load\r\nContent-Length: 0\r\n\r\n",
	    l->wan_ip, l->lan_ip, i, l->run, user, l->wan_ip, i, l->run, user, l->wan_ip, user,
	    (unsigned)time(NULL) + (unsigned)(i / l->count), user, l->lan_ip);

	send_message(l->phone, &l->proxy, msg, len);
}

/* --- the server --------------------------------------------------------------------------- */

static void answer(struct load *l, const struct sockaddr_in *to, const char *req,
    const char *status, const char *extra, const char *body)
{
	char msg[MESSAGE_BYTES], vias[768], from[128], dest[128], call_id[64], cseq[32];
	int len;

	copy_headers(req, "Via", vias, sizeof(vias));
	if (!header(req, "From", from, sizeof(from)) || !header(req, "To", dest, sizeof(dest)) ||
	    !header(req, "Call-ID", call_id, sizeof(call_id)) ||
	    !header(req, "CSeq", cseq, sizeof(cseq)))
		return;
	len = snprintf(msg, sizeof(msg),
	    "SIP/2.0 %s\r\n%sFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%s"
	    "Content-Length: %zu\r\n\r\n%s",
	    status, vias, from, dest, strstr(dest, ";tag=") ? "" : ";tag=callee", call_id, cseq,
	    extra, strlen(body), body);
	send_message(l->server, to, msg, len);
}

static void answer_invite(struct load *l, const struct sockaddr_in *to, const char *req)
{
	char call_id[64], contact[64], sdp[512], extra[640], routes[512];
	unsigned run;
	size_t i;

	if (!header(req, "Call-ID", call_id, sizeof(call_id)) ||
	    sscanf(call_id, "c%zux%u", &i, &run) != 2 || run != l->run || i >= l->total)
		return;
	media_target(req, l->jobs[i].wan_target);
	copy_headers(req, "Record-Route", routes, sizeof(routes));
	snprintf(contact, sizeof(contact), "Contact: <sip:callee@%s:5060>\r\n", l->wan_ip);
	snprintf(extra, sizeof(extra), "%s%s", routes, contact);
	answer(l, to, req, "180 Ringing", extra, "");
	snprintf(extra, sizeof(extra), "%s%sContent-Type: application/sdp\r\n", routes, contact);
	write_sdp(l, l->wan_ip, i, sdp, sizeof(sdp));
	answer(l, to, req, "200 OK", extra, sdp);
}

static void answer_register(struct load *l, const struct sockaddr_in *to, const char *req)
{
	char contact[128], extra[192];

	if (!header(req, "Contact", contact, sizeof(contact)))
		return;
	snprintf(extra, sizeof(extra), "Contact: %s;expires=3600\r\n", contact);
	answer(l, to, req, "200 OK", extra, "");
}

static void server_received(struct load *l, const struct sockaddr_in *from, const char *msg)
{
	if (strncmp(msg, "INVITE ", 7) == 0)
		answer_invite(l, from, msg);
	else if (strncmp(msg, "REGISTER ", 9) == 0)
		answer_register(l, from, msg);
	else if (strncmp(msg, "BYE ", 4) == 0)
		answer(l, from, msg, "200 OK", "", "");
}

/* --- the phone ---------------------------------------------------------------------------- */

static void settle(struct load *l, struct job *j, enum state state)
{
	j->state = state;
	l->settled++;
	l->failed += state == FAILED;
}

static void hang_up(struct load *l, size_t i, uint64_t now)
{
	l->jobs[i].state = HUNG_UP;
	l->jobs[i].sent_ns = now;
	send_in_dialog(l, i, "BYE", 2);
}

static bool learn_dialog(struct job *j, const char *msg)
{
	char to[160], contact[128];
	const char *tag;

	if (!header(msg, "To", to, sizeof(to)) || !header(msg, "Contact", contact, sizeof(contact)))
		return false;
	tag = strstr(to, ";tag=");
	if (!tag || sscanf(contact, "<%95[^>]>", j->contact) != 1)
		return false;
	snprintf(j->to_tag, sizeof(j->to_tag), "%s", tag + 5);
	reverse_routes(msg, j->route, sizeof(j->route));
	return true;
}

static void invite_answered(struct load *l, size_t i, const char *msg, uint64_t now)
{
	struct job *j = &l->jobs[i];

	if (j->state == UP || j->state == HUNG_UP)
		send_in_dialog(l, i, "ACK", 1);
	if (j->state != INVITED)
		return;
	if (!learn_dialog(j, msg)) {
		settle(l, j, FAILED);
		return;
	}
	media_target(msg, j->lan_target);
	load_times_add(&l->answer_time, (int64_t)(now - j->begun_ns));
	send_in_dialog(l, i, "ACK", 1);
	if (l->mode == HOLD) {
		j->state = UP;
		l->up++;
	} else {
		hang_up(l, i, now);
	}
}

static void phone_received(struct load *l, const char *msg, uint64_t now)
{
	char via[256];
	const char *branch;
	unsigned status, run;
	struct job *j;
	size_t i;
	char kind;

	if (sscanf(msg, "SIP/2.0 %u", &status) != 1 || status < 200 ||
	    !header(msg, "Via", via, sizeof(via)))
		return;
	branch = strstr(via, "branch=z9hG4bK");
	if (!branch || sscanf(branch + 14, "%c%zux%u", &kind, &i, &run) != 3 || run != l->run ||
	    i >= l->begun)
		return;
	j = &l->jobs[i];
	if (kind == 'i' && status < 300) {
		invite_answered(l, i, msg, now);
	} else if ((kind == 'r' && j->state == REGISTERING) ||
	    (kind == 'b' && j->state == HUNG_UP)) {
		if (kind == 'r')
			load_times_add(&l->answer_time, (int64_t)(now - j->begun_ns));
		settle(l, j, status < 300 ? DONE : FAILED);
	} else if (kind == 'i' && j->state == INVITED) {
		settle(l, j, FAILED); /* its ACK is left out: what fails is not measured */
	}
}

/* --- the work ----------------------------------------------------------------------------- */

static void begin(struct load *l, size_t i, uint64_t now)
{
	struct job *j = &l->jobs[i];

	j->begun_ns = j->sent_ns = now;
	j->state = l->mode == REGISTER ? REGISTERING : INVITED;
	if (l->mode == REGISTER)
		send_register(l, i);
	else
		send_invite(l, i);
}

static void repeat(struct load *l, size_t i, uint64_t now)
{
	struct job *j = &l->jobs[i];

	l->repeated++;
	j->sent_ns = now;
	if (j->state == REGISTERING)
		send_register(l, i);
	else if (j->state == INVITED)
		send_invite(l, i);
	else
		send_in_dialog(l, i, "BYE", 2);
}

static void look_after(struct load *l, uint64_t now)
{
	while (l->oldest < l->begun && l->jobs[l->oldest].state >= DONE)
		l->oldest++;
	for (size_t i = l->oldest; i < l->begun; i++) {
		struct job *j = &l->jobs[i];

		if (j->state >= DONE || j->state == UP)
			continue;
		if (now > j->begun_ns + PATIENCE_NS && j->state != HUNG_UP)
			settle(l, j, FAILED);
		else if (now > j->sent_ns + PATIENCE_NS)
			settle(l, j, FAILED);
		else if (now > j->sent_ns + T1_NS)
			repeat(l, i, now);
	}
}

static void read_phone(struct load *l)
{
	char msg[MESSAGE_BYTES];

	for (int n = 0; n < READ_AT_ONCE; n++) {
		ssize_t len = recv(l->phone, msg, sizeof(msg) - 1, 0);

		if (len < 0)
			return;
		msg[len] = '\0';
		phone_received(l, msg, load_now_ns(CLOCK_MONOTONIC));
	}
}

static void read_server(struct load *l)
{
	struct sockaddr_in from;
	char msg[MESSAGE_BYTES];

	for (int n = 0; n < READ_AT_ONCE; n++) {
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(l->server, msg, sizeof(msg) - 1, 0, (struct sockaddr *)&from,
		    &from_len);

		if (len < 0)
			return;
		msg[len] = '\0';
		server_received(l, &from, msg);
	}
}

/* One turn: what has come, and what is due; sleeps until `due` at the longest. */
static void turn(struct load *l, uint64_t due)
{
	static uint64_t scanned;
	struct pollfd fds[2] = {{l->phone, POLLIN, 0}, {l->server, POLLIN, 0}};
	uint64_t now = load_now_ns(CLOCK_MONOTONIC);
	uint64_t sleep_ns = due > now ? due - now : 0;
	struct timespec ts;

	if (sleep_ns > SCAN_NS)
		sleep_ns = SCAN_NS;
	ts = (struct timespec){0, (long)sleep_ns};
	if (ppoll(fds, 2, &ts, NULL) > 0) {
		read_server(l);
		read_phone(l);
	}
	now = load_now_ns(CLOCK_MONOTONIC);
	if (now > scanned + SCAN_NS) {
		scanned = now;
		look_after(l, now);
	}
}

static void begin_all(struct load *l)
{
	uint64_t start = load_now_ns(CLOCK_MONOTONIC);

	while (l->begun < l->total && !ended) {
		uint64_t due = start + l->begun * SECOND_NS / l->rate, now;

		turn(l, due);
		now = load_now_ns(CLOCK_MONOTONIC);
		/* a burst that makes up for a delay is spread over the turns */
		for (int n = 0;
		     n < 4 && l->begun < l->total && start + l->begun * SECOND_NS / l->rate <= now;
		     n++) {
			l->begun++;
			begin(l, l->begun - 1, now);
		}
	}
	l->total = l->begun;
	while (l->settled + l->up < l->total)
		turn(l, UINT64_MAX);
}

static void hold(struct load *l)
{
	FILE *f = l->targets ? fopen(l->targets, "we") : NULL;
	uint64_t start;
	size_t n = 0;

	for (size_t i = 0; f && i < l->total; i++)
		if (l->jobs[i].state == UP)
			fprintf(f, "%s %s\n", l->jobs[i].lan_target, l->jobs[i].wan_target);
	if (f)
		fclose(f);
	puts("ready");
	fflush(stdout);
	while (!ended)
		turn(l, UINT64_MAX);
	start = load_now_ns(CLOCK_MONOTONIC);
	for (size_t i = 0; i < l->total; i++) {
		if (l->jobs[i].state != UP)
			continue;
		while (load_now_ns(CLOCK_MONOTONIC) < start + n * SECOND_NS / l->rate)
			turn(l, start + n * SECOND_NS / l->rate);
		hang_up(l, i, load_now_ns(CLOCK_MONOTONIC));
		l->up--;
		n++;
	}
	l->oldest = 0;
	while (l->settled < l->total)
		turn(l, UINT64_MAX);
}

static void report(const struct load *l)
{
	double done = l->total > l->failed ? (double)(l->total - l->failed) : 1;

	printf("total=%zu failed=%llu repeated=%llu p50_us=%u p99_us=%u max_us=%llu "
	       "process_us=%.1f "
	       "machine_us=%.1f\n",
	    l->total, l->failed, l->repeated, load_times_us(&l->answer_time, 500),
	    load_times_us(&l->answer_time, 990), (unsigned long long)l->answer_time.max_ns / 1000,
	    (double)l->cpu.program_ns / 1000 / done, (double)l->cpu.machine_ns / 1000 / done);
	fflush(stdout);
}

/* --- options ------------------------------------------------------------------------------ */

static void read_host(const char *text, char host[32], struct sockaddr_in *addr,
    char ip[INET_ADDRSTRLEN])
{
	const char *equals = strchr(text, '=');

	errno = EINVAL;
	if (!equals || equals - text > 31)
		load_die(text);
	snprintf(host, 32, "%.*s", (int)(equals - text), text);
	snprintf(ip, INET_ADDRSTRLEN, "%s", equals + 1);
	*addr = load_address(ip, 5060);
}

static bool read_mode(struct load *l, const char *word)
{
	static const char *const words[] = {"calls", "hold", "register"};

	for (int i = 0; word && i < 3; i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		l->mode = (enum mode)i;
		return true;
	}
	return false;
}

static bool read_options(struct load *l, int argc, char **argv)
{
	static const struct option known[] = {{"lan", 1, NULL, 'l'}, {"wan", 1, NULL, 'w'},
	    {"proxy", 1, NULL, 'x'}, {"rate", 1, NULL, 'r'}, {"seconds", 1, NULL, 's'},
	    {"count", 1, NULL, 'n'}, {"port", 1, NULL, 'p'}, {"targets", 1, NULL, 't'},
	    {"pid", 1, NULL, 'i'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'l':
			read_host(optarg, l->lan_host, &l->lan, l->lan_ip);
			break;
		case 'w':
			read_host(optarg, l->wan_host, &l->wan, l->wan_ip);
			break;
		case 'x':
			l->proxy = load_address(optarg, 5060);
			break;
		case 'r':
			l->rate = (unsigned)atoi(optarg);
			break;
		case 's':
			l->seconds = (unsigned)atoi(optarg);
			break;
		case 'n':
			l->count = (unsigned)atoi(optarg);
			break;
		case 'p':
			l->port = (unsigned)atoi(optarg);
			break;
		case 't':
			l->targets = optarg;
			break;
		case 'i':
			load_cpu_add(&l->cpu, optarg);
			break;
		default:
			return false;
		}
	}
	return read_mode(l, argv[optind]) && l->lan_host[0] && l->wan_host[0] &&
	    l->proxy.sin_port && l->rate;
}

int main(int argc, char **argv)
{
	static struct load l = {.rate = 100, .seconds = 3, .count = 10, .port = 10000};
	struct sigaction action = {.sa_handler = on_signal};

	if (!read_options(&l, argc, argv)) {
		fprintf(stderr,
		    "usage: sip_load calls|hold|register --lan HOST=ADDRESS --wan HOST=ADDRESS "
		    "--proxy ADDRESS [--rate N] [--seconds N] [--count N] [--port N] "
		    "[--targets FILE] [--pid N]...\n");
		return 2;
	}
	l.total = l.mode == HOLD ? l.count : (size_t)l.rate * l.seconds;
	l.run =
	    (unsigned)(load_now_ns(CLOCK_REALTIME) / 1000); /* no two begin in one microsecond */
	l.jobs = calloc(l.total + 1, sizeof(*l.jobs));
	if (!l.jobs)
		load_die("memory");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	load_times_init(&l.answer_time);
	load_enter_host(l.lan_host);
	l.phone = load_socket(l.lan, SOCKET_BYTES);
	load_enter_host(l.wan_host);
	l.server = load_socket(l.wan, SOCKET_BYTES);
	load_cpu_start(&l.cpu);
	begin_all(&l);
	load_cpu_stop(&l.cpu);
	report(&l);
	if (l.mode == HOLD)
		hold(&l);
	return l.failed > 0;
}
