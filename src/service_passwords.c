/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gets the passwords of the phones from where the configuration says, and again when they change.
 */
#include "service_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "config.h"
#include "proxy/authenticate.h"

/* The lines of `f`, or in `why` what is wrong with them. */
static int read_file(struct file *f, const char *realm, struct passwords **out, char *why,
    size_t size)
{
	char *text = NULL;
	size_t len;
	unsigned line;
	const char *fault;
	int err = file_read(f, PASSWORDS_FILE_MAX, &text, &len);

	if (err) {
		snprintf(why, size, "%s cannot be read: %s", file_path(f), strerror(err));
		return err;
	}
	err = passwords_parse(out, realm, text, len, &line, &fault);
	if (err == EINVAL)
		snprintf(why, size, "%s:%u: error: %s", file_path(f), line, fault);
	else if (err)
		snprintf(why, size, "%s: %s", file_path(f), strerror(err));
	else if (passwords_count(*out) == 0)
		log_warn(LOG_REG, "%s names no user: nobody can register", file_path(f));
	free(text);
	return err;
}

int service_read_passwords(const struct config *c, struct file **file, struct passwords **out,
    char *why, size_t size)
{
	int err = 0;

	*out = NULL;
	why[0] = '\0';
	if (!c->proxy_auth_realm)
		return 0;
	if (!c->proxy_auth_pwfile)
		return passwords_of_all(out, c->proxy_auth_realm, c->proxy_auth_passwd);
	if (!*file)
		err = file_open_readonly(file, c->proxy_auth_pwfile);
	if (!err)
		return read_file(*file, c->proxy_auth_realm, out, why, size);
	*file = NULL;
	snprintf(why, size, "proxy_auth_pwfile = %s cannot be opened: %s", c->proxy_auth_pwfile,
	    strerror(err));
	return err;
}

/* Before root is given up, and the world outside a jail is gone. */
int service_start_passwords(struct service *s)
{
	struct passwords *passwords;
	char why[512];
	int err = authenticator_new(&s->sd.authenticator);

	if (!err)
		err = service_read_passwords(s->boot, &s->password_file, &passwords, why,
		    sizeof(why));
	else
		why[0] = '\0';
	if (err) {
		if (why[0])
			log_err(LOG_MAIN, "%s", why);
		return err;
	}
	authenticator_set_passwords(s->sd.authenticator, passwords);
	if (s->password_file && file_stamp(s->password_file, &s->password_stamp) != 0)
		s->password_stamp = 0;
	return 0;
}

static bool same_name(const struct file *f, const char *path)
{
	return f && path && strcmp(file_path(f), path) == 0;
}

int service_renew_passwords(struct service *s, const struct config *c)
{
	bool same = same_name(s->password_file, c->proxy_auth_pwfile);
	struct file *file = same ? s->password_file : NULL;
	struct passwords *passwords;
	char why[512];
	uint64_t stamp = 0;
	int err;

	/* Before it is read: what changes meanwhile is read again. */
	if (file && file_stamp(file, &stamp) != 0)
		stamp = 0;
	err = service_read_passwords(c, &file, &passwords, why, sizeof(why));
	if (err) {
		log_err(LOG_MAIN, "%s; the passwords stay as they were%s",
		    why[0] ? why : strerror(err),
		    !same && s->jailed ? " (in the jail another proxy_auth_pwfile needs a restart)"
				       : "");
		if (!same)
			file_close(file);
		return err;
	}
	if (!same) {
		file_close(s->password_file);
		s->password_file = file;
	}
	s->password_stamp = stamp;
	authenticator_set_passwords(s->sd.authenticator, passwords);
	return 0;
}

void house_watch_passwords(struct service *s)
{
	uint64_t stamp;

	if (!s->password_file || !s->config->proxy_auth_realm ||
	    file_stamp(s->password_file, &stamp) != 0 || stamp == s->password_stamp)
		return;
	if (service_renew_passwords(s, s->config) == 0)
		log_info(LOG_MAIN, "the passwords in %s have changed and were read again",
		    file_path(s->password_file));
	s->password_stamp = stamp; /* a fault is told once */
}
