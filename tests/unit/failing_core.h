/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sources of libfailing.a are compiled with (-include), so that core_alloc_test can let
 * the n-th allocation of a whole exchange fail.
 */
#ifndef FAILING_CORE_H
#define FAILING_CORE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *failing_malloc(size_t size);
void *failing_calloc(size_t count, size_t size);
void *failing_realloc(void *old, size_t size);
int failing_vasprintf(char **out, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
int failing_asprintf(char **out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define malloc    failing_malloc
#define calloc    failing_calloc
#define realloc   failing_realloc
#define vasprintf failing_vasprintf
#define asprintf  failing_asprintf

#endif
