/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static char dir[] = "/tmp/daemon_test.XXXXXX";
static char path[128], why[256];

static const char *get(const char *name)
{
	static char text[256];
	int fd = open(name, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return text;
}

static int run(int (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(fn());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_pid_file(void)
{
	struct daemon_process p;
	char want[32];
	struct stat st;

	snprintf(want, sizeof(want), "%d\n", (int)getpid());
	umask(077);
	is_int(daemon_pid_write(path), 0, "the pid file");
	umask(022);
	is_str(get(path), want, "... holds our pid");
	stat(path, &st);
	is_int(st.st_mode & 0777, 0644, "... for everybody to read");
	is_int(daemon_pid_write(path), 0, "... is made anew");
	ok(daemon_pid_read(path, &p) && p.pid == getpid(), "... and names a living process");
	daemon_pid_remove(path);
	ok(access(path, F_OK) != 0, "... and removed");
	ok(!daemon_pid_read(path, &p), "... and names nobody then");
	daemon_pid_remove(path);

	if (symlink("target", path) != 0)
		exit(99);
	is_int(daemon_pid_write(path), 0, "a symbolic link in its place");
	lstat(path, &st);
	ok(S_ISREG(st.st_mode), "... is replaced");
	ok(chdir(dir) == 0 && access("target", F_OK) != 0, "... and not followed");
	unlink(path);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	ok(!daemon_pid_read(path, &p), "an empty one names nobody");
	daemon_pid_remove(path);
	ok(access(path, F_OK) == 0, "somebody else's pid file stays");
	unlink(path);
	is_int(daemon_pid_write("/nosuchdir/x"), ENOENT, "no directory");
}

static int stage[2]; /* the daemon's reports */

static int start_well(void)
{
	struct daemon_wait *w;
	struct stat in, out, null;
	char text[4] = "";

	if (daemon_detach(&w) != 0)
		return 50;
	/* from here on in the child */
	text[0] = getsid(0) == getpid() ? 's' : '-';
	daemon_ready(w);
	fstat(0, &in);
	fstat(2, &out);
	stat("/dev/null", &null);
	text[1] = in.st_rdev == null.st_rdev && out.st_rdev == null.st_rdev ? 'n' : '-';
	text[2] = umask(0) == 027 ? 'u' : '-';
	if (write(stage[1], text, 3) != 3)
		return 51;
	return 52;
}

static int start_badly(void)
{
	struct daemon_wait *w;

	daemon_detach(&w);
	_exit(3);
}

static int end_early_with_0(void)
{
	struct daemon_wait *w;

	daemon_detach(&w);
	_exit(0);
}

static int crash_early(void)
{
	struct daemon_wait *w;
	int null = open("/dev/null", O_WRONLY);

	dup2(null, 2); /* its complaint is expected */
	daemon_detach(&w);
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
	_exit(0);
}

static int start_without_stdio(void)
{
	struct daemon_wait *w;

	close(0);
	close(1);
	close(2);
	if (daemon_detach(&w) != 0)
		return 50;
	daemon_ready(w);
	_exit(0);
}

static void test_detach(void)
{
	char text[8] = "";

	if (pipe(stage) != 0)
		exit(99);
	is_int(run(start_well), 0, "the first process ends well when the daemon is ready");
	close(stage[1]);
	ok(read(stage[0], text, 3) == 3, "the daemon lives on");
	is_str(text, "snu", "... in its own session, away from the terminal, with its umask");
	close(stage[0]);
	is_int(run(start_badly), 3, "the daemon's failure is the first process's");
	is_int(run(end_early_with_0), 1, "an early end is a failure");
	is_int(run(crash_early), 1, "a crash too");
	is_int(run(start_without_stdio), 0, "closed standard descriptors");
	daemon_ready(NULL);
}

static int drop_to_nobody(void)
{
	struct daemon_ids ids = {.user = "nobody", .chroot_dir = dir};
	const struct passwd *pw = getpwnam("nobody");
	gid_t groups[64];
	int n;

	if (pw == NULL)
		return 77;
	if (setgroups(1, (gid_t[]){0}) != 0)
		return 77;
	if (daemon_drop_root(&ids, why, sizeof(why)) != 0 || why[0] != '\0')
		return 1;
	if (getuid() != pw->pw_uid || geteuid() != pw->pw_uid || getegid() != pw->pw_gid)
		return 2;
	n = getgroups(64, groups);
	for (int i = 0; i < n; i++) {
		if (groups[i] == 0)
			return 3;
	}
	if (setuid(0) == 0 || setgid(0) == 0)
		return 4;
	return access("/in-the-jail", F_OK) == 0 && access("in-the-jail", F_OK) == 0 ? 0 : 5;
}

static int drop_to_root(void)
{
	struct daemon_ids ids = {.user = "root"};

	return daemon_drop_root(&ids, why, sizeof(why)) == 0 && strstr(why, "root") ? 0 : 1;
}

static int bad_chroot(void)
{
	struct daemon_ids ids = {.user = "nobody", .chroot_dir = "/nosuchdir"};

	if (daemon_drop_root(&ids, why, sizeof(why)) != ENOENT)
		return 1;
	return strstr(why, "/nosuchdir") != NULL ? 0 : 2;
}

static int unknown_user(void)
{
	struct daemon_ids ids = {.user = "nosuchuser", .chroot_dir = dir};

	if (daemon_drop_root(&ids, why, sizeof(why)) != EINVAL || !strstr(why, "nosuchuser"))
		return 1;
	return access("/in-the-jail", F_OK) != 0 ? 0 : 2;
}

static int not_root(void)
{
	struct daemon_ids none = {0}, all = {.user = "nosuchuser", .chroot_dir = "/somewhere"};
	struct daemon_ids user = {.user = "root"}, jail = {.chroot_dir = "/somewhere"};

	if (geteuid() == 0 && setuid(65534) != 0)
		return 77;
	if (daemon_drop_root(&none, why, sizeof(why)) != 0 || why[0] != '\0')
		return 1;
	if (daemon_drop_root(&all, why, sizeof(why)) != 0 || !strstr(why, "nosuchuser") ||
	    !strstr(why, "/somewhere"))
		return 2;
	if (daemon_drop_root(&user, why, sizeof(why)) != 0 || !strstr(why, "root"))
		return 3;
	if (daemon_drop_root(&jail, why, sizeof(why)) != 0 || !strstr(why, "/somewhere"))
		return 4;
	if (getpwuid(geteuid()) != NULL) {
		user.user = strdup(getpwuid(geteuid())->pw_name);
		if (daemon_drop_root(&user, why, sizeof(why)) != 0 || why[0] != '\0')
			return 5;
	}
	return 0;
}

static void test_drop(void)
{
	char jailed[160];

	snprintf(jailed, sizeof(jailed), "%s/in-the-jail", dir);
	close(open(jailed, O_WRONLY | O_CREAT, 0644));
	chmod(dir, 0755);
	if (geteuid() == 0) {
		is_int(run(drop_to_nobody), 0, "root is gone, with its groups, in the jail");
		is_int(run(drop_to_root), 0, "root to root is a warning");
		is_int(run(bad_chroot), 0, "a jail that does not exist is told");
		is_int(run(unknown_user), 0, "an unknown user is told before anything is done");
	}
	is_int(run(not_root), 0, "who is not root is warned");
	unlink(jailed);
}

int main(void)
{
	int here = open(".", O_RDONLY);
	struct daemon_process who;

	if (mkdtemp(dir) == NULL)
		return 99;
	snprintf(path, sizeof(path), "%s/pid", dir);
	test_pid_file();
	test_detach();
	test_drop();
	ok(!daemon_port_owner(SOCK_DGRAM, 0, &who), "nobody has port 0");
	unlink(path);
	if (fchdir(here) != 0)
		return 99;
	close(here);
	rmdir(dir);
	return tap_done();
}
