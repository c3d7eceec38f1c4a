/* Processes that help a launch along. */
#include "floor.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

int helper_start(int (*run)(void *), void *argument, unsigned int flags)
{
	enum { STACK = 64 * 1024 };
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int pid;

	if (stack == MAP_FAILED)
		must(-1, "helper stack");
	pid = clone(run, stack + STACK, (int)(CLONE_VM | flags | SIGCHLD), argument);
	must(pid, "helper");
	return pid;
}

void helper_join(int pid)
{
	int status;

	must(waitpid(pid, &status, __WALL), "wait for helper");
	if (status)
		must(-1, "helper failed");
}

/* A new process tends to queue behind its parent on the same processor, however idle the others are. */
void helper_move_away(int pid)
{
	cpu_set_t allowed;
	char load[64] = "";
	const char *slash;
	int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);

	/* "0.20 0.18 0.12 1/80 11206": the fourth says how many run or want to right now, us included. */
	if (fd < 0 || read(fd, load, sizeof load - 1) < 0)
		return;
	close(fd);
	slash = strchr(load, '/');
	while (slash && slash > load && slash[-1] != ' ')
		slash--;
	if (!slash || atoi(slash) > 2) /* us and the new one: somebody else wants the other processors */
		return;
	if (sched_getaffinity(0, sizeof allowed, &allowed))
		return;
	CPU_CLR(sched_getcpu(), &allowed);
	if (CPU_COUNT(&allowed))
		sched_setaffinity(pid, sizeof allowed, &allowed);
}

void busy_for(int microseconds)
{
	struct timespec now;
	long long end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000000LL + now.tv_nsec / 1000 + microseconds;
	while (now.tv_sec * 1000000LL + now.tv_nsec / 1000 < end)
		clock_gettime(CLOCK_MONOTONIC, &now);
}
