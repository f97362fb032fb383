/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writer: a thread that writes files, in the order in which they were handed over, so that nobody
 * else waits for a disk. Owns the thread. What is written together is a job: its owner keeps it and
 * its files, and touches neither while the thread has it. All functions are the main thread's.
 */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/list.h"

#define WRITER_FILES_MAX 2

struct file;
struct writer;

/* Begins as zero. */
struct writer_job {
	struct list link;
	struct {
		struct file *file;
		struct buf content;
	} part[WRITER_FILES_MAX];
	size_t n_parts;
	atomic_bool busy;
	int err;
};

/* What writes: file_write(), or a test's. errno. */
typedef int writer_fn(void *arg, struct file *f, const void *data, size_t len);

/* write: NULL for file_write(). errno. */
int writer_new(struct writer **out, writer_fn *write, void *arg);
/* When all that was handed over is written. */
void writer_free(struct writer *w);

/* To be written behind what the job has already, if that goes well; takes the bytes, and *content
 * is empty again. No more than WRITER_FILES_MAX, and not while the job is busy. */
void writer_add(struct writer_job *job, struct file *f, struct buf *content);
/* Hands it over. w NULL: it is written here and now. */
void writer_put(struct writer *w, struct writer_job *job);
/* Of the last time: 0; the errno of the first file that could not be written, those behind it were
 * left alone; EINPROGRESS: the thread still has it. Knows it after writer_free(), too. */
int writer_result(const struct writer_job *job);

#endif
