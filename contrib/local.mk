# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += contrib/check-namespaces contrib/install-packages contrib/make-release contrib/quickstart

# Debian's package
EXTRA_DIST += \
	contrib/debian/README.Debian \
	contrib/debian/build \
	contrib/debian/changelog \
	contrib/debian/control \
	contrib/debian/copyright \
	contrib/debian/rules \
	contrib/debian/siproxd.default \
	contrib/debian/siproxd.examples \
	contrib/debian/siproxd.postinst \
	contrib/debian/siproxd.postrm \
	contrib/debian/siproxd_passwd.cfg \
	contrib/debian/source/format

# around it: packet filters, fail2ban, AppArmor
EXTRA_DIST += \
	contrib/apparmor/siproxd \
	contrib/fail2ban/filter.d/siproxd.conf \
	contrib/fail2ban/jail.d/siproxd.conf \
	contrib/firewall/siproxd.iptables \
	contrib/firewall/siproxd.nft \
	contrib/firewall/siproxd.pf

# files of phone systems
EXTRA_DIST += \
	contrib/asterisk/extensions.conf \
	contrib/asterisk/pjsip.conf \
	contrib/asterisk/sip.conf \
	contrib/asterisk/siproxd.conf \
	contrib/freeswitch/provider.xml

# packages and service files of other systems
EXTRA_DIST += \
	contrib/container/Containerfile \
	contrib/freebsd/siproxd \
	contrib/openwrt/Makefile \
	contrib/openwrt/files/siproxd.config \
	contrib/openwrt/files/siproxd.init \
	contrib/rpm/siproxd.spec \
	contrib/systemd/siproxd.service \
	contrib/sysv/siproxd.init
