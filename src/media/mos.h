/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mos: how well a voice is heard, from 1 to 4.5, as the E-model estimates it from loss and delay
 * (ITU-T G.107, with the default values for all else; codecs by G.113). Pure. Used by call_stats.
 */
#ifndef MEDIA_MOS_H
#define MEDIA_MOS_H

#include <stdint.h>

/* G.113 appendix I. */
struct mos_codec {
	double ie;  /* what coding takes away without any loss */
	double bpl; /* how well losses are borne */
};

/* Of a static payload type (RFC 3551); of any other the values of G.711 with concealment. */
void mos_codec_of(uint8_t payload_type, struct mos_codec *out);
/* The rating R, 0 to 100. loss is in percent and comes at random; delay from mouth to ear. */
double mos_rating(const struct mos_codec *codec, double loss_percent, double delay_ms);
/* G.107 annex B. */
double mos_of_rating(double rating);

#endif
