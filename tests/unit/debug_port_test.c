/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log on a TCP port: who may read it, how many, and that nobody is held up by a slow one. */
#include "base/debug_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "tap.h"

static struct loop *loop;
static struct debug_port *port;
static struct sockaddr_in at;
static bool admitted = true;

static bool admits(void *arg, const struct udp_from *who)
{
	(void)who;
	return *(bool *)arg;
}

/* On a port that nobody else has. */
static void open_port(void)
{
	int err = EADDRINUSE;

	at.sin_family = AF_INET;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned n = 20000 + (unsigned)getpid() % 20000; err == EADDRINUSE; n++) {
		at.sin_port = htons((uint16_t)n);
		err = debug_port_open(&port, loop, (uint16_t)n, admits, &admitted);
	}
	is_int(err, 0, "it opens");
}

static void turn(void)
{
	for (int i = 0; i < 10; i++)
		loop_once(loop, 20);
}

static int connect_one(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		ok(false, "connect");
	turn();
	return fd;
}

/* What there is to read; "(closed)" at the end. */
static const char *read_now(int fd)
{
	static char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return "(closed)";
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void test_reader(void)
{
	int fd;

	ok(!log_debug_on(LOG_SIP), "without a reader nobody makes debug messages");
	fd = connect_one();
	ok(log_debug_on(LOG_SIP), "for a reader they are made");
	ok(strstr(read_now(fd), "127.0.0.1"), "who reads is told");
	log_debug(LOG_SIP, "a word");
	ok(strstr(read_now(fd), "DEBUG sip: a word\n"), "a debug message arrives");
	log_debug(LOG_NET, "another");
	is_str(read_now(fd), "", "of an area that debug_level does not name there is none");
	is_int(send(fd, "nonsense\n", 9, 0), 9, "what is said to it");
	turn();
	log_err(LOG_MAIN, "on it goes");
	ok(strstr(read_now(fd), "ERROR main: on it goes"), "... does no harm");
	close(fd);
	turn();
	ok(!log_debug_on(LOG_SIP), "when the reader has gone nobody makes them again");
}

static void test_stranger(void)
{
	int fd;

	admitted = false;
	fd = connect_one();
	is_str(read_now(fd), "(closed)", "who may not read it is sent away");
	ok(!log_debug_on(LOG_SIP), "... and does not count as a reader");
	close(fd);
	admitted = true;
}

static void test_many(void)
{
	int fd[DEBUG_PORT_READERS + 1];

	for (size_t i = 0; i <= DEBUG_PORT_READERS; i++)
		fd[i] = connect_one();
	is_str(read_now(fd[DEBUG_PORT_READERS]), "(closed)", "one too many is sent away");
	for (size_t i = 0; i < DEBUG_PORT_READERS; i++)
		read_now(fd[i]);
	log_err(LOG_MAIN, "to all");
	for (size_t i = 0; i < DEBUG_PORT_READERS; i++)
		ok(strstr(read_now(fd[i]), "to all"), "each reader gets it");
	for (size_t i = 0; i <= DEBUG_PORT_READERS; i++)
		close(fd[i]);
	turn();
}

/* Far more than the sockets hold; this ends, though nobody reads. */
static void test_slow(void)
{
	int fd = connect_one();
	char filler[1500];
	bool lost = false;

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	for (int i = 0; i < 20000; i++)
		log_debug(LOG_SIP, "%s", filler);
	while (*read_now(fd))
		;
	log_debug(LOG_SIP, "the end");
	for (int i = 0; i < 1000 && !lost; i++) {
		log_debug(LOG_SIP, "the end");
		for (const char *text = read_now(fd); *text && !lost; text = read_now(fd))
			lost = strstr(text, "lines were lost here") != NULL;
		loop_once(loop, 1);
	}
	ok(lost, "a slow reader loses lines, and is told so");
	close(fd);
	turn();
}

int main(void)
{
	log_open("test", false);
	log_set(1, 0x4);
	if (loop_new(&loop) != 0)
		return 1;
	open_port();
	test_reader();
	test_stranger();
	test_many();
	test_slow();
	connect_one();
	debug_port_close(port);
	ok(!log_debug_on(LOG_SIP), "when it is closed nobody reads");
	loop_free(loop);
	return tap_done();
}
