/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tone_check FILE.wav HERTZ...: how much of a recording is which tone.
 *
 * The lab proves audio by its content: each phone's microphone is a tone of its own frequency. For
 * each frequency a line "HERTZ SHARE SECONDS" says which share of the recording's energy lies at
 * that tone and for how many seconds in all it dominated. A recording that is still being
 * written (its header counts no data yet) is read up to its end.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recording {
	int16_t *sample;
	size_t count;
	unsigned rate;
};

struct tone {
	double energy;  /* found at this frequency, over all windows */
	size_t windows; /* in which it was more than half of all there was */
};

static unsigned le16(const unsigned char *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static uint32_t le32(const unsigned char *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

/* The samples of the first channel, as many as the file has and `len` allows (0: all). */
static int read_samples(FILE *f, struct recording *r, unsigned channels, uint32_t len)
{
	size_t room = 0;
	unsigned char frame[2 * 8];
	uint32_t frame_size = 2 * channels;

	for (uint32_t done = 0; !len || done + frame_size <= len; done += frame_size) {
		if (fread(frame, frame_size, 1, f) != 1)
			break;
		if (r->count == room) {
			room = room ? 2 * room : 65536;
			int16_t *bigger = realloc(r->sample, room * sizeof(*bigger));
			if (!bigger)
				return -1;
			r->sample = bigger;
		}
		r->sample[r->count++] = (int16_t)le16(frame);
	}
	return 0;
}

/* A RIFF file with 16-bit PCM; 0 or -1. */
static int read_wav(FILE *f, struct recording *r)
{
	unsigned char head[12], fmt[16];
	unsigned channels = 0;

	if (fread(head, sizeof(head), 1, f) != 1 || memcmp(head, "RIFF", 4) ||
	    memcmp(head + 8, "WAVE", 4))
		return -1;
	while (fread(head, 8, 1, f) == 1) {
		uint32_t len = le32(head + 4);

		if (!memcmp(head, "data", 4))
			return channels ? read_samples(f, r, channels, len) : -1;
		if (!memcmp(head, "fmt ", 4)) {
			if (len < sizeof(fmt) || fread(fmt, sizeof(fmt), 1, f) != 1)
				return -1;
			channels = le16(fmt + 2);
			r->rate = le32(fmt + 4);
			if (channels < 1 || channels > 8 || le16(fmt + 14) != 16 || r->rate < 1000)
				return -1;
			len -= sizeof(fmt);
		}
		if (fseek(f, (long)len + (len & 1), SEEK_CUR))
			return -1;
	}
	return -1;
}

/* Goertzel: the energy of `n` samples that lies at `hertz`. */
static double energy_at(const int16_t *x, size_t n, double hertz, unsigned rate)
{
	double c = 2 * cos(2 * M_PI * hertz / rate), s1 = 0, s2 = 0;

	for (size_t i = 0; i < n; i++) {
		double s = x[i] + c * s1 - s2;
		s2 = s1;
		s1 = s;
	}
	return 2 * (s1 * s1 + s2 * s2 - c * s1 * s2) / (double)n;
}

static double energy_of(const int16_t *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * x[i];
	return sum;
}

/* In windows of a tenth of a second, so that a jump of the tone's phase does no harm. */
static void report(const struct recording *r, int count, char **hertz)
{
	size_t n = r->rate / 10;
	double total = 0;
	struct tone *tone = calloc((size_t)count, sizeof(*tone));

	if (!tone)
		return;
	for (size_t at = 0; at + n <= r->count; at += n) {
		double all = energy_of(r->sample + at, n);

		total += all;
		for (int i = 0; i < count; i++) {
			double e = energy_at(r->sample + at, n, atof(hertz[i]), r->rate);
			tone[i].energy += e;
			/* mean amplitude of 50: what is softer counts as silence */
			if (e > all / 2 && all > 2500.0 * (double)n)
				tone[i].windows++;
		}
	}
	for (int i = 0; i < count; i++)
		printf("%s %.3f %.1f\n", hertz[i], total > 0 ? tone[i].energy / total : 0.0,
		    (double)tone[i].windows / 10);
	free(tone);
}

int main(int argc, char **argv)
{
	struct recording r = {0};
	FILE *f;

	if (argc < 3) {
		fprintf(stderr, "usage: tone_check FILE.wav HERTZ...\n");
		return 2;
	}
	f = fopen(argv[1], "rb");
	if (!f || read_wav(f, &r)) {
		fprintf(stderr, "tone_check: %s: no 16-bit PCM wav\n", argv[1]);
		if (f)
			fclose(f);
		free(r.sample);
		return 1;
	}
	fclose(f);
	report(&r, argc - 2, argv + 2);
	free(r.sample);
	return 0;
}
