/*
 * The steps that take a process into the sandbox of an app that runs already, which is hostile and may be waiting for it.
 * See child.h for what may be used here, docs/exec.md for the order.
 */
#include "child.h"

#include <sched.h>

#define KEPT_MAX 64

static int names_descriptor(const struct launch_step *s)
{
	return s->fd >= 0 && (s->op == LAUNCH_OP_ENTER || s->op == LAUNCH_OP_DESCRIPTOR ||
			      s->op == LAUNCH_OP_LANDLOCK_FILE || s->op == LAUNCH_OP_EXEC_FILE);
}

/* Our own /proc/self is among what goes: from inside it would lead to every file of the host. */
int child_close_unnamed(struct child *c)
{
	int keep[KEPT_MAX + 2];
	uint32_t i, count = 2;

	keep[0] = c->plan->report_fd;
	keep[1] = c->plan->lifeline_fd;
	for (i = c->step + 1; i < c->plan->step_count; i++) {
		if (!names_descriptor(&c->plan->steps[i]))
			continue;
		if (count == KEPT_MAX + 2) {
			errno = E2BIG;
			return -1;
		}
		keep[count++] = c->plan->steps[i].fd;
	}
	child_close_all_but(keep, count);
	c->proc_self_fd = -1;
	return 0;
}

int child_enter_namespace(struct child *c, const struct launch_step *s)
{
	if (syscall(SYS_setns, s->fd, s->value) < 0)
		return -1;
	c->is_guest = 1;
	return (int)syscall(SYS_close, s->fd);
}
