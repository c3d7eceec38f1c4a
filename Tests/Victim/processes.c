/* Other processes: those outside, and PID 1 of one's own namespace. */
#include "victim.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>

static int signal_process(char **words)
{
	return result_of(kill((pid_t)atol(words[0]), 0));
}

static int open_process(char **words)
{
	return result_of(syscall(SYS_pidfd_open, (pid_t)atol(words[0]), 0));
}

/* Finds a process by a word in its command line. */
static int see_process(char **words)
{
	struct dirent *entry;
	char path[300], bytes[4096];
	size_t length = strlen(words[0]);
	int found = 0;
	DIR *proc = opendir("/proc");

	if (!proc)
		return errno;
	while (!found && (entry = readdir(proc))) {
		ssize_t count, i;
		int fd;

		/* Not ourselves: the word is in our own command line too. */
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		count = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));
		if (fd >= 0)
			close(fd);
		for (i = 0; i + (ssize_t)length <= count; i++)
			if (memcmp(bytes + i, words[0], length) == 0)
				found = 1;
	}
	closedir(proc);
	return found ? 0 : ABSENT;
}

/* A file of another process in /proc: opened, and for a link read. */
static int open_proc(char **words)
{
	char path[300], target[300];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", words[0], words[1]);
	if (readlink(path, target, sizeof(target)) >= 0)
		return 0;
	if (errno != EINVAL)
		return errno;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	/* A directory is open, which is enough; memory has nothing at address 0. */
	return read(fd, target, 1) >= 0 || errno == EISDIR || errno == EIO ? 0 : errno;
}

/* To the memory of another, for writing. */
static int open_memory(char **words)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/mem", words[0]);
	return result_of(open(path, O_RDWR | O_CLOEXEC));
}

static int trace(char **words)
{
	pid_t pid = (pid_t)atol(words[0]);
	long result = ptrace(PTRACE_SEIZE, pid, 0, 0);

	if (result == 0)
		ptrace(PTRACE_DETACH, pid, 0, 0);
	return result_of(result);
}

/* Any address will do: EFAULT says that the kernel would have read it. */
static int read_memory(char **words)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)1, 1 };

	if (process_vm_readv((pid_t)atol(words[0]), &here, 1, &there, 1, 0) < 0)
		return errno == EFAULT ? 0 : errno;
	return 0;
}

static int write_memory(char **words)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { (void *)1, 1 };

	if (process_vm_writev((pid_t)atol(words[0]), &here, 1, &there, 1, 0) < 0)
		return errno == EFAULT ? 0 : errno;
	return 0;
}

static int take_descriptor(char **words)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)atol(words[0]), 0);

	if (fd < 0)
		return errno;
	return result_of(syscall(SYS_pidfd_getfd, fd, 0, 0));
}

static int compare(char **words)
{
	return result_of(syscall(SYS_kcmp, getpid(), (pid_t)atol(words[0]), 2 /* KCMP_VM */, 0, 0));
}

/* CVE-2019-5736: a running program's file, kept as a place and opened for writing once it is free. */
static int overwrite_program(char **words)
{
	char link[64];
	int place, tries, fd = -1, error = ETXTBSY;
	pid_t pid = fork();

	if (pid == 0) {
		execl(words[0], "victim", "sleep-as", "x", "--", "-", NULL);
		_exit(1);
	}
	if (pid < 0)
		return BROKEN;
	usleep(100000);
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	place = open(link, O_PATH | O_CLOEXEC);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (place < 0)
		return BROKEN;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", place);
	for (tries = 0; tries < 50 && fd < 0 && error == ETXTBSY; tries++) {
		fd = open(link, O_WRONLY | O_CLOEXEC);
		error = fd < 0 ? errno : 0;
		if (error == ETXTBSY)
			usleep(20000);
	}
	return error;
}

/* Writes its heartbeat for as long as the file can be opened, and for 5 seconds at the most. */
static int beat(char **words)
{
	int i;

	for (i = 0; i < 100; i++) {
		int fd = open(words[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		if (fd < 0 || write(fd, ".", 1) < 0)
			return BROKEN;
		close(fd);
		usleep(50000);
	}
	return 0;
}

static int counted_fd;

static void count(int sig)
{
	char letter = sig == SIGINT ? 'I' : sig == SIGQUIT ? 'Q' : 'H';

	if (write(counted_fd, &letter, 1) != 1)
		_exit(BROKEN & 0xff);
}

/* Appends a letter for each SIGINT, SIGQUIT and SIGHUP, until SIGTERM or for a minute. */
static int count_signals(char **words)
{
	static const int counted[] = { SIGINT, SIGQUIT, SIGHUP };
	struct sigaction action = { 0 };
	size_t i;
	int slept;

	counted_fd = open(words[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (counted_fd < 0)
		return BROKEN;
	action.sa_handler = count;
	for (i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		sigaction(counted[i], &action, NULL);
	puts("ready");
	fflush(stdout);
	for (slept = 0; slept < 6000; slept++)
		usleep(10000);
	return 0;
}

/* Leaves a process behind: two forks, a session of its own, every catchable signal ignored. It writes its heartbeat. */
static int leave_orphan(char **words)
{
	pid_t pid = fork();
	int sig;

	if (pid < 0)
		return BROKEN;
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		usleep(200000);
		return 0;
	}
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	for (sig = 1; sig < 64; sig++)
		signal(sig, SIG_IGN);
	prctl(PR_SET_NAME, "orphan");
	_exit(beat(words) & 0xff);
}

static int entries(const char *path)
{
	int count = 0;
	DIR *directory = opendir(path);

	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count;
}

/*
 * Crashes in a directory that it may write, after asking for the largest core file it can get. EPERM: none, and the limit
 * stayed 0. ENODATA: none there, but the limit allows one; the machine's core_pattern puts it elsewhere.
 */
static int dump_core(char **words)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	int before = entries(words[0]);
	pid_t pid;

	if (before == 0)
		return BROKEN;
	if (setrlimit(RLIMIT_CORE, &limit) < 0) {
		if (getrlimit(RLIMIT_CORE, &limit) < 0)
			return BROKEN;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_CORE, &limit) < 0)
			return BROKEN;
	}
	pid = fork();
	if (pid == 0) {
		if (chdir(words[0]) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
			_exit(1);
		abort();
	}
	if (pid < 0)
		return BROKEN;
	waitpid(pid, NULL, 0);
	if (entries(words[0]) > before)
		return 0;
	return limit.rlim_max == 0 ? EPERM : ENODATA;
}

const struct attack process_attacks[] = {
	{ "signal", 1, signal_process },
	{ "open-process", 1, open_process },
	{ "see-process", 1, see_process },
	{ "open-proc", 2, open_proc },
	{ "open-memory", 1, open_memory },
	{ "trace", 1, trace },
	{ "read-memory", 1, read_memory },
	{ "write-memory", 1, write_memory },
	{ "take-descriptor", 1, take_descriptor },
	{ "compare", 1, compare },
	{ "overwrite-program", 1, overwrite_program },
	{ "beat", 1, beat },
	{ "count-signals", 1, count_signals },
	{ "leave-orphan", 1, leave_orphan },
	{ "dump-core", 1, dump_core },
	{ NULL, 0, NULL },
};
