/* Between the supervisor's side of the launcher process and its own. */
#ifndef LAUNCHER_INTERNAL_H
#define LAUNCHER_INTERNAL_H

#include "child.h"
#include "launcher.h"

/* The head of a packed plan. Behind it: steps, offsets of arguments and environment, text. */
struct launch_packed {
	uint64_t size; /* of everything */
	uint32_t step_count;
	uint32_t vector_count; /* both vectors with their ends */
	uint32_t environment;  /* where the second one starts */
	uint32_t text_size;
	uint64_t data_start, data_size, code_start, code_size;
};

#define LAUNCH_PACKED_NULL UINT64_MAX

struct launcher {
	int control;
	int prepare;
	int ready;
	uint64_t of_children;
};

/* The launcher process from its birth on. Never returns. */
void launcher_main(const struct launcher *launcher) __attribute__((noreturn));

#endif
