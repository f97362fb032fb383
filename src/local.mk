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
	src/base/log.c src/base/log.h \
	src/base/fd.c src/base/fd.h \
	src/base/loop.c src/base/loop.h \
	src/base/udp.c src/base/udp.h \
	src/base/netif.c src/base/netif.h \
	src/base/acl.c src/base/acl.h \
	src/base/limit.c src/base/limit.h \
	src/base/file.c src/base/file.h \
	src/base/daemon.c src/base/daemon.h \
	src/base/system.h
if LINUX_EXTRAS
libsiproxd_a_SOURCES += src/base/linux.c
else
libsiproxd_a_SOURCES += src/base/portable.c
endif

# media/: how media flows; knows no SIP
libsiproxd_a_SOURCES += \
	src/media/flow.c src/media/flow.h \
	src/media/latch.c src/media/latch.h \
	src/media/ports.c src/media/ports.h \
	src/media/relay.c src/media/relay.h \
	src/media/sockets.c src/media/sockets.h \
	src/media/waiter.h \
	src/media/wake.c src/media/wake.h
if LINUX_EXTRAS
libsiproxd_a_SOURCES += src/media/waiter_epoll.c
else
libsiproxd_a_SOURCES += src/media/waiter_poll.c
endif

# sip/: how SIP is written
libsiproxd_a_SOURCES +=

# proxy/: what we decide
libsiproxd_a_SOURCES +=

# the configuration
libsiproxd_a_SOURCES += \
	src/config.c src/config.h \
	src/config_check.c \
	src/config_dump.c \
	src/config_lines.c src/config_lines.h \
	src/config_messages.c src/config_messages.h \
	src/config_reading.h \
	src/config_set.c \
	src/config_store.c src/config_store.h \
	src/config_table.c src/config_table.h

sbin_PROGRAMS += siproxd
siproxd_SOURCES = src/main.c
siproxd_LDADD = libsiproxd.a $(OSIP_LIBS) $(CONFUSE_LIBS) $(CARES_LIBS) $(PCAP_LIBS)
