/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/mos.h"

#define RATING_DEFAULT 93.2 /* R with all parameters at their defaults */
#define DELAY_KNEE_MS  177.3

void mos_codec_of(uint8_t payload_type, struct mos_codec *out)
{
	static const struct {
		uint8_t payload_type;
		struct mos_codec codec;
	} table[] = {
	    {3, {20, 43}},   /* GSM */
	    {4, {15, 16.1}}, /* G.723.1 at 6.3 kbit/s */
	    {15, {7, 17}},   /* G.728 */
	    {18, {11, 19}},  /* G.729A */
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (table[i].payload_type == payload_type) {
			*out = table[i].codec;
			return;
		}
	}
	*out = (struct mos_codec){0, 25.1};
}

/* Id without echo, as two straight lines: the second one is where people begin to interrupt each
 * other. */
static double delay_impairment(double delay_ms)
{
	double id = 0.024 * delay_ms;

	return delay_ms > DELAY_KNEE_MS ? id + 0.11 * (delay_ms - DELAY_KNEE_MS) : id;
}

double mos_rating(const struct mos_codec *codec, double loss_percent, double delay_ms)
{
	double ie_eff = codec->ie;
	double r;

	if (loss_percent > 0)
		ie_eff += (95 - codec->ie) * loss_percent / (loss_percent + codec->bpl);
	r = RATING_DEFAULT - delay_impairment(delay_ms > 0 ? delay_ms : 0) - ie_eff;
	return r < 0 ? 0 : r;
}

double mos_of_rating(double r)
{
	if (r <= 0)
		return 1;
	if (r >= 100)
		return 4.5;
	r = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
	return r < 1 ? 1 : r; /* the formula dips below it at 6.5 */
}
