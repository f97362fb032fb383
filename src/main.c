/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main: the options, and what they ask for: a check, a dump, or the running service.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/daemon.h"
#include "base/log.h"
#include "config.h"
#include "service.h"

enum mode { RUN, CHECK, DUMP };
enum place { AS_CONFIGURED, FOREGROUND, BACKGROUND };

struct options {
	enum mode mode;
	const char *config;
	const char *pid_file;
	const char *debug;
	enum place place;
};

static const char usage_text[] =
    "Usage: siproxd [-c FILE] [-d MASK] [-p PIDFILE] [-b | -f]\n"
    "       siproxd [-c FILE] --check | --dump-config\n"
    "\n"
    "The SIP proxy for the NAT firewall: phones behind it can call and be called.\n"
    "\n"
    "  -c, --config FILE     read FILE instead of the first siproxd.conf found\n"
    "  -d, --debug MASK      what to log for debugging, like debug_level; -1 is everything\n"
    "  -p, --pid-file FILE   write the process number to FILE, like pid_file\n"
    "  -b, --background      go into the background, and return when all is ready\n"
    "  -f, --foreground      stay in the foreground and log to the terminal\n"
    "      --check           say how the configuration is understood, and what is wrong\n"
    "      --dump-config     print the configuration in effect, as key = value lines\n"
    "  -V, --version         print the version\n"
    "  -h, --help            print this\n"
    "\n"
    "Exit status: 0 started or ended as asked, 1 could not start or a wrong configuration;\n"
    "--check: 2 when the file is good, but this machine stands in the way.\n"
    "See siproxd(8) and siproxd.conf(5).\n";

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"debug", required_argument, NULL, 'd'},
    {"pid-file", required_argument, NULL, 'p'},
    {"background", no_argument, NULL, 'b'},
    {"foreground", no_argument, NULL, 'f'},
    {"check", no_argument, NULL, 'C'},
    {"dump-config", no_argument, NULL, 'D'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Unknown short options and stray words are told and then ignored, as start scripts in the field
 * expect ("-d -l 2", compiled-in extras of distributions). A long one is a person's slip. */
static void read_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "c:d:p:bfVh", long_options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'd':
			o->debug = optarg;
			break;
		case 'p':
			o->pid_file = optarg;
			break;
		case 'f':
			o->place = FOREGROUND;
			break;
		case 'b':
			o->place = BACKGROUND;
			break;
		case 'C':
			o->mode = CHECK;
			break;
		case 'D':
			o->mode = DUMP;
			break;
		case 'V':
			printf("siproxd %s\n", PACKAGE_VERSION);
			exit(0);
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			if (optopt == 0) {
				fputs("siproxd: see siproxd --help\n", stderr);
				exit(1);
			}
			fputs("siproxd: going on without it; see siproxd --help\n", stderr);
			break;
		}
	}
	if (optind < argc)
		fprintf(stderr, "siproxd: \"%s\" is ignored: siproxd takes options only\n",
		    argv[optind]);
}

/* There is something to be read above the verdict, besides how each line is understood. */
static bool has_remarks(const struct config_messages *msgs)
{
	for (size_t i = 0; i < msgs->count; i++)
		if (msgs->item[i].level <= CONFIG_WARN)
			return true;
	return false;
}

static const char *pid_file_of(const struct options *o, const struct config *config)
{
	return o->pid_file ? o->pid_file : config->pid_file;
}

/* --check: what was understood, and what this machine lacks. */
static int check(const struct options *o)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	struct config *config = NULL;
	int err, status = 0;

	msgs.explain = true;
	err = config_load(&config, o->config, &msgs);
	config_explain(&msgs, stdout);
	if (!err)
		status = service_check(config, pid_file_of(o, config), stdout);
	if (!status)
		status = has_remarks(&msgs);
	printf("\n%s\n",
	    err               ? "siproxd would not start with this file."
		: status == 2 ? "The file is good, but siproxd would not start on this machine."
		: status == 1 ? "siproxd would start; see the remarks above."
			      : "All is well.");
	config_messages_done(&msgs);
	config_free(config);
	return err ? 1 : status == 2 ? 2 : 0;
}

static int dump(const struct config *config)
{
	int err = config_dump(config, stdout);

	if (err)
		fprintf(stderr, "siproxd: the configuration could not be printed: %s\n",
		    strerror(err));
	return err ? 1 : 0;
}

/* Who asks for statistics or a reload while we start shall not end us: the loop, which unblocks
 * what it listens to, hears it then. */
static void hold_signals(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGUSR1);
	sigprocmask(SIG_BLOCK, &held, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

/* Whoever starts us from a boot script looks into syslog. */
static void tell_syslog(const struct config_messages *msgs, bool failed)
{
	char text[512];

	log_open("siproxd", false);
	for (size_t i = 0; i < msgs->count; i++)
		if (msgs->item[i].level <= CONFIG_WARN)
			log_line(msgs->item[i].level == CONFIG_ERR ? LOG_LVL_ERR : LOG_LVL_WARN,
			    LOG_MAIN, "%s",
			    config_message_text(&msgs->item[i], text, sizeof(text)));
	if (failed)
		log_err(LOG_MAIN, "siproxd cannot start: see its configuration");
	log_close();
}

static int load(const struct options *o, struct config **config)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	int err = config_load(config, o->config, &msgs);

	if (o->mode != RUN || !log_stderr_is_journal())
		config_messages_print(&msgs, stderr);
	if (o->mode == RUN)
		tell_syslog(&msgs, err != 0);
	config_messages_done(&msgs);
	return err;
}

static int run(const struct options *o, struct config *config)
{
	struct service_options how = {
	    .pid_file = pid_file_of(o, config),
	    .debug = o->debug,
	};
	struct daemon_wait *wait = NULL;
	bool background = o->place == AS_CONFIGURED ? config->daemonize : o->place == BACKGROUND;
	struct service *service;
	int err;

	err = background ? daemon_detach(&wait) : 0;
	if (err) {
		fprintf(stderr, "siproxd: going into the background failed: %s\n", strerror(err));
		config_free(config);
		return 1;
	}
	log_open("siproxd", !log_stderr_is_journal());
	err = service_start(&service, config, &how);
	if (err) {
		log_close();
		daemon_failed(wait);
		return 1;
	}
	if (background)
		log_stderr(false);
	daemon_ready(wait);
	err = service_run(service);
	service_stop(service);
	log_close();
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {.mode = RUN};
	struct config *config;
	int status;

	read_options(argc, argv, &o);
	if (o.mode == CHECK)
		return check(&o);
	if (o.mode == RUN)
		hold_signals();
	if (load(&o, &config) != 0)
		return 1;
	if (o.mode == RUN)
		return run(&o, config);
	status = dump(config);
	config_free(config);
	return status;
}
