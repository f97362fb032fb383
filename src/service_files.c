/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the running program: who owns them, where they lie, and what is read from them at
 * the start. */
#include "service_state.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/daemon.h"
#include "base/file.h"
#include "base/log.h"
#include "base/trace.h"
#include "config.h"
#include "paths.h"
#include "proxy/registrations.h"
#include "proxy/snapshot.h"
#include "sip/transport.h"

/* Started as root we always become somebody else: `user`, or whoever there is for such jobs. */
const char *service_run_as(const struct config *c)
{
	if (c->user || geteuid() != 0)
		return c->user;
	return getpwnam("siproxd") ? "siproxd" : "nobody";
}

void service_file_owner(const struct config *c, uid_t *uid, gid_t *gid)
{
	const char *user = service_run_as(c);
	const struct passwd *pw = user ? getpwnam(user) : NULL;

	*uid = pw ? pw->pw_uid : (uid_t)-1;
	*gid = pw ? pw->pw_gid : (gid_t)-1;
}

/* Where there is no room for it (a jail that holds the one file only) calls end with us. */
static void start_snapshot(struct service *s, uid_t uid, gid_t gid)
{
	const char *table = registrations_path(s->sd.registrations);
	int err = snapshot_open(&s->sd.snapshot, table, uid, gid);

	if (!err)
		return;
	s->sd.snapshot = NULL;
	log_warn(LOG_REG, "calls will not survive a restart: %s.calls: %s", table, strerror(err));
}

static void start_registrations(struct service *s)
{
	uid_t uid;
	gid_t gid;
	char *path = paths_in_jail(s->boot->chrootjail, s->boot->registration_file);
	const char *const named[] = {path, NULL},
			  *const *files = path ? named : paths_registrations;
	int err = ENOENT;

	service_file_owner(s->boot, &uid, &gid);
	for (size_t i = 0; err && files[i]; i++) {
		if (geteuid() == 0)
			paths_make_parent(files[i], uid, gid);
		err = registrations_open(&s->sd.registrations, files[i], uid, gid);
		if (err)
			log_warn(LOG_REG, "registrations cannot be kept in %s: %s", files[i],
			    strerror(err));
	}
	if (err)
		log_err(LOG_REG,
		    "registrations will not survive a restart: name a file with "
		    "registration_file that siproxd can write");
	else
		log_info(LOG_REG, "registrations are kept in %s",
		    registrations_path(s->sd.registrations));
	if (!err)
		start_snapshot(s, uid, gid);
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

int service_start_trace(struct service *s)
{
	char *path = paths_in_jail(s->boot->chrootjail, s->boot->trace_file);
	uid_t uid;
	gid_t gid;
	int err;

	if (!path)
		return s->boot->trace_file ? ENOMEM : 0;
	service_file_owner(s->boot, &uid, &gid);
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
	uid_t uid;
	gid_t gid;
	int err;

	if (!s->options.pid_file)
		return 0;
	s->pid_file = paths_in_jail(s->boot->chrootjail, s->options.pid_file);
	if (!s->pid_file)
		return ENOMEM;
	service_file_owner(s->boot, &uid, &gid);
	if (geteuid() == 0)
		paths_make_parent(s->pid_file, uid, gid);
	err = daemon_pid_write(s->pid_file);
	if (err) {
		log_warn(LOG_MAIN, "pid_file %s cannot be written: %s", s->pid_file, strerror(err));
		free(s->pid_file);
		s->pid_file = NULL;
	}
	return 0;
}

int service_start_files(struct service *s)
{
	start_registrations(s);
	if (s->boot->file && file_open_readonly(&s->config_file, s->boot->file) != 0)
		s->config_file = NULL;
	return start_pid_file(s);
}

void service_load_registrations(struct service *s)
{
	struct siproxd *sd = &s->sd;
	size_t count;
	int err;

	if (!sd->registrations)
		return;
	err = registrations_load(sd->registrations, sd->location, sd->now_s(), &count);
	if (err == EBADMSG)
		log_err(LOG_REG,
		    "%s is not a registration file and is left alone; registrations will "
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

static enum snapshot_table table_state(const struct registrations *r)
{
	if (registrations_were_deleted(r))
		return TABLE_IS_NEW;
	return registrations_were_empty(r) ? TABLE_IS_EMPTY : TABLE_HOLDS_PHONES;
}

void service_load_snapshot(struct service *s)
{
	struct siproxd *sd = &s->sd;
	struct snapshot_count n;
	int err;

	if (!sd->snapshot)
		return;
	err = snapshot_load(sd->snapshot, sd, table_state(sd->registrations), (int64_t)time(NULL),
	    &n);
	if (err == EBADMSG)
		log_warn(LOG_SIP, "%s is damaged: what ran before the restart is forgotten",
		    snapshot_path(sd->snapshot));
	else if (err)
		log_err(LOG_SIP, "%s cannot be read: %s", snapshot_path(sd->snapshot),
		    strerror(err));
	if (n.calls || n.dialogs || n.invites)
		log_info(LOG_SIP,
		    "what goes on after the restart: %zu calls, %zu dialogs, %zu INVITEs that wait",
		    n.calls, n.dialogs, n.invites);
	if (n.lost)
		log_warn(LOG_SIP, "%u lines of %s could not be brought back", n.lost,
		    snapshot_path(sd->snapshot));
}

/* From inside the jail, if we are in one. */
void service_remove_pid_file(struct service *s)
{
	const char *path = s->pid_file;

	if (path && s->jailed)
		path = paths_from_inside(s->boot->chrootjail, path);
	if (path)
		daemon_pid_remove(path);
	free(s->pid_file);
}
