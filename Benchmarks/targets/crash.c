/*
 * The app of the restart rows: says when it reached main, lives for a while, says when it is about to die, and dies.
 *
 *     crash MILLISECONDS
 *     crash --from COMMAND...     says when it is about to become a command, and does: "S NS"
 *
 * "B NS" and "E NS", CLOCK_MONOTONIC, one line each on standard output. From an E to the next B is a restart.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void say(char what)
{
	struct timespec now;
	char line[64];
	int size;

	clock_gettime(CLOCK_MONOTONIC, &now);
	size = snprintf(line, sizeof line, "%c %lld\n", what, now.tv_sec * 1000000000LL + now.tv_nsec);
	if (write(1, line, (size_t)size) != size)
		_exit(3);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--from")) {
		say('S');
		execvp(argv[2], argv + 2);
		return 127;
	}
	int time = argc > 1 ? atoi(argv[1]) : 30;
	struct timespec pause = { time / 1000, time % 1000 * 1000000L };

	say('B');
	nanosleep(&pause, NULL);
	say('E');
	raise(SIGKILL);
	return 0;
}
