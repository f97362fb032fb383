# SPDX-License-Identifier: GPL-2.0-or-later
# Everything but main.c is a convenience library: the daemon, the unit tests and the fuzzers link it.
noinst_LIBRARIES += libsiproxd.a
libsiproxd_a_SOURCES =

# base/: knows neither SIP nor media
libsiproxd_a_SOURCES += \
	src/base/addr.c src/base/addr.h \
	src/base/siphash.c src/base/siphash.h \
	src/base/hash.c src/base/hash.h \
	src/base/list.h \
	src/base/buf.c src/base/buf.h \
	src/base/timers.c src/base/timers.h \
	src/base/log.c src/base/log.h

# media/: how media flows; knows no SIP
libsiproxd_a_SOURCES +=

# sip/: how SIP is written
libsiproxd_a_SOURCES +=

# proxy/: what we decide
libsiproxd_a_SOURCES +=

# the configuration
libsiproxd_a_SOURCES +=

sbin_PROGRAMS += siproxd
siproxd_SOURCES = src/main.c
siproxd_LDADD = libsiproxd.a $(OSIP_LIBS) $(CONFUSE_LIBS) $(CARES_LIBS) $(PCAP_LIBS)
