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
	src/base/str.h \
	src/base/buf.c src/base/buf.h \
	src/base/timers.c src/base/timers.h \
	src/base/log.c src/base/log.h \
	src/base/fd.c src/base/fd.h \
	src/base/loop.c src/base/loop.h \
	src/base/memory.c src/base/memory.h \
	src/base/tcp.c src/base/tcp.h \
	src/base/udp.c src/base/udp.h \
	src/base/netif.c src/base/netif.h \
	src/base/acl.c src/base/acl.h \
	src/base/limit.c src/base/limit.h \
	src/base/stun.c src/base/stun.h \
	src/base/resolver.c src/base/resolver.h \
	src/base/srv.c src/base/srv.h \
	src/base/dns_answer.c src/base/dns_answer.h \
	src/base/dns_channel.c src/base/dns_channel.h \
	src/base/file.c src/base/file.h \
	src/base/writer.c src/base/writer.h \
	src/base/record.c src/base/record.h \
	src/base/firewall.c src/base/firewall.h \
	src/base/daemon.c src/base/daemon.h \
	src/base/debug_port.c src/base/debug_port.h \
	src/base/md.h \
	src/base/netwatch.h \
	src/base/notify.c src/base/notify.h \
	src/base/system.h \
	src/base/trace.h
if WITH_PCAP
libsiproxd_a_SOURCES += src/base/trace.c
else
libsiproxd_a_SOURCES += src/base/trace_stub.c
endif
if WITH_NETTLE
libsiproxd_a_SOURCES += src/base/md_nettle.c
else
libsiproxd_a_SOURCES += src/base/md_stub.c
endif
if LINUX_EXTRAS
libsiproxd_a_SOURCES += src/base/linux.c src/base/netwatch_netlink.c
else
libsiproxd_a_SOURCES += src/base/portable.c src/base/netwatch_stub.c
endif

# media/: how media flows; knows no SIP
libsiproxd_a_SOURCES += \
	src/media/counter.h \
	src/media/dejitter.c src/media/dejitter.h \
	src/media/flow.c src/media/flow.h \
	src/media/latch.c src/media/latch.h \
	src/media/mos.c src/media/mos.h \
	src/media/pace.c src/media/pace.h \
	src/media/ports.c src/media/ports.h \
	src/media/relay.c src/media/relay.h src/media/relay_parts.h \
	src/media/relay_across.c src/media/relay_hold.c src/media/relay_move.c src/media/relay_thread.c \
	src/media/relay_twin.c \
	src/media/priority.c src/media/priority.h \
	src/media/rtcp.c src/media/rtcp.h \
	src/media/rtp.c src/media/rtp.h \
	src/media/rtp_stats.c src/media/rtp_stats.h \
	src/media/sockets.c src/media/sockets.h \
	src/media/waiter.h \
	src/media/wake.c src/media/wake.h
if LINUX_EXTRAS
libsiproxd_a_SOURCES += src/media/waiter_epoll.c
else
libsiproxd_a_SOURCES += src/media/waiter_poll.c
endif

# sip/: how SIP is written
libsiproxd_a_SOURCES += \
	src/sip/connection.c src/sip/connection.h \
	src/sip/sip_body.c src/sip/sip_body.h \
	src/sip/sip_arena.c src/sip/sip_arena.h \
	src/sip/sip_check.c src/sip/sip_check.h \
	src/sip/sip_digest.c src/sip/sip_digest.h \
	src/sip/sip_edit.c src/sip/sip_edit.h \
	src/sip/sip_header.c src/sip/sip_header.h \
	src/sip/sip_msg.c src/sip/sip_msg.h \
	src/sip/sip_plain.c src/sip/sip_plain.h \
	src/sip/sip_reply.c src/sip/sip_reply.h \
	src/sip/sip_sdp.c src/sip/sip_sdp.h \
	src/sip/sip_stream.c src/sip/sip_stream.h \
	src/sip/sip_uri.c src/sip/sip_uri.h \
	src/sip/sip_via.c src/sip/sip_via.h \
	src/sip/transport.c src/sip/transport.h \
	src/sip/transport_tcp.c src/sip/transport_tcp.h \
	src/sip/transport_udp.c src/sip/transport_udp.h

