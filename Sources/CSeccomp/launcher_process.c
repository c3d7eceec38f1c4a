/* The launcher process and its ready children. See child.h for what may be used here. */
#include "launcher_internal.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef F_DUPFD_CLOEXEC
#define F_DUPFD_CLOEXEC 1030
#endif

struct message {
	/* A struct cmsghdr and its descriptors. */
	uint64_t control[(CMSG_SPACE(sizeof(int) * (LAUNCH_PASSED_MAX + 1)) + 7) / 8];
	struct iovec iov;
	struct msghdr header;
};

/*
 * One message and its descriptors. Returns how many came, or -1: closed, not of that size, or an
 * error.
 */
static int receive(int socket, void *body, size_t size, struct message *m, const int **fds)
{
	const struct cmsghdr *head = (const void *)m->control;
	long got;

	m->iov.iov_base = body;
	m->iov.iov_len = size;
	m->header = (struct msghdr){ 0 };
	m->header.msg_iov = &m->iov;
	m->header.msg_iovlen = 1;
	m->header.msg_control = m->control;
	m->header.msg_controllen = sizeof(m->control);
	while ((got = syscall(SYS_recvmsg, socket, &m->header, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (got != (long)size || m->header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -1;
	*fds = (const int *)(const void *)CMSG_DATA(head);
	if (m->header.msg_controllen < CMSG_LEN(sizeof(int)) || head->cmsg_level != SOL_SOCKET ||
	    head->cmsg_type != SCM_RIGHTS)
		return 0;
	return (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

/*
 * Maps a packed plan and turns its offsets into addresses. Returns the mapping, or NULL with errno.
 */
static void *unpack(int fd, struct launch_plan *plan)
{
	struct stat st;
	struct launch_packed *packed;
	uint64_t *vector;
	char *at, *text;
	uint32_t i;

	if (syscall(SYS_fstat, fd, &st) < 0)
		return NULL;
	at = (char *)syscall(SYS_mmap, NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE,
			     fd, (off_t)0);
	if (at == MAP_FAILED)
		return NULL;
	packed = (void *)at;
	at += sizeof(*packed);
	plan->steps = (const void *)at;
	plan->step_count = packed->step_count;
	at += packed->step_count * sizeof(struct launch_step);
	vector = (void *)at;
	text = at + packed->vector_count * sizeof(*vector);
	for (i = 0; i < packed->vector_count; i++)
		vector[i] = vector[i] == LAUNCH_PACKED_NULL ? 0 : vector[i] + (uintptr_t)text;
	plan->argv = (char *const *)(void *)vector;
	plan->envp = (char *const *)(void *)(vector + packed->environment);
	plan->text = text;
	plan->text_size = packed->text_size;
	plan->data_start = packed->data_start;
	plan->data_size = packed->data_size;
	plan->code_start = packed->code_start;
	plan->code_size = packed->code_size;
	return packed;
}

/* Received descriptors take the lowest free numbers, which may be those that the app is to have. */
static void move_up(struct child *c, struct launch_plan *plan, int *passed, int count, int floor)
{
	int i, *own[] = { &plan->report_fd, &plan->lifeline_fd };
	long moved;

	if (floor <= 3)
		return;
	for (i = 0; i < count + 2; i++) {
		int *fd = i < count ? &passed[i] : own[i - count];

		if (*fd >= floor)
			continue;
		moved = syscall(SYS_fcntl, *fd, F_DUPFD_CLOEXEC, floor);
		if (moved < 0)
			child_fail(c, errno);
		(void)syscall(SYS_close, *fd);
		*fd = (int)moved;
	}
}

/* A process of its own namespaces: makes what needs no app, then waits for one. */
static void ready_child(const struct launcher *launcher, const struct launch_plan *prepared, int report,
			int lifeline) __attribute__((noreturn));
static void ready_child(const struct launcher *launcher, const struct launch_plan *prepared, int report,
			int lifeline)
{
	struct launch_plan ready = *prepared, rest = { 0 };
	struct child c = { 0 };
	struct launcher_go go;
	struct message message;
	const int *fds;
	int passed[LAUNCH_PASSED_MAX], i, count;

	(void)syscall(SYS_close, launcher->control);
	ready.report_fd = rest.report_fd = report;
	ready.lifeline_fd = rest.lifeline_fd = lifeline;
	ready.lifeline_write_fd = -1;
	child_begin(&c, &ready);
	(void)child_run_steps(&c);
	count = receive(report, &go, sizeof(go), &message, &fds);
	if (count < 1 || (uint32_t)count != go.passed + 1)
		for (;;)
			_exit(125);
	c.has_default_signals = 1;
	c.step_base = ready.step_count;
	c.step = 0;
	c.arena = unpack(fds[0], &rest);
	if (!c.arena)
		child_fail(&c, errno);
	c.arena_size = ((struct launch_packed *)c.arena)->size;
	(void)syscall(SYS_close, fds[0]);
	for (i = 1; i < count; i++)
		passed[i - 1] = fds[i];
	c.plan = &rest;
	c.passed = passed;
	c.passed_count = go.passed;
	move_up(&c, &rest, passed, count - 1, go.floor);
	child_run_plan(&c);
}

static void answer(const struct launcher *launcher, long pid, int error, int pidfd)
{
	struct launcher_reply reply = { (int32_t)pid, error };
	struct message m;
	struct cmsghdr *head = (void *)m.control;

	m.iov.iov_base = &reply;
	m.iov.iov_len = sizeof(reply);
	m.header = (struct msghdr){ 0 };
	m.header.msg_iov = &m.iov;
	m.header.msg_iovlen = 1;
	if (!error) {
		head->cmsg_len = CMSG_LEN(sizeof(int));
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		*(int *)(void *)CMSG_DATA(head) = pidfd;
		m.header.msg_control = m.control;
		m.header.msg_controllen = CMSG_SPACE(sizeof(int));
	}
	(void)syscall(SYS_sendmsg, launcher->control, &m.header, MSG_NOSIGNAL);
}

static void make_child(const struct launcher *launcher, const struct launch_plan *ready,
		       const struct launcher_request *request, const int *fds)
{
	struct clone_args args = { 0 };
	int pidfd = -1;
	long pid;

	/*
	 * With CLONE_PARENT the child's exit signal is ours, SIGCHLD, and must not be named
	 * (clone(2)).
	 */
	args.flags = launcher->of_children | CLONE_PARENT | CLONE_PIDFD;
	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	if (request->has_cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)fds[2];
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		if (request->has_cgroup)
			(void)syscall(SYS_close, fds[2]);
		ready_child(launcher, ready, fds[0], fds[1]);
	}
	answer(launcher, pid, pid < 0 ? errno : 0, pidfd);
	if (pidfd >= 0)
		(void)syscall(SYS_close, pidfd);
}

/*
 * Keeps nothing of the supervisor's but what is named; 0, 1 and 2 are taken, so that nothing else
 * lands there.
 */
static void keep_only(struct launcher *launcher)
{
	int *kept[] = { &launcher->control, &launcher->prepare, &launcher->ready };
	int i, null;

	/* First out of the way of where they go. */
	for (i = 0; i < 3; i++)
		*kept[i] = (int)syscall(SYS_fcntl, *kept[i], F_DUPFD_CLOEXEC, 6);
	null = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	for (i = 0; i < 3; i++)
		if (*kept[i] < 0 || syscall(SYS_dup3, *kept[i], 3 + i, O_CLOEXEC) < 0 ||
		    (null != i && syscall(SYS_dup3, null, i, O_CLOEXEC) < 0))
			_exit(125);
	launcher->control = 3;
	launcher->prepare = 4;
	launcher->ready = 5;
	(void)syscall(SYS_close_range, 6, ~0U, 0);
}

void launcher_main(const struct launcher *asked)
{
	struct launcher launcher = *asked;
	struct launch_plan prepare = { 0 }, ready = { 0 };
	struct launch_report started = { 0 };
	struct launcher_request request;
	struct message message;
	struct child c = { 0 };
	const int *fds;
	int i, count;

	keep_only(&launcher);
	/* A ready child, and later init, is a copy of this process: what the supervisor had read by now is no business of theirs. */
	child_forget_heap();
	(void)syscall(SYS_setsid);
	if (child_reset_dispositions() < 0)
		_exit(125);
	prepare.report_fd = prepare.lifeline_fd = launcher.control;
	prepare.lifeline_write_fd = -1;
	child_begin(&c, &prepare);
	if (!unpack(launcher.prepare, &prepare) || !unpack(launcher.ready, &ready))
		child_fail(&c, errno);
	(void)syscall(SYS_close, launcher.prepare);
	(void)syscall(SYS_close, launcher.ready);
	(void)child_run_steps(&c);
	(void)syscall(SYS_close, c.proc_self_fd);
	started.kind = LAUNCH_REPORT_STARTED;
	child_send(&c, &started, -1);
	for (;;) {
		count = receive(launcher.control, &request, sizeof(request), &message, &fds);
		if (count < 0)
			_exit(0);
		if (count == 2 + (request.has_cgroup != 0))
			make_child(&launcher, &ready, &request, fds);
		else
			answer(&launcher, -1, EINVAL, -1);
		for (i = 0; i < count; i++)
			(void)syscall(SYS_close, fds[i]);
	}
}
