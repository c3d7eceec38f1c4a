/*
 * Init: PID 1 of the app's pid namespace. It reaps, forwards the supervisor's signals, ends everything when the app
 * ends, and ends itself when the supervisor is gone; the kernel then kills what is left (pid_namespaces(7)).
 * It holds no capability, is not dumpable, and keeps only the descriptors it needs.
 *
 * For a command that joins a running app (child_enter.c) the same loop runs outside the app's pid namespace, where the app cannot
 * see it, and has that one command to look after.
 */
#include "child.h"

#include <poll.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/wait.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

struct init {
	struct child *child;
	int app_pid;
	int signal_fd;
	uint32_t supervisor; /* its pid as signals carry it: 0 from outside our pid namespace */
	uint64_t reaped;
};

/* Closes everything but the few descriptors named: the caller's pipes must see their end when the app closes them. */
void child_close_all_but(int *keep, uint32_t count)
{
	uint32_t i, j;
	unsigned int from = 0;

	for (i = 1; i < count; i++) {
		int fd = keep[i];

		for (j = i; j > 0 && keep[j - 1] > fd; j--)
			keep[j] = keep[j - 1];
		keep[j] = fd;
	}
	for (i = 0; i < count; i++) {
		if (keep[i] < 0)
			continue;
		if ((unsigned int)keep[i] > from)
			(void)syscall(SYS_close_range, from, keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	(void)syscall(SYS_close_range, from, ~0U, 0);
}

static void report(const struct init *in, enum launch_report_kind kind, int status)
{
	struct launch_report r = { 0 };

	r.kind = kind;
	r.status = status;
	r.pid = in->app_pid;
	child_send(in->child, &r, -1);
}

static uint32_t full_file_systems(const struct child *c)
{
	struct statfs fs;
	uint32_t i, full = 0;

	for (i = 0; i < c->watched_count; i++)
		if (syscall(SYS_fstatfs, c->watched[i], &fs) == 0 &&
		    ((fs.f_blocks && !fs.f_bavail) || (fs.f_files && !fs.f_ffree)))
			full |= 1U << i;
	return full;
}

static uint64_t microseconds(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

/*
 * In a pid namespace the kernel would do this at our end; without one -1 would mean every process of the user, but where our
 * signals are held in.
 */
static void kill_all(const struct init *in)
{
	int is_all = syscall(SYS_getpid) == 1 || in->child->holds_signals;

	/* Outside the app's pid namespace: the command, which is not reaped yet, and its group. */
	if (in->child->is_guest)
		(void)syscall(SYS_kill, in->app_pid, SIGKILL);
	(void)syscall(SYS_kill, is_all ? -1 : -in->app_pid, SIGKILL);
}

/* To kill all, the kernel looks at every process of the machine: PID 1 without any child has no need of it. */
static int is_childless(void)
{
	return syscall(SYS_getpid) == 1 &&
	       syscall(SYS_waitid, P_ALL, 0, NULL, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL) < 0 && errno == ECHILD;
}

static void end_all(const struct init *in) __attribute__((noreturn));
static void end_all(const struct init *in)
{
	kill_all(in);
	for (;;)
		_exit(125);
}

/* The app has ended: so does everything else here, and then init. */
static void finish_all(struct init *in, int status) __attribute__((noreturn));
static void finish_all(struct init *in, int status)
{
	struct launch_report r = { 0 };
	struct rusage usage = { 0 };
	uint64_t reaped = in->reaped;
	int ignored, wait = __WALL;
	long pid;

	r.tmpfs_full = full_file_systems(in->child);
	/* What a command in somebody else's sandbox left behind is that sandbox's, though it may be our child (CLONE_PARENT). */
	if (in->child->is_guest)
		wait = __WALL | WNOHANG;
	else if (!is_childless())
		kill_all(in);
	while ((pid = syscall(SYS_wait4, -1, &ignored, wait, NULL)) > 0 || (pid < 0 && errno == EINTR))
		in->reaped += pid > 0 && pid != in->child->witness_pid;
	(void)syscall(SYS_getrusage, RUSAGE_CHILDREN, &usage);
	r.kind = LAUNCH_REPORT_EXITED;
	r.status = status;
	r.pid = in->app_pid;
	r.user_microseconds = microseconds(usage.ru_utime);
	r.system_microseconds = microseconds(usage.ru_stime);
	r.peak_resident_kib = (uint64_t)usage.ru_maxrss;
	r.reaped = in->reaped;
	r.left = in->reaped - reaped;
	child_send(in->child, &r, -1);
	for (;;)
		_exit(0);
}

/* From here on nobody looks at crashes. It ends by itself when there is nobody left to look at. */
static void witness_ended(struct init *in, int status)
{
	in->child->witness_pid = 0;
	if (WIFSIGNALED(status))
		report(in, LAUNCH_REPORT_UNWITNESSED, 0);
}

static void reap(struct init *in)
{
	int status;
	long pid;

	for (;;) {
		pid = syscall(SYS_wait4, -1, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL, NULL);
		if (pid <= 0)
			return;
		if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
			/* Somebody holds up the witness, and with it whom it traces: without it they go on. */
			if (pid == in->child->witness_pid && WIFSTOPPED(status))
				(void)syscall(SYS_kill, pid, SIGKILL);
			if (pid == in->app_pid)
				report(in, WIFSTOPPED(status) ? LAUNCH_REPORT_STOPPED : LAUNCH_REPORT_CONTINUED,
				       WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
			continue;
		}
		if (pid == in->child->witness_pid) {
			witness_ended(in, status);
			continue;
		}
		in->reaped++;
		if (pid == in->app_pid)
			finish_all(in, status);
	}
}

/*
 * Signals that come from inside are not ours to forward: only the supervisor is obeyed. What a keyboard would send
 * goes to the app's group, the rest to the app.
 */
static void forward(const struct init *in, const struct signalfd_siginfo *info)
{
	int sig = (int)info->ssi_signo;
	int keyboard = sig == SIGINT || sig == SIGQUIT || sig == SIGHUP || sig == SIGTSTP ||
		       sig == SIGCONT || sig == SIGWINCH;

	/* A signal that the kernel sends of itself has no sender: an app can have it sent (F_SETSIG of fcntl(2)). */
	if (info->ssi_pid != in->supervisor || info->ssi_code > 0)
		return;
	/* Without a terminal the app leads an orphaned group, which SIGTSTP cannot stop (signal(7)). */
	if (sig == SIGTSTP && in->child->terminal_fd < 0)
		sig = SIGSTOP;
	(void)syscall(SYS_kill, keyboard ? -in->app_pid : in->app_pid, sig);
}

static void handle_signals(struct init *in)
{
	struct signalfd_siginfo info[8];
	long i, size = syscall(SYS_read, in->signal_fd, info, sizeof(info));

	for (i = 0; size > 0 && i < size / (long)sizeof(info[0]); i++)
		if (info[i].ssi_signo != SIGCHLD)
			forward(in, &info[i]);
	reap(in);
}

/*
 * Memory that no process need map, so that no look at processes finds it: what lies in the private file systems, and SysV
 * segments, which only their own namespace can count. The supervisor asks, one byte a question.
 * Returns 0 when the supervisor has closed its end.
 */
static int answer(const struct init *in)
{
	struct launch_report r = { 0 };
	struct shm_info segments = { 0 };
	struct statfs fs;
	char question;
	uint32_t i;

	if (syscall(SYS_recvfrom, in->child->plan->report_fd, &question, 1, MSG_DONTWAIT, NULL, NULL) == 0)
		return 0;
	for (i = 0; i < in->child->watched_count; i++)
		if (syscall(SYS_fstatfs, in->child->watched[i], &fs) == 0 && fs.f_blocks)
			r.shared_bytes += (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
	if (syscall(SYS_shmctl, 0, SHM_INFO, &segments) >= 0)
		r.shared_pages = segments.shm_rss + segments.shm_swp;
	r.kind = LAUNCH_REPORT_SHARED;
	r.pid = in->app_pid;
	child_send(in->child, &r, -1);
	return 1;
}

/* But for the page that holds errno (in a static executable the thread's block lies at its start). */
void child_forget_heap(void)
{
	uintptr_t thread = (uintptr_t)__builtin_thread_pointer();
	uintptr_t end = (uintptr_t)syscall(SYS_brk, 0);
	uintptr_t start = (thread + 2 * 4096) & ~(uintptr_t)4095;

	if (thread < end && end - thread < (1U << 28) && start < end)
		(void)syscall(SYS_madvise, start, end - start, MADV_DONTNEED);
}

/*
 * Init is a copy of the supervisor: what that one read (the caller's environment, profiles) is no business of a process that lives
 * as long as the app does. The heap is dropped, and so is the memory that brought the plan.
 */
void child_forget(struct child *c)
{
	child_forget_heap();
	/* Only a static executable: a dynamic one's libraries keep data elsewhere that its code here may use. */
	if (c->plan->data_size)
		(void)syscall(SYS_madvise, c->plan->data_start, c->plan->data_size, MADV_DONTNEED);
	if (c->arena)
		(void)syscall(SYS_munmap, c->arena, c->arena_size);
}

void child_become_init(struct child *c, int app_pid)
{
	struct init in = { c, app_pid, -1, 0, 0 };
	struct launch_plan plan = *c->plan;
	struct pollfd doors[3];
	int keep[LAUNCH_WATCHED_MAX + 4];
	struct timespec tenth = { 0, 100 * 1000 * 1000 }, *patience;
	uint64_t all = ~0ULL;
	uint32_t i;
	long ready;

	in.supervisor = (uint32_t)syscall(SYS_getppid);
	in.signal_fd = (int)syscall(SYS_signalfd4, -1, &all, sizeof(all), SFD_CLOEXEC | SFD_NONBLOCK);
	if (in.signal_fd < 0)
		_exit(125);
	keep[0] = in.signal_fd;
	keep[1] = c->plan->report_fd;
	keep[2] = c->plan->lifeline_fd;
	/* While we hold the pty open, its master does not hang up when the app closes it for a while. */
	keep[3] = c->terminal_fd;
	for (i = 0; i < c->watched_count; i++)
		keep[4 + i] = c->watched[i];
	child_close_all_but(keep, 4 + c->watched_count);
	plan.steps = NULL;
	plan.text = NULL;
	plan.argv = plan.envp = NULL;
	c->plan = &plan;
	child_forget(c);
	/*
	 * Killed with the supervisor we could not kill what is no child of our pid namespace, and may have undone its own tie: the
	 * lifeline tells us.
	 */
	if (c->is_guest || c->holds_signals)
		(void)syscall(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
	report(&in, LAUNCH_REPORT_STARTED, 0);
	/* The app may have ended before the signal descriptor was there. */
	reap(&in);
	patience = &tenth;
	doors[0].fd = in.signal_fd;
	doors[0].events = POLLIN;
	doors[1].fd = c->plan->lifeline_fd;
	doors[1].events = 0;
	doors[2].fd = c->plan->report_fd;
	doors[2].events = POLLIN;
	for (;;) {
		doors[0].revents = doors[1].revents = doors[2].revents = 0;
		ready = syscall(SYS_ppoll, doors, 3, patience, NULL, 0);
		if (ready < 0 && errno != EINTR)
			_exit(125);
		if (ready == 0 && patience) {
			/* An app that lives longer than that: keep only the text that this loop needs. */
			patience = NULL;
			if (plan.code_size)
				(void)syscall(SYS_madvise, plan.code_start, plan.code_size, MADV_DONTNEED);
		}
		if (doors[1].revents || (doors[2].revents && !answer(&in)))
			end_all(&in);
		if (doors[0].revents)
			handle_signals(&in);
	}
}
