/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/emergency.h"

#include "config.h"
#include "tap.h"

static void test_numbers(void)
{
	static char *numbers[] = {"112", "+49-110", "911"};
	struct config with = {.emergency_number = {numbers, 3}}, without = {.file = NULL};
	static const struct {
		const char *uri;
		bool called;
	} cases[] = {
	    {"sip:112@example.net", true},
	    {"sips:112@example.net;user=phone", true},
	    {"sip:112:secret@example.net", true},
	    {"sip:112;phone-context=+49@example.net;user=phone", true},
	    {"sip:1-1.2@example.net", true},
	    {"sip:+49110@example.net", true},
	    {"tel:911", true},
	    {"TEL:9-1-1;phone-context=example.net", true},
	    {"urn:service:sos", true},
	    {"URN:service:SOS.fire", true},
	    {"sip:1120@example.net", false},
	    {"sip:11@example.net", false},
	    {"sip:49110@example.net", false},
	    {"sip:112", false}, /* a host */
	    {"sip:alice@112", false},
	    {"sip:-@example.net", false},
	    {"tel:", false},
	    {"tel:;x=112", false},
	    {"urn:service:sosx", false},
	    {"urn:service:counseling", false},
	    {"", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ok(emergency_is_called(&with, str_of(cases[i].uri)) == cases[i].called,
		    cases[i].uri);
		ok(!emergency_is_called(&without, str_of(cases[i].uri)), "none is configured");
	}
	ok(emergency_is_configured(&with) && !emergency_is_configured(&without), "configured");
}

int main(void)
{
	test_numbers();
	return tap_done();
}