# proxy/: what we decide
libsiproxd_a_SOURCES += \
	src/siproxd.h \
	src/proxy/authenticate.c src/proxy/authenticate.h \
	src/proxy/branch.c src/proxy/branch.h \
	src/proxy/call.c src/proxy/call.h \
	src/proxy/call_id.c src/proxy/call_id.h \
	src/proxy/call_media.c src/proxy/call_peer.c src/proxy/call_state.h \
	src/proxy/call_stats.c src/proxy/call_stats.h \
	src/proxy/dialog.c src/proxy/dialog.h \
	src/proxy/emergency.c src/proxy/emergency.h \
	src/proxy/failover.c src/proxy/failover.h \
	src/proxy/forward.c src/proxy/forward.h \
	src/proxy/keepalive.c src/proxy/keepalive.h \
	src/proxy/leak_guard.c src/proxy/leak_guard.h \
	src/proxy/locate.c src/proxy/locate.h \
	src/proxy/location.c src/proxy/location.h \
	src/proxy/mask_names.c src/proxy/mask_names.h \
	src/proxy/masquerade.c src/proxy/masquerade.h \
	src/proxy/next_hop.c src/proxy/next_hop.h \
	src/proxy/own_request.c src/proxy/own_request.h \
	src/proxy/peers.c src/proxy/peers.h \
	src/proxy/nonces.c src/proxy/nonces.h \
	src/proxy/passwords.c src/proxy/passwords.h \
	src/proxy/pipeline.c src/proxy/pipeline.h \
	src/proxy/public_addr.c src/proxy/public_addr.h \
	src/proxy/reach.c src/proxy/reach.h \
	src/proxy/readdress.c src/proxy/readdress.h \
	src/proxy/plugin_ask.c \
	src/proxy/plugin_calls.c \
	src/proxy/plugin_host.c src/proxy/plugin_host.h \
	src/proxy/plugin_options.c src/proxy/plugin_state.h \
	src/proxy/registrars.c src/proxy/registrars.h \
	src/proxy/registration.c src/proxy/registration.h \
	src/proxy/registrations.c src/proxy/registrations.h \
	src/proxy/request.c src/proxy/request.h \
	src/proxy/response.c src/proxy/response.h \
	src/proxy/servers.c src/proxy/servers.h \
	src/proxy/session.c src/proxy/session.h \
	src/proxy/snapshot.c src/proxy/snapshot.h src/proxy/snapshot_state.h \
	src/proxy/snapshot_call.c src/proxy/snapshot_dialog.c src/proxy/snapshot_invite.c \
	src/proxy/side.c src/proxy/side.h \
	src/proxy/subscription.c src/proxy/subscription.h \
	src/proxy/tag.c src/proxy/tag.h \
	src/proxy/transaction.c src/proxy/transaction.h src/proxy/txn_state.h \
	src/proxy/client_txn.c src/proxy/server_txn.c \
	src/proxy/way.c src/proxy/way.h

# plugin/: one file each; they see include/siproxd alone, which is installed for those who write
# their own
pkginclude_HEADERS += include/siproxd/plugin.h
libsiproxd_a_SOURCES += \
	src/plugin/builtin.c src/plugin/builtin.h \
	src/plugin/blacklist.c \
	src/plugin/codecfilter.c \
	src/plugin/defaulttarget.c \
	src/plugin/demo.c \
	src/plugin/dial.c src/plugin/dial.h \
	src/plugin/fix_bogus_via.c \
	src/plugin/fix_DTAG.c \
	src/plugin/fix_fbox_anoncall.c \
	src/plugin/logcall.c \
	src/plugin/prefix.c \
	src/plugin/regex.c \
	src/plugin/regex_body.c \
	src/plugin/rules.c src/plugin/rules.h \
	src/plugin/shortdial.c \
	src/plugin/siptrunk.c \
	src/plugin/stats.c \
	src/plugin/stripheader.c \
	src/plugin/stun.c

# the configuration
libsiproxd_a_SOURCES += \
	src/config.c src/config.h \
	src/config_check.c \
	src/config_dump.c \
	src/config_hints.c \
	src/config_lines.c src/config_lines.h \
	src/config_messages.c src/config_messages.h \
	src/config_reading.h \
	src/config_set.c \
	src/config_store.c src/config_store.h \
	src/config_table.c src/config_table.h

# starting and stopping it all
libsiproxd_a_SOURCES += \
	src/housekeeping.c \
	src/paths.c src/paths.h \
	src/service.c src/service.h \
	src/service_check.c \
	src/service_files.c \
	src/service_passwords.c \
	src/service_state.h

sbin_PROGRAMS += siproxd
siproxd_SOURCES = src/main.c
siproxd_LDADD = libsiproxd.a $(OSIP_LIBS) $(CONFUSE_LIBS) $(CARES_LIBS) $(PCAP_LIBS) $(NETTLE_LIBS)
