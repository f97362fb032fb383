# SPDX-License-Identifier: GPL-2.0-or-later
# `make check` runs the unit tests and replays the fuzzers' corpus; `tests/run` adds the network.
TEST_LIBS = libsiproxd.a $(OSIP_LIBS) $(CONFUSE_LIBS) $(CARES_LIBS) $(PCAP_LIBS)
LDADD = $(TEST_LIBS)
AM_TESTS_ENVIRONMENT = top_srcdir='$(top_srcdir)'; export top_srcdir;
TEST_EXTENSIONS =
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh

UNIT_TESTS = \
	tests/unit/addr_test \
	tests/unit/siphash_test \
	tests/unit/hash_test \
	tests/unit/buf_test \
	tests/unit/timers_test \
	tests/unit/log_test \
	tests/unit/fd_test \
	tests/unit/loop_test \
	tests/unit/udp_test \
	tests/unit/netif_test \
	tests/unit/acl_test \
	tests/unit/limit_test \
	tests/unit/resolver_test \
	tests/unit/file_test \
	tests/unit/daemon_test
if LINUX_EXTRAS
UNIT_TESTS += tests/unit/linux_test
endif
# the configuration
UNIT_TESTS += \
	tests/unit/config_test \
	tests/unit/config_lines_test \
	tests/unit/config_samples_test \
	tests/unit/config_docs_test
tests_unit_config_test_SOURCES = tests/unit/config_test.c
tests_unit_config_lines_test_SOURCES = tests/unit/config_lines_test.c
tests_unit_config_samples_test_SOURCES = tests/unit/config_samples_test.c
tests_unit_config_docs_test_SOURCES = tests/unit/config_docs_test.c
EXTRA_DIST += tests/data/configs

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
EXTRA_DIST += tests/unit/tap.h

# media/
UNIT_TESTS += \
	tests/unit/ports_test \
	tests/unit/latch_test \
	tests/unit/flow_test \
	tests/unit/waiter_poll_test \
	tests/unit/relay_test
if LINUX_EXTRAS
UNIT_TESTS += tests/unit/waiter_epoll_test
endif
tests_unit_ports_test_SOURCES = tests/unit/ports_test.c tests/unit/failing_alloc.h
tests_unit_latch_test_SOURCES = tests/unit/latch_test.c
tests_unit_flow_test_SOURCES = tests/unit/flow_test.c tests/unit/failing_alloc.h
tests_unit_waiter_poll_test_SOURCES = tests/unit/waiter_test.c tests/unit/failing_alloc.h
tests_unit_waiter_poll_test_CPPFLAGS = $(AM_CPPFLAGS) -DWAITER_SOURCE='"media/waiter_poll.c"'
tests_unit_waiter_epoll_test_SOURCES = tests/unit/waiter_test.c tests/unit/failing_alloc.h
tests_unit_waiter_epoll_test_CPPFLAGS = $(AM_CPPFLAGS) -DWAITER_SOURCE='"media/waiter_epoll.c"'
tests_unit_relay_test_SOURCES = tests/unit/relay_test.c tests/unit/failing_alloc.h

tests_unit_addr_test_SOURCES = tests/unit/addr_test.c
tests_unit_siphash_test_SOURCES = tests/unit/siphash_test.c
tests_unit_hash_test_SOURCES = tests/unit/hash_test.c
tests_unit_buf_test_SOURCES = tests/unit/buf_test.c
tests_unit_timers_test_SOURCES = tests/unit/timers_test.c
tests_unit_log_test_SOURCES = tests/unit/log_test.c
tests_unit_fd_test_SOURCES = tests/unit/fd_test.c
tests_unit_loop_test_SOURCES = tests/unit/loop_test.c
tests_unit_udp_test_SOURCES = tests/unit/udp_test.c
tests_unit_netif_test_SOURCES = tests/unit/netif_test.c
tests_unit_acl_test_SOURCES = tests/unit/acl_test.c
tests_unit_limit_test_SOURCES = tests/unit/limit_test.c
tests_unit_linux_test_SOURCES = tests/unit/linux_test.c
tests_unit_file_test_SOURCES = tests/unit/file_test.c
tests_unit_daemon_test_SOURCES = tests/unit/daemon_test.c
tests_unit_resolver_test_SOURCES = tests/unit/resolver_test.c
