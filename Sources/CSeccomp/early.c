/* The supervisor's side of the early child. See launch_plan.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "kernel.h"

/*
 * A new process shares its parent's processor: either it queues behind the parent, which is busy for the next half millisecond, or
 * the parent behind it. So it goes to another processor, if one is likely to be idle: fewer run, us among them, than there are
 * processors for us (proc(5), /proc/loadavg).
 * Who comes first sends it there, the child as its first act or we after the clone.
 * The child restores the mask before it does anything that the app could inherit.
 */
static void find_others(struct launch_arena *arena)
{
	char text[64];
	char *word = text;
	int cpu, fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	cpu_set_t set;
	ssize_t size;
	long mask;

	if (fd < 0)
		return;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return;
	text[size] = 0;
	/* Behind the three averages: how many run now. */
	for (int spaces = 0; spaces < 3; spaces++) {
		word = strchr(word, ' ');
		if (!word++)
			return;
	}
	CPU_ZERO(&set);
	mask = syscall(SYS_sched_getaffinity, 0, sizeof(arena->affinity), arena->affinity);
	if (mask <= 0 || (size_t)mask > sizeof(arena->affinity) || (size_t)mask > sizeof(set))
		return;
	memcpy(&set, arena->affinity, (size_t)mask);
	cpu = sched_getcpu();
	if (cpu < 0 || !CPU_ISSET(cpu, &set) || CPU_COUNT(&set) < 2 ||
	    strtoul(word, NULL, 10) >= (unsigned long)CPU_COUNT(&set))
		return;
	CPU_CLR(cpu, &set);
	memcpy(arena->others, &set, (size_t)mask);
	arena->affinity_size = (uint64_t)mask;
}

int launch_early_begin(struct launch_early *early, uint64_t at_clone, uint64_t later, const struct launch_plan *ahead)
{
	struct clone_args args = { 0 };
	struct launch_arena *arena;
	long pid;

	arena = mmap(NULL, LAUNCH_ARENA_SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		return -1;
	early->arena = arena;
	find_others(arena);
	args.flags = at_clone | CLONE_PIDFD;
	args.pidfd = (uint64_t)(uintptr_t)&early->pidfd;
	args.exit_signal = SIGCHLD;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child_early(early, later, ahead);
	if (pid < 0) {
		int saved = errno;

		munmap(arena, LAUNCH_ARENA_SIZE);
		errno = saved;
		return -1;
	}
	early->pid = (int32_t)pid;
	if (arena->affinity_size)
		(void)syscall(SYS_sched_setaffinity, pid, arena->affinity_size, arena->others);
	return 0;
}

/* A vector of pointers into the old text, as the same vector into the new one. */
static char **move_vector(char *const *vector, const char *from, char *to, char **place)
{
	char **start = place;

	for (; *vector; vector++)
		*place++ = to + (*vector - from);
	*place++ = NULL;
	return start;
}

static size_t length(char *const *vector)
{
	size_t n = 0;

	while (vector[n])
		n++;
	return n + 1;
}

/* A message of one byte, so that one without descriptors is never mistaken for the end. */
static int pass(int report, const int *fds, uint32_t count)
{
	char byte = 0, control[CMSG_SPACE(LAUNCH_PASSED_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { 0 };
	struct cmsghdr *head = (void *)control;

	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	head->cmsg_len = CMSG_LEN(count * sizeof(int));
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(head), fds, count * sizeof(int));
	return sendmsg(report, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int launch_early_run(const struct launch_early *early, const struct launch_plan *plan, int report, const int *passed,
		     uint32_t count)
{
	struct launch_arena *arena = early->arena;
	size_t steps = plan->step_count * sizeof(struct launch_step);
	size_t argc = length(plan->argv), envc = length(plan->envp);
	size_t vectors = (argc + envc) * sizeof(char *);
	char *text = arena->rest + steps + vectors, **vector = (char **)(void *)(arena->rest + steps);
	char go = '!';

	/* The text block is read in 8-aligned structures; steps and pointers are 8-aligned themselves. */
	if (sizeof(*arena) + steps + vectors + plan->text_size > LAUNCH_ARENA_SIZE ||
	    count > LAUNCH_PASSED_MAX) {
		errno = E2BIG;
		return -1;
	}
	memcpy(arena->rest, plan->steps, steps);
	memcpy(text, plan->text, plan->text_size);
	arena->plan = *plan;
	arena->plan.steps = (const struct launch_step *)(const void *)arena->rest;
	arena->plan.text = text;
	arena->plan.argv = move_vector(plan->argv, plan->text, text, vector);
	arena->plan.envp = move_vector(plan->envp, plan->text, text, vector + argc);
	arena->plan.report_fd = early->report_fd;
	arena->plan.lifeline_fd = early->lifeline_fd;
	arena->plan.lifeline_write_fd = -1;
	kernel_own_segments(&arena->plan);
	if (count) {
		arena->passed_count = count;
		memcpy(arena->passed_names, passed, count * sizeof(*passed));
		if (pass(report, passed, count) < 0)
			return -1;
	}
	return write(early->lifeline_write_fd, &go, 1) == 1 ? 0 : -1;
}

void launch_early_release(struct launch_early *early)
{
	munmap(early->arena, LAUNCH_ARENA_SIZE);
	early->arena = NULL;
}
