# SPDX-License-Identifier: GPL-2.0-or-later
# tests/fuzz/NAME_fuzz.c holds one LLVMFuzzerTestOneInput(). `make check` replays
# tests/fuzz/corpus/NAME with any compiler; configure CC=clang --enable-fuzzing makes libFuzzer
# programs of them instead: see doc/HACKING.
FUZZERS = \
	tests/fuzz/config_fuzz \
	tests/fuzz/flow_fuzz \
	tests/fuzz/plugins_fuzz \
	tests/fuzz/registrations_fuzz \
	tests/fuzz/rtp_fuzz \
	tests/fuzz/sip_digest_fuzz \
	tests/fuzz/sip_msg_fuzz \
	tests/fuzz/sip_sdp_fuzz \
	tests/fuzz/sip_stream_fuzz \
	tests/fuzz/snapshot_fuzz
check_PROGRAMS += $(FUZZERS)
if FUZZING
FUZZ_MAIN = tests/fuzz/fuzz.h
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/fuzz.h tests/fuzz/replay.c
FUZZ_LINK = $(AM_LDFLAGS)
TESTS += $(FUZZERS)
endif
FUZZ_DEFS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit

tests_fuzz_config_fuzz_SOURCES = tests/fuzz/config_fuzz.c $(FUZZ_MAIN)
tests_fuzz_config_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_config_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_flow_fuzz_SOURCES = tests/fuzz/flow_fuzz.c $(FUZZ_MAIN)
tests_fuzz_flow_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_flow_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_plugins_fuzz_SOURCES = tests/fuzz/plugins_fuzz.c $(FUZZ_MAIN)
tests_fuzz_plugins_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_plugins_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_registrations_fuzz_SOURCES = tests/fuzz/registrations_fuzz.c $(FUZZ_MAIN)
tests_fuzz_registrations_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_registrations_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_rtp_fuzz_SOURCES = tests/fuzz/rtp_fuzz.c $(FUZZ_MAIN)
tests_fuzz_rtp_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_rtp_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_sip_digest_fuzz_SOURCES = tests/fuzz/sip_digest_fuzz.c $(FUZZ_MAIN)
tests_fuzz_sip_digest_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_sip_digest_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_sip_msg_fuzz_SOURCES = tests/fuzz/sip_msg_fuzz.c $(FUZZ_MAIN)
tests_fuzz_sip_msg_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_sip_msg_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_sip_sdp_fuzz_SOURCES = tests/fuzz/sip_sdp_fuzz.c $(FUZZ_MAIN)
tests_fuzz_sip_sdp_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_sip_sdp_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_sip_stream_fuzz_SOURCES = tests/fuzz/sip_stream_fuzz.c $(FUZZ_MAIN)
tests_fuzz_sip_stream_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_sip_stream_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_snapshot_fuzz_SOURCES = tests/fuzz/snapshot_fuzz.c $(FUZZ_MAIN)
tests_fuzz_snapshot_fuzz_CPPFLAGS = $(FUZZ_DEFS)
tests_fuzz_snapshot_fuzz_LDFLAGS = $(FUZZ_LINK)

EXTRA_DIST += tests/fuzz/corpus
