# SPDX-License-Identifier: GPL-2.0-or-later
# the benchmark: tests/bench/run builds and runs it; `make check` only compiles its programs
if LINUX_EXTRAS
check_PROGRAMS += tests/bench/bare_relay tests/bench/rtp_load tests/bench/sip_load
endif
tests_bench_bare_relay_LDADD =
tests_bench_rtp_load_SOURCES = tests/bench/rtp_load.c tests/bench/load.c tests/bench/load.h
tests_bench_rtp_load_LDADD = -lpthread
tests_bench_sip_load_SOURCES = tests/bench/sip_load.c tests/bench/load.c tests/bench/load.h
tests_bench_sip_load_LDADD =
EXTRA_DIST += tests/bench/README tests/bench/run tests/bench/bench.sh tests/bench/report.awk \
	tests/bench/programs/bare_relay \
	tests/bench/programs/bare_relay_connected \
	tests/bench/programs/direct \
	tests/bench/programs/kernel_nat \
	tests/bench/programs/rtpengine \
	tests/bench/programs/rtpengine_ng.py \
	tests/bench/programs/siproxd
