/* mend_tar.h -- a right checksum for every block that looks like a tar header: without it
 * a mutated archive would be refused before anything behind the header is reached. */
#ifndef TESTS_FUZZ_MEND_TAR_H
#define TESTS_FUZZ_MEND_TAR_H

#include <stdio.h>
#include <string.h>

static inline void mend_tar(unsigned char *archive, size_t size)
{
	for (unsigned char *h = archive; size >= 512; h += 512, size -= 512) {
		unsigned int sum = 0;

		if (memcmp(h + 257, "ustar", 5) != 0)
			continue;
		memset(h + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += h[i];
		snprintf((char *)h + 148, 8, "%06o", sum);
	}
}

#endif
