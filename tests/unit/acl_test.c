/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/acl.h"

#include <errno.h>
#include <stdlib.h>

#include "tap.h"

static struct acl acl;

static bool matches(const char *ip)
{
	struct addr a;

	addr_parse(&a, ip, 5060);
	return acl_match(&acl, &a);
}

static void test_bad(const char *text, const char *want)
{
	char *bad = NULL;

	is_int(acl_parse(&acl, text, &bad), EINVAL, text);
	is_str(bad, want, "... names the bad entry");
	ok(acl_is_empty(&acl) && acl.entry == NULL, "... and nothing of it is used");
	free(bad);
}

int main(void)
{
	char *bad;

	is_int(acl_parse(&acl, "10.0.0.0/8, 2001:db8::/32 ,192.0.2.7,\t192.168.1.8/24", &bad), 0,
	    "a list with blanks");
	ok(bad == NULL && acl.count == 4, "four entries");
	ok(matches("10.9.9.9") && matches("2001:db8:5::1"), "networks");
	ok(matches("192.0.2.7") && !matches("192.0.2.8"), "a host");
	ok(matches("192.168.1.200") && !matches("192.168.2.1"), "host bits may be set");
	ok(!matches("11.0.0.1") && !matches("2001:db9::1"), "others");
	ok(matches("::ffff:10.1.1.1"), "a mapped address");
	acl_done(&acl);
	acl_done(&acl);

	is_int(acl_parse(&acl, "", &bad), 0, "no text");
	ok(acl_is_empty(&acl) && !matches("10.0.0.1"), "an empty list matches nobody");
	is_int(acl_parse(&acl, " , ,", &bad), 0, "commas alone");
	ok(acl_is_empty(&acl), "... are an empty list");
	is_int(acl_parse(&acl, "0.0.0.0/0", &bad), 0, "everybody");
	ok(matches("203.0.113.9") && !matches("::1"), "... of IPv4");
	acl_done(&acl);
	is_int(acl_parse(&acl, "[2001:db8::1]/128,::/0", &bad), 0, "brackets");
	ok(matches("::1"), "all of IPv6");
	acl_done(&acl);
	is_int(acl_parse(&acl,
		   "192.168.1.0/255.255.255.0, 10.0.0.0/255.128.0.0, 192.0.2.7/255.255.255.255",
		   &bad),
	    0, "netmasks");
	ok(matches("192.168.1.200") && !matches("192.168.2.1"), "... of 24 bits");
	ok(matches("10.127.0.1") && !matches("10.128.0.1"), "... of nine");
	ok(matches("192.0.2.7") && !matches("192.0.2.6"), "... of one host");
	acl_done(&acl);
	is_int(acl_parse(&acl, "0.0.0.0/0.0.0.0", &bad), 0, "no bit at all");
	ok(matches("203.0.113.9") && !matches("::1"), "... is everybody of IPv4");
	acl_done(&acl);

	test_bad("10.0.0.0/8, 10.0.0.0/33, 1.2.3.4", "10.0.0.0/33");
	test_bad("2001:db8::/129", "2001:db8::/129");
	test_bad("lan.example.com/24", "lan.example.com/24");
	test_bad("10.0.0.0/", "10.0.0.0/");
	test_bad("10.0.0.0/255.0.255.0", "10.0.0.0/255.0.255.0");
	test_bad("192.0.2.7/0.0.0.0", "192.0.2.7/0.0.0.0");
	test_bad("10.0.0.0/0.0.0.255", "10.0.0.0/0.0.0.255");
	test_bad("10.0.0.0/255.0.0", "10.0.0.0/255.0.0");
	test_bad("2001:db8::/255.0.0.0", "2001:db8::/255.0.0.0");
	test_bad("10.0.0.0/ffff::", "10.0.0.0/ffff::");
	test_bad("10.0.0.0/-1", "10.0.0.0/-1");
	test_bad("10.0.0.0/+8", "10.0.0.0/+8");
	test_bad("10.0.0.0 /8", "10.0.0.0 /8");
	test_bad("10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2");
	test_bad("/8", "/8");
	acl_done(NULL);
	return tap_done();
}
