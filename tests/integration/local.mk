# SPDX-License-Identifier: GPL-2.0-or-later
# integration: tests/run runs them, as root, in network namespaces
check_PROGRAMS += tests/integration/tone_check
tests_integration_tone_check_SOURCES = tests/integration/tone_check.c
tests_integration_tone_check_LDADD = -lm
if LINUX_EXTRAS
check_PROGRAMS += tests/integration/lossy_hop
endif
tests_integration_lossy_hop_SOURCES = tests/integration/lossy_hop.c
tests_integration_lossy_hop_LDADD =
EXTRA_DIST += tests/run .ci/run \
	tests/integration/README \
	tests/integration/asterisk.py \
	tests/integration/calls.py \
	tests/integration/demo.sh \
	tests/integration/distributions.py \
	tests/integration/emergency.py \
	tests/integration/ends.py \
	tests/integration/families.py \
	tests/integration/hairpin.py \
	tests/integration/hostile.py \
	tests/integration/kamailio.cfg \
	tests/integration/lab.sh \
	tests/integration/lapse.py \
	tests/integration/long_call.py \
	tests/integration/many_open.py \
	tests/integration/many_open.test \
	tests/integration/media_kinds.py \
	tests/integration/offers.py \
	tests/integration/notify_listen.py \
	tests/integration/odd_phone.py \
	tests/integration/providers.py \
	tests/integration/wan_check.py \
	tests/integration/session_timer.py \
	tests/integration/trunk.py \
	tests/integration/sipp/register.xml \
	tests/integration/sipp/register_asked.xml \
	tests/integration/sipp/uac.xml \
	tests/integration/sipp/uac_cancel.xml \
	tests/integration/sipp/uac_hold.xml \
	tests/integration/sipp/uac_refused.xml \
	tests/integration/sipp/uac_silent.xml \
	tests/integration/sipp/uas.xml \
	tests/integration/sipp/uas_cancelled.xml \
	tests/integration/sipp/uas_hold.xml \
	tests/integration/sipp/uas_refuse.xml \
	tests/integration/asterisk.test \
	tests/integration/auth.test \
	tests/integration/call_in.test \
	tests/integration/call_local.test \
	tests/integration/call_out.test \
	tests/integration/cancel.test \
	tests/integration/contrib.test \
	tests/integration/dejitter.test \
	tests/integration/chained.test \
	tests/integration/check.test \
	tests/integration/demo.test \
	tests/integration/distributions.test \
	tests/integration/emergency.test \
	tests/integration/families.test \
	tests/integration/fail2ban.test \
	tests/integration/firewall.test \
	tests/integration/hairpin.test \
	tests/integration/hold.test \
	tests/integration/inner_nat.test \
	tests/integration/ip6.test \
	tests/integration/jail.test \
	tests/integration/lab_is_real.test \
	tests/integration/lapse.test \
	tests/integration/large.py \
	tests/integration/large.test \
	tests/integration/linphone.test \
	tests/integration/long_call.test \
	tests/integration/malformed.test \
	tests/integration/new_address.test \
	tests/integration/media_kinds.test \
	tests/integration/offers.test \
	tests/integration/notify.test \
	tests/integration/many_calls.test \
	tests/integration/one_interface.test \
	tests/integration/plugins.test \
	tests/integration/openwrt.test \
	tests/integration/package.test \
	tests/integration/port_taken.test \
	tests/integration/providers.test \
	tests/integration/quickstart.test \
	tests/integration/random_calls.test \
	tests/integration/refused.test \
	tests/integration/reload.test \
	tests/integration/restart.test \
	tests/integration/restart_call.test \
	tests/integration/restart_calls.py \
	tests/integration/session_timer.test \
	tests/integration/servers.test \
	tests/integration/signals.test \
	tests/integration/silence.test \
	tests/integration/stranger.test \
	tests/integration/stun.test \
	tests/integration/stun_server.py \
	tests/integration/tcp_phone.test \
	tests/integration/tcp_provider.test \
	tests/integration/tcp_streams.test \
	tests/integration/stream.py \
	tests/integration/ten_calls.test \
	tests/integration/trace.test \
	tests/integration/trunk.test \
	tests/integration/transparent.test \
	tests/integration/two_phones.test
