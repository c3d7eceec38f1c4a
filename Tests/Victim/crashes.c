/* Ways to end by a signal. Each has a function of its own that must be found on the stack. */
#include "victim.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* What no compiler sees through. */
static volatile long zero;
static sigjmp_buf caught;

__attribute__((noinline)) static void write_null(void)
{
	*(volatile int *)(8 + zero) = 1;
}

static int crash_null(char **words)
{
	(void)words;
	write_null();
	return 0;
}

__attribute__((noinline)) static long use_up_stack(long depth)
{
	volatile char block[4096];

	block[0] = (char)depth;
	if (depth < 0)
		return 0;
	return use_up_stack(depth + 1) + block[0];
}

static int crash_overflow(char **words)
{
	(void)words;
	return (int)use_up_stack(zero);
}

static int crash_abort(char **words)
{
	(void)words;
	abort();
}

__attribute__((noinline)) static long divide_by_zero(long by)
{
	return 1 / by;
}

static int crash_divide(char **words)
{
	(void)words;
#if defined(__x86_64__)
	return (int)divide_by_zero(zero);
#else
	/* There a division by zero is zero. */
	return raise(SIGFPE) + (int)divide_by_zero(1);
#endif
}

__attribute__((noinline)) static void run_illegal(void)
{
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #0");
#endif
}

static int crash_illegal(char **words)
{
	(void)words;
	run_illegal();
	return 0;
}

__attribute__((noinline)) static void jump_away(void)
{
	((void (*)(void))(0x1234567 + zero))();
}

static int crash_jump(char **words)
{
	(void)words;
	jump_away();
	return 0;
}

/* What the stack protector of a C library calls. */
__attribute__((noinline)) static void smash(void)
{
	extern void __stack_chk_fail(void) __attribute__((noreturn));

	__stack_chk_fail();
}

static int crash_smash(char **words)
{
	(void)words;
	smash();
	return 0;
}

static _Atomic int waiting;

static void *wait_here(void *unused)
{
	waiting++;
	for (;;)
		pause();
	return unused;
}

static void *crash_in_thread(void *unused)
{
	write_null();
	return unused;
}

/* The number of others, and their name. */
static int crash_thread(char **words)
{
	pthread_t thread;
	int i, count = atoi(words[0]);

	for (i = 0; i < count; i++)
		if (pthread_create(&thread, NULL, wait_here, NULL) == 0)
			(void)pthread_setname_np(thread, words[1]);
	while (waiting < count)
		usleep(1000);
	if (pthread_create(&thread, NULL, crash_in_thread, NULL) != 0)
		return BROKEN;
	pthread_join(thread, NULL);
	return 0;
}

static int crash_child(char **words)
{
	int status;
	pid_t pid = fork();

	(void)words;
	if (pid == 0)
		write_null();
	if (waitpid(pid, &status, 0) < 0)
		return BROKEN;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? 0 : EIO;
}

static void die_again(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
}

static int crash_again(char **words)
{
	(void)words;
	signal(SIGSEGV, die_again);
	write_null();
	return 0;
}

static void jump_back(int sig)
{
	siglongjmp(caught, sig);
}

/* No crash at all: each fault has a handler. */
static int crash_caught(char **words)
{
	volatile int times = 0;

	(void)words;
	signal(SIGSEGV, jump_back);
	if (sigsetjmp(caught, 1) == SIGSEGV && ++times == 1000)
		return 0;
	write_null();
	return BROKEN;
}

static int crash_refused(char **words)
{
	(void)words;
	(void)syscall(SYS_swapon, NULL, 0);
	return 0;
}

static int crash_removed(char **words)
{
	if (unlink(words[0]) < 0)
		return BROKEN;
	write_null();
	return 0;
}

__attribute__((noinline)) static void lose_stack(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $0x10, %%rsp; mov $8, %%rax; movl $1, (%%rax)" : : : "memory", "rax");
#else
	__asm__ volatile("mov x0, #16; mov sp, x0; str x0, [sp]" : : : "memory", "x0");
#endif
}

static int crash_stackless(char **words)
{
	(void)words;
	lose_stack();
	return 0;
}

/* Far more mappings than a report can hold, and none of them mergeable. */
static int crash_mappings(char **words)
{
	int i;

	(void)words;
	for (i = 0; i < 20000; i++)
		if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0) == MAP_FAILED)
			break;
	/* One that is larger than any machine's memory. */
	(void)mmap(NULL, 1UL << 45, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	write_null();
	return 0;
}

/* A file of the app's, mapped as a program and then changed under whoever looks. */
static int crash_with_file(char **words)
{
	int fd = open(words[0], O_RDONLY);

	if (fd < 0 || mmap(NULL, 65536, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return BROKEN;
	write_null();
	return 0;
}

/* Births, exits, programs, stops and handlers of all kinds; gives what a parent sees of them. */
static int trace_life(char **words)
{
	int i, status, seen = 0;
	pid_t pid;

	(void)words;
	/* Whoever hangs is ended. */
	alarm(30);
	for (i = 0; i < 200; i++) {
		pid = i % 2 ? fork() : vfork();
		if (pid == 0)
			_exit(i & 63);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
		    WEXITSTATUS(status) != (i & 63))
			return BROKEN;
		seen++;
	}
	pid = fork();
	if (pid == 0)
		wait_here(NULL);
	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
		return EIO;
	kill(pid, SIGCONT);
	if (waitpid(pid, &status, WCONTINUED) != pid || !WIFCONTINUED(status))
		return ESRCH;
	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return EPIPE;
	kill(pid, SIGCONT);
	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
		return EINTR;
	return seen == 200 ? 0 : BROKEN;
}

const struct attack crash_attacks[] = {
	{ "crash-null", 0, crash_null },	 { "crash-overflow", 0, crash_overflow },
	{ "crash-abort", 0, crash_abort },	 { "crash-divide", 0, crash_divide },
	{ "crash-illegal", 0, crash_illegal },	 { "crash-jump", 0, crash_jump },
	{ "crash-smash", 0, crash_smash },	 { "crash-thread", 2, crash_thread },
	{ "crash-child", 0, crash_child },	 { "crash-again", 0, crash_again },
	{ "crash-caught", 0, crash_caught },	 { "crash-refused", 0, crash_refused },
	{ "crash-removed", 1, crash_removed },	 { "crash-stackless", 0, crash_stackless },
	{ "crash-mappings", 0, crash_mappings }, { "crash-with-file", 1, crash_with_file },
	{ "trace-life", 0, trace_life },	 { 0 },
};
