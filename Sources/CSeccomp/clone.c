/* Makes the child. Runs in the supervisor; what follows the clone runs in the child. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "kernel.h"
#include "launch_plan.h"

/* The C library hands a constructor what it hands main; the words lie one after the other (proc_pid_cmdline(5)). */
__attribute__((constructor)) static void remember_words(int argc, char **argv)
{
	if (argc < 1 || !argv || !argv[0])
		return;
	child_words = argv[0];
	child_words_size = (size_t)(argv[argc - 1] - argv[0]) + strlen(argv[argc - 1]) + 1;
}

int launch_clone(const struct launch_plan *plan, uint64_t namespaces, int cgroup_fd, int *pidfd)
{
	struct clone_args args = { 0 };
	struct launch_plan own = *plan;
	long pid;

	kernel_own_segments(&own);

	args.flags = namespaces | CLONE_PIDFD;
	args.pidfd = (uint64_t)(uintptr_t)pidfd;
	args.exit_signal = SIGCHLD;
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	/* Filters of container engines answer clone3 with ENOSYS; clone(2) can do the same but for the cgroup. */
	if (pid < 0 && errno == ENOSYS && cgroup_fd < 0) {
#if defined(__x86_64__)
		pid = syscall(SYS_clone, namespaces | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, 0);
#else
		pid = syscall(SYS_clone, namespaces | CLONE_PIDFD | SIGCHLD, NULL, pidfd, 0, NULL);
#endif
	}
	if (pid == 0)
		launch_child(&own);
	return (int)pid;
}
