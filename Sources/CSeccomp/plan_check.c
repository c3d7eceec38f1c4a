#include "plan_check.h"

#include <stddef.h>
#include <string.h>

#define FILTER_MAX 4096
#define INSTRUCTION_SIZE 8

/* What text_a and text_b are, and on which side of the fork the operation stands. */
enum text_kind { TEXT_NONE, TEXT_ANY, TEXT_RELATIVE, TEXT_ABSOLUTE, TEXT_CANDIDATES };

struct op_shape {
	uint8_t a;
	uint8_t b;
	uint16_t extra; /* size of the struct at text_b, instead of a text */
	uint8_t in_app;
};

#define MOUNT_TEXTS(b_kind) { TEXT_RELATIVE, b_kind, 0, 0 }
#define APP { TEXT_NONE, TEXT_NONE, 0, 1 }

/* Operations without an entry have no texts and stand before the fork. */
static const struct op_shape shapes[LAUNCH_OP_COUNT] = {
	[LAUNCH_OP_WRITE_PROC] = { TEXT_ANY, TEXT_ANY, 0, 0 },
	[LAUNCH_OP_ROOT] = { TEXT_ANY, TEXT_NONE, 0, 0 },
	[LAUNCH_OP_MAKE_DIR] = MOUNT_TEXTS(TEXT_NONE),
	[LAUNCH_OP_MAKE_FILE] = MOUNT_TEXTS(TEXT_ANY),
	[LAUNCH_OP_MAKE_LINK] = MOUNT_TEXTS(TEXT_ANY),
	[LAUNCH_OP_MAKE_DEVICE] = MOUNT_TEXTS(TEXT_NONE),
	[LAUNCH_OP_BIND] = { TEXT_ABSOLUTE, TEXT_NONE, sizeof(struct launch_bind_extra), 0 },
	[LAUNCH_OP_ATTACH] = MOUNT_TEXTS(TEXT_NONE),
	[LAUNCH_OP_OWNER] = { TEXT_RELATIVE, TEXT_NONE, sizeof(struct launch_identity_extra), 0 },
	[LAUNCH_OP_TMPFS] = MOUNT_TEXTS(TEXT_ANY),
	[LAUNCH_OP_PROC] = MOUNT_TEXTS(TEXT_ANY),
	[LAUNCH_OP_DEVPTS] = MOUNT_TEXTS(TEXT_ANY),
	[LAUNCH_OP_SYSFS] = MOUNT_TEXTS(TEXT_NONE),
	[LAUNCH_OP_MQUEUE] = MOUNT_TEXTS(TEXT_NONE),
	[LAUNCH_OP_OVERLAY] = { TEXT_RELATIVE, TEXT_NONE, sizeof(struct launch_overlay_extra), 0 },
	[LAUNCH_OP_MASK] = MOUNT_TEXTS(TEXT_NONE),
	[LAUNCH_OP_READ_ONLY] = MOUNT_TEXTS(TEXT_NONE),
	[LAUNCH_OP_ATTRIBUTES] = MOUNT_TEXTS(TEXT_NONE),
	[LAUNCH_OP_HOSTNAME] = { TEXT_ANY, TEXT_NONE, 0, 0 },
	[LAUNCH_OP_DOMAINNAME] = { TEXT_ANY, TEXT_NONE, 0, 0 },
	[LAUNCH_OP_IDENTITY] = { TEXT_NONE, TEXT_NONE, sizeof(struct launch_identity_extra), 0 },
	[LAUNCH_OP_TERMINAL] = { TEXT_ABSOLUTE, TEXT_NONE, sizeof(struct launch_terminal_extra), 0 },
	[LAUNCH_OP_SESSION] = APP,
	[LAUNCH_OP_MEET_WITNESS] = APP,
	[LAUNCH_OP_WORKDIR] = { TEXT_ABSOLUTE, TEXT_NONE, 0, 1 },
	[LAUNCH_OP_UMASK] = APP,
	[LAUNCH_OP_RLIMIT] = { TEXT_NONE, TEXT_NONE, sizeof(struct launch_rlimit_extra), 1 },
	[LAUNCH_OP_NICE] = APP,
	[LAUNCH_OP_SIGNALS] = APP,
	[LAUNCH_OP_CLOSE_OTHERS] = APP,
	[LAUNCH_OP_DESCRIPTOR] = APP,
	[LAUNCH_OP_PERSONALITY] = APP,
	[LAUNCH_OP_DENY_WRITE_EXECUTE] = APP,
	[LAUNCH_OP_LANDLOCK_BEGIN] = { TEXT_NONE, TEXT_NONE, sizeof(struct launch_landlock_extra), 1 },
	[LAUNCH_OP_LANDLOCK_PATH] = { TEXT_ABSOLUTE, TEXT_NONE, 0, 1 },
	[LAUNCH_OP_LANDLOCK_FILE] = APP,
	[LAUNCH_OP_LANDLOCK_PORT] = APP,
	[LAUNCH_OP_LANDLOCK_ENFORCE] = APP,
	[LAUNCH_OP_FILTER] = APP,
	[LAUNCH_OP_EXEC] = { TEXT_CANDIDATES, TEXT_NONE, 0, 1 },
	[LAUNCH_OP_EXEC_FILE] = APP,
};

