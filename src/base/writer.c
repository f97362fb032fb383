/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/writer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/file.h"

/* It calls nothing deep; the sanitizers want a bit more. */
#define STACK_SIZE (256 * 1024)

struct writer {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t news;
	struct list todo; /* of struct writer_job */
	bool stop;
	writer_fn *write;
	void *arg;
};

static int write_file(void *arg, struct file *f, const void *data, size_t len)
{
	(void)arg;
	return file_write(f, data, len, NULL);
}

static void do_job(struct writer_job *job, writer_fn *write, void *arg)
{
	job->err = 0;
	for (size_t i = 0; i < job->n_parts; i++) {
		struct buf *content = &job->part[i].content;

		if (!job->err)
			job->err = write(arg, job->part[i].file, content->data ? content->data : "",
			    content->len);
		buf_free(content);
	}
	job->n_parts = 0;
}

/* Waits for one. NULL: nothing is left, and nothing will come. */
static struct writer_job *next_job(struct writer *w)
{
	struct writer_job *job = NULL;

	pthread_mutex_lock(&w->lock);
	while (list_is_empty(&w->todo) && !w->stop)
		pthread_cond_wait(&w->news, &w->lock);
	if (!list_is_empty(&w->todo)) {
		job = container_of(w->todo.next, struct writer_job, link);
		list_del(&job->link);
	}
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void *writer_thread(void *arg)
{
	struct writer *w = arg;
	struct writer_job *job;

	while ((job = next_job(w))) {
		do_job(job, w->write, w->arg);
		atomic_store(&job->busy, false); /* its owner's again */
	}
	return NULL;
}

/* Signals are the main loop's: the thread gets none. */
static int start_thread(struct writer *w)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int err = pthread_attr_init(&attr);

	if (err)
		return err;
	pthread_attr_setstacksize(&attr, STACK_SIZE); /* the usual one does as well */
	sigfillset(&all);
	err = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!err) {
		err = pthread_create(&w->thread, &attr, writer_thread, w);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	pthread_attr_destroy(&attr);
	return err;
}

int writer_new(struct writer **out, writer_fn *write, void *arg)
{
	struct writer *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return ENOMEM;
	list_init(&w->todo);
	w->write = write ? write : write_file;
	w->arg = arg;
	err = pthread_mutex_init(&w->lock, NULL);
	if (err)
		goto no_lock;
	err = pthread_cond_init(&w->news, NULL);
	if (err)
		goto no_cond;
	err = start_thread(w);
	if (err)
		goto no_thread;
	*out = w;
	return 0;

no_thread:
	pthread_cond_destroy(&w->news);
no_cond:
	pthread_mutex_destroy(&w->lock);
no_lock:
	free(w);
	return err;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->news);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->news);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void writer_add(struct writer_job *job, struct file *f, struct buf *content)
{
	assert(job->n_parts < WRITER_FILES_MAX && !job->busy);
	job->part[job->n_parts].file = f;
	job->part[job->n_parts].content = *content;
	job->n_parts++;
	*content = (struct buf)BUF_INIT;
}

void writer_put(struct writer *w, struct writer_job *job)
{
	assert(!job->busy);
	if (!w) {
		do_job(job, write_file, NULL);
		return;
	}
	atomic_store(&job->busy, true);
	pthread_mutex_lock(&w->lock);
	list_add_tail(&w->todo, &job->link);
	pthread_cond_signal(&w->news);
	pthread_mutex_unlock(&w->lock);
}

int writer_result(const struct writer_job *job)
{
	return atomic_load(&job->busy) ? EINPROGRESS : job->err;
}
