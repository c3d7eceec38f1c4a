/* What an early child does until its plan comes. See child.h for what may be used here, early.c for the other side. */
#include "child.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Takes what the supervisor opened after we were born. */
static int take_passed(struct child *c, struct launch_arena *arena)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union {
		char bytes[CMSG_SPACE(LAUNCH_PASSED_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };
	uint32_t i;

	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	if (syscall(SYS_recvmsg, arena->plan.report_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1)
		return -1;
	if (message.msg_controllen < sizeof(control.align) || control.align.cmsg_type != SCM_RIGHTS ||
	    control.align.cmsg_len != CMSG_LEN(arena->passed_count * sizeof(int))) {
		errno = EMFILE; /* the kernel had no room for all of them in our table (unix(7)) */
		return -1;
	}
	for (i = 0; i < arena->passed_count; i++)
		arena->passed[i] = ((const int *)(const void *)CMSG_DATA(&control.align))[i];
	c->passed = arena->passed;
	c->passed_names = arena->passed_names;
	c->passed_count = arena->passed_count;
	return 0;
}

void child_early(const struct launch_early *early, uint64_t later, const struct launch_plan *ahead)
{
	struct launch_arena *arena = early->arena;
	struct launch_plan waiting = { 0 };
	struct child c = { 0 };
	char byte;
	long got;

	if (arena->affinity_size)
		(void)syscall(SYS_sched_setaffinity, 0, arena->affinity_size, arena->others);
	waiting.report_fd = early->report_fd;
	waiting.lifeline_fd = early->lifeline_fd;
	waiting.lifeline_write_fd = early->lifeline_write_fd;
	child_begin(&c, &waiting);
	c.step = LAUNCH_STEP_EARLY;
	if (later && syscall(SYS_unshare, later) < 0)
		child_fail(&c, errno);
	c.plan = ahead;
	c.step = 0;
	if (child_run_steps(&c))
		child_fail(&c, EINVAL);
	c.step_base = ahead->step_count;
	c.plan = &waiting;
	while ((got = syscall(SYS_read, early->lifeline_fd, &byte, 1)) < 0 && errno == EINTR)
		;
	if (got != 1)
		for (;;)
			_exit(125);
	if (arena->affinity_size)
		(void)syscall(SYS_sched_setaffinity, 0, arena->affinity_size, arena->affinity);
	c.step = 0;
	c.plan = &arena->plan;
	c.arena = arena;
	c.arena_size = LAUNCH_ARENA_SIZE;
	if (arena->passed_count && take_passed(&c, arena) < 0)
		child_fail(&c, errno);
	child_run_plan(&c);
}
