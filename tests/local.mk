# SPDX-License-Identifier: GPL-2.0-or-later
# `make check` runs the unit tests and replays the fuzzers' corpus; `tests/run` adds the network.
# A unit test is tests/unit/NAME_test.c and links the library; name it here, nothing else.
LDADD = libsiproxd.a $(OSIP_LIBS) $(CONFUSE_LIBS) $(CARES_LIBS) $(PCAP_LIBS) $(NETTLE_LIBS)
AM_TESTS_ENVIRONMENT = top_srcdir='$(top_srcdir)'; export top_srcdir;
TEST_EXTENSIONS =
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh

include tests/integration/local.mk
include tests/bench/local.mk

# base/
UNIT_TESTS = \
	tests/unit/acl_test \
	tests/unit/addr_test \
	tests/unit/buf_test \
	tests/unit/daemon_test \
	tests/unit/debug_port_test \
	tests/unit/fd_test \
	tests/unit/file_test \
	tests/unit/firewall_test \
	tests/unit/hash_test \
	tests/unit/limit_test \
	tests/unit/log_test \
	tests/unit/loop_test \
	tests/unit/memory_test \
	tests/unit/netif_test \
	tests/unit/notify_test \
	tests/unit/record_test \
	tests/unit/resolver_test \
	tests/unit/siphash_test \
	tests/unit/srv_test \
	tests/unit/stun_test \
	tests/unit/tcp_test \
	tests/unit/timers_test \
	tests/unit/udp_test \
	tests/unit/writer_test
if LINUX_EXTRAS
UNIT_TESTS += tests/unit/linux_test tests/unit/netwatch_test
endif
if WITH_PCAP
UNIT_TESTS += tests/unit/trace_test
endif

# the configuration
UNIT_TESTS += \
	tests/unit/config_docs_test \
	tests/unit/config_lines_test \
	tests/unit/config_samples_test \
	tests/unit/config_test

# media/: the two ways of waiting are one test, compiled twice
UNIT_TESTS += \
	tests/unit/dejitter_test \
	tests/unit/flow_test \
	tests/unit/latch_test \
	tests/unit/mos_test \
	tests/unit/pace_test \
	tests/unit/ports_test \
	tests/unit/priority_test \
	tests/unit/relay_test \
	tests/unit/rtcp_test \
	tests/unit/rtp_stats_test \
	tests/unit/waiter_poll_test
if LINUX_EXTRAS
UNIT_TESTS += tests/unit/waiter_epoll_test
endif
tests_unit_waiter_poll_test_SOURCES = tests/unit/waiter_test.c
tests_unit_waiter_poll_test_CPPFLAGS = $(AM_CPPFLAGS) -DWAITER_SOURCE='"media/waiter_poll.c"'
tests_unit_waiter_epoll_test_SOURCES = tests/unit/waiter_test.c
tests_unit_waiter_epoll_test_CPPFLAGS = $(AM_CPPFLAGS) -DWAITER_SOURCE='"media/waiter_epoll.c"'

# sip/
UNIT_TESTS += \
	tests/unit/rfc_compliance_test \
	tests/unit/sip_arena_test \
	tests/unit/sip_digest_test \
	tests/unit/sip_msg_test \
	tests/unit/sip_plain_test \
	tests/unit/sip_reply_test \
	tests/unit/sip_sdp_test \
	tests/unit/sip_stream_test \
	tests/unit/sip_uri_test \
	tests/unit/sip_via_test \
	tests/unit/transport_test

