/*
 * Checks that a plan is one the child can run without leaving its text block. The child trusts its
 * plan, so this is what tests and fuzzing hold every plan against; no launch calls it.
 */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "launch_plan.h"

enum launch_fault {
	LAUNCH_FAULT_NONE = 0,
	LAUNCH_FAULT_NO_TEXT,      /* the text block is missing, or its first byte, the empty text, is not zero */
	LAUNCH_FAULT_OP,           /* no such operation */
	LAUNCH_FAULT_ORDER,        /* a step of the app before the fork, one of init after it, or more than one fork */
	LAUNCH_FAULT_END,          /* the last step is not EXEC, or EXEC is not last, or FILTER is not right before it */
	LAUNCH_FAULT_OFFSET,       /* text or an extra outside the block, or text without its zero */
	LAUNCH_FAULT_ALIGNMENT,    /* an extra or the filter is not 8-aligned */
	LAUNCH_FAULT_RELATIVE,     /* a path beneath the root with a leading slash */
	LAUNCH_FAULT_ABSOLUTE,     /* an absolute path without one */
	LAUNCH_FAULT_UNUSED,       /* a text where the operation has none */
	LAUNCH_FAULT_CANDIDATES,   /* EXEC's list is empty or not ended */
	LAUNCH_FAULT_FILTER,       /* no instructions, or more than the kernel takes (4096) */
	LAUNCH_FAULT_DESCRIPTOR,   /* a descriptor step without a source, or to a number below zero */
	LAUNCH_FAULT_ARGUMENTS,    /* argv or envp points outside the block, or argv is empty */
};

/* Returns an enum launch_fault; *step is the step it was found in, or the number of steps. */
int launch_plan_check(const struct launch_plan *plan, uint32_t *step);

#endif
