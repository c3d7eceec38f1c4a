/* See service_network.h. SAFETY: the child shares our memory and descriptors and uses raw system calls and errno only (child.h). */
#include "service_network.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

/* Of one child at a time: the caller sleeps until it has ended (CLONE_VFORK). */
#define STACK_BYTES 16384

struct question {
	int pidfd;
	int family;
	int answer; /* the descriptor, or -1 */
	int number; /* errno */
};

/*
 * The network namespace by itself suffices whoever has rights in both (root). An ordinary user has them only inside the user
 * namespace that owns it: both are entered at once (setns(2)).
 */
static int ask(void *argument)
{
	struct question *question = argument;

	if (syscall(SYS_setns, question->pidfd, CLONE_NEWNET) < 0 &&
	    (errno != EPERM || syscall(SYS_setns, question->pidfd, CLONE_NEWUSER | CLONE_NEWNET) < 0)) {
		question->number = errno;
		return 0;
	}
	question->answer = (int)syscall(SYS_socket, question->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	question->number = errno;
	return 0;
}

int service_socket_of(int pidfd, int is_six)
{
	_Alignas(16) char stack[STACK_BYTES];
	struct question question = { pidfd, is_six ? AF_INET6 : AF_INET, -1, 0 };
	long dumpable = syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
	long pid = clone(ask, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FILES, &question);

	if (pid < 0)
		return -1;
	while (syscall(SYS_wait4, pid, NULL, __WALL, NULL) < 0 && errno == EINTR)
		;
	/* A change of rights in the child may have taken it from our common memory (PR_SET_DUMPABLE(2const)). */
	if (dumpable == 1 && syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) != 1)
		(void)syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	errno = question.number;
	return question.answer;
}
