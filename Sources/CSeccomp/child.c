#include "launch_plan.h"
#include <unistd.h>
void launch_child(const struct launch_plan *plan)
{
	(void)plan;
	for (;;)
		_exit(125);
}
