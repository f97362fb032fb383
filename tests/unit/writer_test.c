/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread that writes files: whoever hands them over goes on, however long a disk takes. */
#include "base/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "tap.h"

/* A disk that takes its time: as long as the test wants. */
struct disk {
	pthread_mutex_t lock;
	pthread_cond_t turned;
	bool hangs;
	unsigned asked; /* how often it was to write */
	int err;
	char log[256]; /* what was written, in order */
};

static void turn(struct disk *d, bool hangs, int err)
{
	pthread_mutex_lock(&d->lock);
	d->hangs = hangs;
	d->err = err;
	pthread_cond_broadcast(&d->turned);
	pthread_mutex_unlock(&d->lock);
}

static int write_slowly(void *arg, struct file *f, const void *data, size_t len)
{
	struct disk *d = arg;
	int err;

	(void)f;
	pthread_mutex_lock(&d->lock);
	d->asked++;
	pthread_cond_broadcast(&d->turned);
	while (d->hangs)
		pthread_cond_wait(&d->turned, &d->lock);
	err = d->err;
	if (!err)
		strncat(d->log, data, len);
	pthread_mutex_unlock(&d->lock);
	return err;
}

static void wait_until_asked(struct disk *d, unsigned times)
{
	pthread_mutex_lock(&d->lock);
	while (d->asked < times)
		pthread_cond_wait(&d->turned, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

static int result(const struct writer_job *job)
{
	while (writer_result(job) == EINPROGRESS)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return writer_result(job);
}

static void disk_init(struct disk *d)
{
	memset(d, 0, sizeof(*d));
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->turned, NULL);
}

static void disk_done(struct disk *d)
{
	pthread_cond_destroy(&d->turned);
	pthread_mutex_destroy(&d->lock);
}

static struct writer *start(struct disk *d)
{
	struct writer *w;

	disk_init(d);
	if (writer_new(&w, write_slowly, d) != 0)
		abort();
	return w;
}

static void add(struct writer_job *job, const char *text)
{
	struct buf content = BUF_INIT;

	buf_str(&content, text);
	writer_add(job, NULL, &content);
	if (content.data)
		abort();
}

static void test_hanging(void)
{
	struct disk d;
	struct writer *w = start(&d);
	struct writer_job a = {.n_parts = 0}, b = a, c = a;

	turn(&d, true, 0);
	is_int(writer_result(&a), 0, "nothing has failed yet");
	add(&a, "a1 ");
	add(&a, "a2 ");
	writer_put(w, &a);
	wait_until_asked(&d, 1);
	is_int(writer_result(&a), EINPROGRESS, "the disk hangs, and the main thread does not");
	add(&c, "c ");
	writer_put(w, &c);
	add(&b, "b ");
	writer_put(w, &b);
	is_int(writer_result(&c), EINPROGRESS, "others wait");
	turn(&d, false, 0);
	is_int(result(&b), 0, "it goes on");
	is_str(d.log, "a1 a2 c b ", "in the order in which they were handed over");
	is_int(writer_result(&a), 0, "all went well");
	add(&a, "again");
	writer_put(w, &a);
	is_int(result(&a), 0, "the same once more");
	writer_free(w);
	is_str(d.log, "a1 a2 c b again", "is written");
	disk_done(&d);
}

static void test_failing(void)
{
	struct disk d;
	struct writer *w = start(&d);
	struct writer_job job = {.n_parts = 0};

	turn(&d, false, ENOSPC);
	add(&job, "first ");
	add(&job, "second ");
	writer_put(w, &job);
	is_int(result(&job), ENOSPC, "an error is told");
	is_int(d.asked, 1, "what comes behind it is not tried");
	turn(&d, false, 0);
	add(&job, "next");
	writer_put(w, &job);
	is_int(result(&job), 0, "and forgotten when it is over");
	is_str(d.log, "next", "of what failed nothing is left");
	writer_free(w);
	disk_done(&d);
}

static void test_end(void)
{
	struct disk d;
	struct writer *w = start(&d);
	struct writer_job a = {.n_parts = 0}, b = a;

	turn(&d, true, 0);
	add(&a, "a");
	writer_put(w, &a);
	wait_until_asked(&d, 1);
	add(&b, "b");
	writer_put(w, &b);
	turn(&d, false, 0);
	writer_free(w);
	is_str(d.log, "ab", "at the end all is written");
	is_int(writer_result(&b), 0, "and its owner knows");
	writer_free(NULL);
	disk_done(&d);
}

static void write_real(struct writer *w, struct file *f, const char *text)
{
	struct writer_job job = {.n_parts = 0};
	struct buf content = BUF_INIT;
	char *data;
	size_t len;

	buf_str(&content, text);
	writer_add(&job, f, &content);
	writer_put(w, &job);
	is_int(result(&job), 0, w ? "by the thread" : "without one");
	if (file_read(f, 100, &data, &len) != 0)
		abort();
	is_str(data, text, "the file holds it");
	free(data);
}

static void test_files(void)
{
	char dir[] = "/tmp/writer_test.XXXXXX", path[64];
	struct writer *w;
	struct file *f;

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/file", dir);
	if (file_open(&f, path, (uid_t)-1, (gid_t)-1) != 0 || writer_new(&w, NULL, NULL) != 0)
		abort();
	write_real(w, f, "some content");
	write_real(NULL, f, "other content");
	write_real(w, f, "");
	writer_free(w);
	file_close(f);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	test_hanging();
	test_failing();
	test_end();
	test_files();
	return tap_done();
}