/* Either side of the fork will do. */
static int is_anywhere(uint32_t op)
{
	return op == LAUNCH_OP_FORK_APP || op == LAUNCH_OP_DUMPABLE ||
	       op == LAUNCH_OP_CAPABILITIES_DROP || op == LAUNCH_OP_NO_NEW_PRIVILEGES;
}

static int check_text(const struct launch_plan *plan, uint32_t offset, enum text_kind kind)
{
	const char *text, *end;
	uint32_t left;

	if (kind == TEXT_NONE)
		return offset ? LAUNCH_FAULT_UNUSED : LAUNCH_FAULT_NONE;
	if (offset >= plan->text_size)
		return LAUNCH_FAULT_OFFSET;
	text = plan->text + offset;
	left = plan->text_size - offset;
	end = memchr(text, 0, left);
	if (!end)
		return LAUNCH_FAULT_OFFSET;
	if (kind == TEXT_RELATIVE && *text == '/')
		return LAUNCH_FAULT_RELATIVE;
	if (kind == TEXT_ABSOLUTE && *text != '/')
		return LAUNCH_FAULT_ABSOLUTE;
	if (kind != TEXT_CANDIDATES)
		return LAUNCH_FAULT_NONE;
	if (!*text)
		return LAUNCH_FAULT_CANDIDATES;
	while (*text) {
		left -= (uint32_t)(end + 1 - text);
		text = end + 1;
		end = left ? memchr(text, 0, left) : NULL;
		if (!end)
			return LAUNCH_FAULT_CANDIDATES;
	}
	return LAUNCH_FAULT_NONE;
}

/* size bytes at an 8-aligned offset, all within the block. */
static int check_block(const struct launch_plan *plan, uint32_t offset, uint64_t size)
{
	if (offset % 8)
		return LAUNCH_FAULT_ALIGNMENT;
	if (offset == 0 || offset > plan->text_size || size > plan->text_size - offset)
		return LAUNCH_FAULT_OFFSET;
	return LAUNCH_FAULT_NONE;
}

static int check_overlay(const struct launch_plan *plan, const struct launch_overlay_extra *extra)
{
	int fault = check_text(plan, extra->lower, TEXT_ABSOLUTE);

	if (!fault)
		fault = check_text(plan, extra->options, TEXT_ANY);
	if (!fault && extra->upper)
		fault = check_text(plan, extra->upper, TEXT_ABSOLUTE);
	if (!fault && extra->upper)
		fault = check_text(plan, extra->work, TEXT_ABSOLUTE);
	return fault;
}

