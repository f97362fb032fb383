# SPDX-License-Identifier: GPL-2.0-or-later
dist_man_MANS += doc/siproxd.8 doc/siproxd.conf.5
dist_doc_DATA += \
	doc/ARCHITECTURE \
	doc/FAQ \
	doc/HACKING \
	doc/PERFORMANCE \
	doc/howto-asterisk \
	doc/howto-freeswitch \
	doc/howto-ipv6 \
	doc/howto-openwrt \
	doc/howto-pfsense \
	doc/howto-providers \
	doc/howto-router \
	doc/howto-phones \
	doc/howto-transparent \
	doc/rfc-compliance
