/*
 * Steady state: prints nanoseconds per call, the best of ten equal parts, because a neighbour on the
 * machine only ever adds.
 *
 *     calls getppid COUNT      one cheap system call, the filter's cost and nothing else
 *     calls openat COUNT PATH  openat and close of one file
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
	const char *path = argc > 3 ? argv[3] : "/etc/hostname";
	long part, best_of = 10;
	double best = 0;
	int is_open;

	if (argc < 3 || (part = atol(argv[2]) / best_of) < 1) {
		fputs("usage: calls getppid|openat COUNT [PATH]\n", stderr);
		return 2;
	}
	is_open = !strcmp(argv[1], "openat");
	for (long turn = 0; turn < best_of; turn++) {
		double start = now_ns(), each;

		for (long i = 0; i < part; i++) {
			long fd;

			if (!is_open) {
				syscall(SYS_getppid);
				continue;
			}
			fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
			if (fd < 0) {
				perror(path);
				return 1;
			}
			close((int)fd);
		}
		each = (now_ns() - start) / (double)part;
		if (!turn || each < best)
			best = each;
	}
	printf("%.1f\n", best);
	return 0;
}
