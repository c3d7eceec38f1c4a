/* See service_network.h. SAFETY: the child shares our memory and descriptors and uses raw system calls and errno only (child.h). */
#include "service_network.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static int hold(void *argument)
{
	const int *ends = argument;
	char byte;

	(void)syscall(SYS_close, ends[1]);
	/* The end of the pipe: all is closed over there. */
	(void)syscall(SYS_read, ends[0], &byte, 1);
	return 0;
}

static int is_socket(int fd)
{
	struct stat st;

	return syscall(SYS_fstat, fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

void service_close_apart(const int *descriptors, size_t count)
{
	_Alignas(16) char stack[STACK_BYTES];
	struct linger none = { 0, 0 };
	int ends[2] = { -1, -1 };
	long pid = -1;
	size_t i;

	for (i = 0; i < count && !is_socket(descriptors[i]); i++)
		;
	if (i < count && syscall(SYS_pipe2, ends, O_CLOEXEC) == 0)
		pid = clone(hold, stack + sizeof(stack), CLONE_VM, ends);
	for (i = 0; i < count; i++) {
		if (pid < 0)
			(void)syscall(SYS_setsockopt, descriptors[i], SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		(void)syscall(SYS_close, descriptors[i]);
	}
	if (ends[0] >= 0) {
		(void)syscall(SYS_close, ends[0]);
		(void)syscall(SYS_close, ends[1]);
	}
	while (pid > 0 && syscall(SYS_wait4, pid, NULL, __WALL, NULL) < 0 && errno == EINTR)
		;
}
