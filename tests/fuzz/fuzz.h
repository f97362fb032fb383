/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fuzz target is: a function of foreign bytes that must return, whatever they are. libFuzzer
 * makes them up (configure --enable-fuzzing); else replay.c reads them from the corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that is broken by some input ends the program, as a wild pointer would. */
#define HOLDS(claim)                                                                        \
	do {                                                                                \
		if (!(claim)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #claim); \
			abort();                                                            \
		}                                                                           \
	} while (0)

#endif
