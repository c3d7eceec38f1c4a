/*
 * The witness: a process beside init that traces the app, so that it can look at a process which a signal is about to
 * end (docs/crash-reports.md). It holds no capability and is not dumpable, as init. System calls are not traced; births of
 * threads and processes and deliveries of signals stop the app for a moment, and everything is passed on as it was.
 *
 * It is not init, so that nothing which hangs here (memory behind a dead file server) hangs init. When it dies, the kernel
 * lets the app go on as it was (ptrace(2)); a timer sees to that. It keeps no list of who it traces.
 */
#include "witness.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

struct witness {
	struct child *child;
	int proc_fd;
	int last; /* whom we looked at last */
	uint32_t captured;
};

/* What a core file is written for (signal(7)), less what a person or a supervisor sends to end a program. */
static int is_crash(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGABRT || sig == SIGTRAP ||
	       sig == SIGSYS || sig == SIGXCPU || sig == SIGXFSZ || sig == SIGQUIT;
}

static long trace(long request, int tid, uintptr_t address, uintptr_t data)
{
	return syscall(SYS_ptrace, request, tid, address, data);
}

static void set_timer(int seconds)
{
	struct itimerval timer = { { 0, 0 }, { seconds, 0 } };

	(void)syscall(SYS_setitimer, ITIMER_REAL, &timer, NULL);
}

/* Lets a stopped thread go on as if nobody had looked. */
static void pass_on(int tid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		(void)trace(PTRACE_LISTEN, tid, 0, 0);
	else
		(void)trace(PTRACE_CONT, tid, 0, event ? 0 : (uintptr_t)sig);
}

static void look_at(struct capture *c, struct witness_thread *t)
{
	struct iovec registers = { t->registers, sizeof(t->registers) };
	char path[64];
	long i, size;

	if (t->status) {
		t->has_registers = trace(PTRACE_GETREGSET, t->tid, NT_PRSTATUS, (uintptr_t)&registers) == 0 &&
				   registers.iov_len == sizeof(t->registers);
#if defined(__x86_64__)
		t->stack = t->registers[19];
#elif defined(__aarch64__)
		t->stack = t->registers[31];
#endif
	}
	witness_path(path, c->process, "/task/", t->tid, "/comm");
	size = witness_read(c->proc_fd, path, t->name, sizeof(t->name));
	for (i = size < 0 ? 0 : size; i < (long)sizeof(t->name); i++)
		t->name[i] = 0;
}

/*
 * What became of whom we trace, left where it is: the kernel takes a stop that was fetched for one that is dealt with, and
 * would lose its signal if we died before we passed it on. Returns the id, with a status as of wait4(2).
 */
static int look(int tid, int options, int *status)
{
	siginfo_t info = { 0 };
	int ends;

	if (syscall(SYS_waitid, tid ? P_PID : P_ALL, tid, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL | options, NULL) < 0)
		return -1;
	ends = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
	*status = ends ? 0 : info.si_status << 8 | 0x7f;
	return info.si_pid;
}

/* The other threads: asked to stop, and waited for, but not for long. */
static void hold_others(struct capture *c)
{
	struct timespec millisecond = { 0, 1000 * 1000 };
	uint32_t i, missing = 0;
	int turns;

	for (i = 1; i < c->thread_count; i++) {
		c->threads[i].is_awaited = trace(PTRACE_INTERRUPT, c->threads[i].tid, 0, 0) == 0;
		missing += (uint32_t)c->threads[i].is_awaited;
	}
	for (turns = 0; turns < 200 && missing; turns++) {
		for (i = 1; i < c->thread_count; i++) {
			struct witness_thread *t = &c->threads[i];
			int status = 0;

			if (!t->is_awaited || look(t->tid, WNOHANG, &status) == 0)
				continue;
			/* It stands still, or has ended: in either case it is asked no more. */
			t->is_awaited = 0;
			missing--;
			t->status = WIFSTOPPED(status) ? status : 0;
		}
		if (missing)
			(void)syscall(SYS_nanosleep, &millisecond, NULL);
	}
}