static int check_own(const struct launch_plan *plan, const struct launch_step *s)
{
	if (s->op == LAUNCH_OP_BIND) {
		struct launch_bind_extra extra;

		memcpy(&extra, plan->text + s->text_b, sizeof(extra));
		return check_text(plan, extra.target, TEXT_RELATIVE);
	}
	if (s->op == LAUNCH_OP_OVERLAY) {
		struct launch_overlay_extra extra;

		memcpy(&extra, plan->text + s->text_b, sizeof(extra));
		return check_overlay(plan, &extra);
	}
	if (s->op == LAUNCH_OP_FILTER) {
		if (s->value == 0 || s->value > FILTER_MAX)
			return LAUNCH_FAULT_FILTER;
		return check_block(plan, s->text_b, s->value * INSTRUCTION_SIZE);
	}
	if (s->op == LAUNCH_OP_DESCRIPTOR &&
	    ((s->fd < 0 && s->fd != LAUNCH_FD_TERMINAL) || s->value > INT32_MAX))
		return LAUNCH_FAULT_DESCRIPTOR;
	if ((s->op == LAUNCH_OP_EXEC_FILE || s->op == LAUNCH_OP_LANDLOCK_FILE ||
	     s->op == LAUNCH_OP_ENTER) && s->fd < 0)
		return LAUNCH_FAULT_DESCRIPTOR;
	return LAUNCH_FAULT_NONE;
}

static int is_exec(uint32_t op)
{
	return op == LAUNCH_OP_EXEC || op == LAUNCH_OP_EXEC_FILE;
}

static int check_step(const struct launch_plan *plan, const struct launch_step *s, int forked)
{
	const struct op_shape *shape;
	int fault;

	if (s->op == LAUNCH_OP_END || s->op >= LAUNCH_OP_COUNT)
		return LAUNCH_FAULT_OP;
	shape = &shapes[s->op];
	if (!is_anywhere(s->op) && shape->in_app != forked)
		return LAUNCH_FAULT_ORDER;
	fault = check_text(plan, s->text_a, shape->a);
	if (!fault && shape->extra)
		fault = check_block(plan, s->text_b, shape->extra);
	else if (!fault && s->op != LAUNCH_OP_FILTER)
		fault = check_text(plan, s->text_b, shape->b);
	return fault ? fault : check_own(plan, s);
}

static int check_vector(const struct launch_plan *plan, char *const *vector)
{
	for (; vector && *vector; vector++) {
		uintptr_t offset = (uintptr_t)*vector - (uintptr_t)plan->text;

		if (offset >= plan->text_size ||
		    !memchr(plan->text + offset, 0, plan->text_size - offset))
			return LAUNCH_FAULT_ARGUMENTS;
	}
	return vector ? LAUNCH_FAULT_NONE : LAUNCH_FAULT_ARGUMENTS;
}

int launch_plan_check(const struct launch_plan *plan, uint32_t *step)
{
	int fault, forked = 0;
	uint32_t i;

	*step = plan->step_count;
	if (!plan->text || !plan->text_size || plan->text[0])
		return LAUNCH_FAULT_NO_TEXT;
	for (i = 0; i < plan->step_count; i++) {
		const struct launch_step *s = &plan->steps[i];
		int is_last = i + 1 == plan->step_count;

		*step = i;
		fault = check_step(plan, s, forked);
		if (fault)
			return fault;
		if (s->op == LAUNCH_OP_FORK_APP && forked++)
			return LAUNCH_FAULT_ORDER;
		if (is_exec(s->op) != is_last)
			return LAUNCH_FAULT_END;
		if (s->op == LAUNCH_OP_FILTER && !is_exec(plan->steps[i + 1].op))
			return LAUNCH_FAULT_END;
	}
	*step = plan->step_count;
	if (!forked)
		return LAUNCH_FAULT_END;
	if (!plan->argv || !plan->argv[0])
		return LAUNCH_FAULT_ARGUMENTS;
	fault = check_vector(plan, plan->argv);
	return fault ? fault : check_vector(plan, plan->envp);
}
