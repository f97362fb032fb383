/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/mos.h"

#include "tap.h"

/* In hundredths, as tables have it. */
static int of_rating(double r)
{
	return (int)(mos_of_rating(r) * 100 + 0.5);
}

static int rating(uint8_t payload_type, double loss, double delay_ms)
{
	struct mos_codec codec;

	mos_codec_of(payload_type, &codec);
	return (int)(mos_rating(&codec, loss, delay_ms) * 10 + 0.5);
}

/* G.107 table B.1: the limits of the classes of quality. */
static void test_table(void)
{
	is_int(of_rating(90), 434, "R 90 is MOS 4.34");
	is_int(of_rating(80), 402, "R 80 is MOS 4.02");
	is_int(of_rating(70), 360, "R 70 is MOS 3.60");
	is_int(of_rating(60), 310, "R 60 is MOS 3.10");
	is_int(of_rating(50), 258, "R 50 is MOS 2.58");
	is_int(of_rating(93.2), 441, "the default, 93.2, is 4.41");
	is_int(of_rating(0), 100, "0 is 1");
	is_int(of_rating(-5), 100, "below it too");
	is_int(of_rating(6), 100, "never less than 1");
	is_int(of_rating(100), 450, "100 is 4.5");
	is_int(of_rating(120), 450, "above it too");
}

static void test_rating(void)
{
	is_int(rating(0, 0, 0), 932, "G.711 without loss or delay is the default");
	is_int(rating(8, 0, 100), 908, "100 ms cost 2.4");
	is_int(rating(8, 0, 300), 725, "300 ms cost 20.7");
	is_int(rating(8, 0, -3), 932, "a delay cannot be negative");
	is_int(rating(8, 25.1, 0), 457, "where the loss equals Bpl half of 95 is gone");
	is_int(rating(18, 0, 0), 822, "G.729A starts 11 lower");
	is_int(rating(18, 2, 0), 742, "... and 2 % of loss cost 8");
	is_int(rating(3, 100, 1000), 0, "nothing is less than 0");
	is_int(rating(96, 0, 0), rating(0, 0, 0), "an unknown codec is a good one");
}

int main(void)
{
	test_table();
	test_rating();
	return tap_done();
}