static void list_threads(struct capture *c)
{
	char entries[4096] __attribute__((aligned(8))), path[32];
	long at, size;
	int fd;

	witness_path(path, c->process, "/task", 0, "");
	fd = (int)syscall(SYS_openat, c->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && (size = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0)
		for (at = 0; at < size; at += *(unsigned short *)(void *)(entries + at + 16)) {
			const char *name = entries + at + 19;
			int tid = 0;

			while (*name >= '0' && *name <= '9')
				tid = tid * 10 + (*name++ - '0');
			if (!tid)
				continue;
			c->total_threads++;
			if (tid != c->tid && c->thread_count < CRASH_THREADS_MAX)
				c->threads[c->thread_count++].tid = tid;
		}
	if (fd >= 0)
		(void)syscall(SYS_close, fd);
}

static void hand_over(const struct witness *w, const struct capture *c, int core)
{
	struct launch_report r = { 0 };
	uint32_t i;

	r.pid = c->process;
	r.status = c->signal;
	r.step = c->file_count;
	r.kind = LAUNCH_REPORT_CRASH_FILE;
	for (i = 0; i < c->file_count; i++)
		child_send(w->child, &r, c->files[i]);
	r.kind = LAUNCH_REPORT_CRASHED;
	child_send(w->child, &r, core);
}

static void capture(struct witness *w, int tid, int status, int sig, int by_filter)
{
	struct capture *c = (void *)syscall(SYS_mmap, NULL, sizeof(*c), PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0UL);
	char path[32], text[1024];
	uint32_t i;
	long size;
	int core;

	if (c == MAP_FAILED)
		return;
	set_timer(CRASH_SECONDS);
	c->proc_fd = w->proc_fd;
	c->tid = tid;
	c->signal = sig;
	c->by_filter = (uint32_t)by_filter;
	witness_path(path, tid, "/status", 0, "");
	size = witness_read(w->proc_fd, path, text, sizeof(text) - 1);
	text[size < 0 ? 0 : size] = 0;
	c->process = (int)witness_status(text, "Tgid:", 10);
	/* Each thread that the filter's kill ends says so. */
	if (by_filter && c->process == w->last)
		goto done;
	w->last = c->process;
	c->threads[0].tid = tid;
	c->threads[0].status = status;
	c->thread_count = 1;
	(void)trace(PTRACE_GETSIGINFO, tid, 0, (uintptr_t)&c->info);
	list_threads(c);
	if (!by_filter)
		hold_others(c);
	for (i = 0; i < c->thread_count; i++)
		look_at(c, &c->threads[i]);
	witness_path(path, c->process, "/auxv", 0, "");
	size = witness_read(w->proc_fd, path, c->auxv, sizeof(c->auxv));
	c->auxv_size = size > 0 ? (uint32_t)size : 0;
	witness_read_mappings(c);
	witness_choose_segments(c);
	core = witness_write_core(c);
	w->captured++;
	/* The others first: none of them may miss that the process ends. */
	for (i = 1; i < c->thread_count; i++)
		if (c->threads[i].status)
			pass_on(c->threads[i].tid, c->threads[i].status);
	if (core >= 0) {
		hand_over(w, c, core);
		(void)syscall(SYS_close, core);
	}
done:
	set_timer(0);
	for (i = 0; i < c->file_count; i++)
		(void)syscall(SYS_close, c->files[i]);
	(void)syscall(SYS_munmap, c, sizeof(*c));
}

/* A signal that the app has a handler for, or ignores, ends nothing. */
static int ends_process(const struct witness *w, int tid, int sig)
{
	char path[32], text[8192];
	uint64_t bit = 1ULL << (sig - 1);
	long size;

	witness_path(path, tid, "/status", 0, "");
	size = witness_read(w->proc_fd, path, text, sizeof(text) - 1);
	if (size <= 0)
		return 0;
	text[size] = 0;
	return !((witness_status(text, "SigCgt:", 16) | witness_status(text, "SigIgn:", 16)) & bit);
}

static void stopped(struct witness *w, int tid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	unsigned long end = 0;

	if (w->captured < CRASHES_MAX) {
		if (event == 0 && is_crash(sig) && ends_process(w, tid, sig))
			capture(w, tid, status, sig, 0);
		/* The filter's kill is a signal that no tracer sees delivered: only that the thread ends by it. */
		if (event == PTRACE_EVENT_EXIT && trace(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)&end) == 0 &&
		    (end & 0x7f) == SIGSYS)
			capture(w, tid, status, SIGSYS, 1);
	}
	pass_on(tid, status);
}