# proxy/: the core_* tests play whole exchanges
UNIT_TESTS += \
	tests/unit/call_stats_test \
	tests/unit/call_id_test \
	tests/unit/call_test \
	tests/unit/core_answers_test \
	tests/unit/core_auth_test \
	tests/unit/core_call_test \
	tests/unit/core_callers_test \
	tests/unit/core_duties_test \
	tests/unit/core_fork_test \
	tests/unit/core_hostile_test \
	tests/unit/core_limits_test \
	tests/unit/core_local_test \
	tests/unit/core_peers_test \
	tests/unit/core_register_test \
	tests/unit/core_restart_test \
	tests/unit/core_public_test \
	tests/unit/core_route_test \
	tests/unit/core_rules_test \
	tests/unit/core_tcp_test \
	tests/unit/core_subscribe_test \
	tests/unit/core_torture_test \
	tests/unit/core_verbatim_test \
	tests/unit/core_servers_test \
	tests/unit/dialog_test \
	tests/unit/emergency_test \
	tests/unit/leak_guard_test \
	tests/unit/locate_test \
	tests/unit/location_test \
	tests/unit/nonces_test \
	tests/unit/passwords_test \
	tests/unit/plugin_dial_test \
	tests/unit/plugin_edit_test \
	tests/unit/plugin_watch_test \
	tests/unit/peers_test \
	tests/unit/registrations_test \
	tests/unit/servers_test \
	tests/unit/side_test \
	tests/unit/transaction_test

# The core once more, with allocations that fail when the test says so.
UNIT_TESTS += tests/unit/core_alloc_test
check_LIBRARIES += tests/unit/libfailing.a
tests_unit_libfailing_a_CPPFLAGS = $(AM_CPPFLAGS) -include $(top_srcdir)/tests/unit/failing_core.h
tests_unit_libfailing_a_SOURCES = \
	src/base/buf.c \
	src/base/hash.c \
	src/base/record.c \
	src/base/timers.c \
	src/plugin/blacklist.c \
	src/plugin/codecfilter.c \
	src/plugin/defaulttarget.c \
	src/plugin/demo.c \
	src/plugin/dial.c \
	src/plugin/fix_bogus_via.c \
	src/plugin/fix_DTAG.c \
	src/plugin/fix_fbox_anoncall.c \
	src/plugin/logcall.c \
	src/plugin/prefix.c \
	src/plugin/regex.c \
	src/plugin/regex_body.c \
	src/plugin/rules.c \
	src/plugin/shortdial.c \
	src/plugin/siptrunk.c \
	src/plugin/stats.c \
	src/plugin/stripheader.c \
	src/plugin/stun.c \
	src/proxy/call.c \
	src/proxy/call_id.c \
	src/proxy/call_media.c \
	src/proxy/call_peer.c \
	src/proxy/client_txn.c \
	src/proxy/dialog.c \
	src/proxy/emergency.c \
	src/proxy/failover.c \
	src/proxy/forward.c \
	src/proxy/locate.c \
	src/proxy/location.c \
	src/proxy/mask_names.c \
	src/proxy/masquerade.c \
	src/proxy/next_hop.c \
	src/proxy/peers.c \
	src/proxy/pipeline.c \
	src/proxy/plugin_ask.c \
	src/proxy/plugin_calls.c \
	src/proxy/plugin_host.c \
	src/proxy/plugin_options.c \
	src/proxy/registration.c \
	src/proxy/request.c \
	src/proxy/response.c \
	src/proxy/server_txn.c \
	src/proxy/servers.c \
	src/proxy/session.c \
	src/proxy/side.c \
	src/proxy/snapshot.c \
	src/proxy/snapshot_call.c \
	src/proxy/snapshot_dialog.c \
	src/proxy/snapshot_invite.c \
	src/proxy/subscription.c \
	src/proxy/tag.c \
	src/proxy/transaction.c \
	src/sip/sip_edit.c \
	src/sip/sip_msg.c \
	src/sip/sip_reply.c \
	src/sip/sip_sdp.c \
	src/sip/sip_uri.c \
	src/sip/sip_via.c
tests_unit_core_alloc_test_LDADD = tests/unit/libfailing.a $(LDADD)

check_PROGRAMS += $(UNIT_TESTS)
SCRIPT_TESTS = tests/unit/command_line_test.sh tests/unit/docs_test.sh tests/unit/errors_test.sh \
	tests/unit/manual_test.sh tests/unit/options_test.sh \
	tests/unit/release_test.sh
TESTS += $(UNIT_TESTS) $(SCRIPT_TESTS)
include tests/fuzz/local.mk
EXTRA_DIST += $(SCRIPT_TESTS) tests/unit/core.c tests/unit/core.h tests/unit/plugins.h tests/unit/tap.h \
	tests/unit/failing_alloc.h \
	tests/unit/failing_core.h tests/data/configs tests/data/sip
