# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += contrib/check-namespaces contrib/install-packages contrib/quickstart