static void watch(struct witness *w) __attribute__((noreturn));
static void watch(struct witness *w)
{
	int status, tid;

	for (;;) {
		tid = look(0, 0, &status);
		if (tid < 0 && errno != EINTR)
			_exit(0);
		if (tid > 0 && WIFSTOPPED(status))
			stopped(w, tid, status);
		else if (tid > 0)
			(void)syscall(SYS_wait4, tid, &status, WNOHANG | __WALL, NULL);
	}
}

/* All signals are blocked, as in init, but the timer's. */
static void run(struct child *c, int exits) __attribute__((noreturn));
static void run(struct child *c, int exits)
{
	struct launch_plan plan = *c->plan;
	struct witness w = { c, -1, 0, 0 };
	uint64_t all_but_timer = ~(1ULL << (SIGALRM - 1));
	int32_t answer = 0, app = 0;
	int keep[3];

	(void)syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)child_reset_dispositions();
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all_but_timer, NULL, sizeof(all_but_timer));
	w.proc_fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	keep[0] = c->witness_fd;
	keep[1] = c->plan->report_fd;
	keep[2] = w.proc_fd;
	child_close_all_but(keep, 3);
	plan.steps = NULL;
	plan.text = NULL;
	plan.argv = plan.envp = NULL;
	/* Other than init we use writable data: what a static executable's start put there to find memset by. */
	plan.data_size = 0;
	c->plan = &plan;
	child_forget(c);
	if (w.proc_fd < 0 || syscall(SYS_read, c->witness_fd, &app, sizeof(app)) != sizeof(app))
		_exit(1);
	if (trace(PTRACE_SEIZE, app, 0,
		  PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | (exits ? PTRACE_O_TRACEEXIT : 0)) < 0)
		answer = errno;
	(void)syscall(SYS_write, c->witness_fd, &answer, sizeof(answer));
	(void)syscall(SYS_close, c->witness_fd);
	if (answer)
		_exit(1);
	if (plan.code_size)
		(void)syscall(SYS_madvise, plan.code_start, plan.code_size, MADV_DONTNEED);
	watch(&w);
}

int child_start_witness(struct child *c, const struct launch_step *s)
{
	int ends[2], pid;

	if (syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	pid = (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		(void)syscall(SYS_close, ends[1]);
		c->witness_fd = ends[0];
		run(c, s->value != 0);
	}
	(void)syscall(SYS_close, ends[0]);
	c->witness_fd = ends[1];
	c->witness_pid = pid;
	return pid < 0 ? -1 : 0;
}

/* In the app. It is dumpable until exec decides anew, or nobody could trace it; its memory is a copy of its own. */
int child_meet_witness(struct child *c)
{
	struct launch_report report = { 0 };
	int32_t self = (int32_t)syscall(SYS_getpid), answer = ESRCH;

	/* Of Yama, where it is: whoever may trace us is not our ancestor (prctl(2)). */
	(void)syscall(SYS_prctl, PR_SET_PTRACER, c->witness_pid, 0, 0, 0);
	if (syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return -1;
	if (syscall(SYS_sendto, c->witness_fd, &self, sizeof(self), MSG_NOSIGNAL, NULL, 0) == sizeof(self))
		(void)syscall(SYS_read, c->witness_fd, &answer, sizeof(answer));
	(void)syscall(SYS_close, c->witness_fd);
	if (!answer)
		return 0;
	report.kind = LAUNCH_REPORT_UNWITNESSED;
	report.error = answer;
	child_send(c, &report, -1);
	return 0;
}
