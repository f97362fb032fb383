/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "build-config.h"

int main(void)
{
	printf("siproxd %s\n", PACKAGE_VERSION);
	return 0;
}
