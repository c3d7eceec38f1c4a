/*
 * Runs probes. PARENT file: libc may be used freely, but the caller may have threads, so the child
 * allocates nothing and uses no stdio.
 */
#include "probe_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_SECONDS 5

int probe_fail(struct probe_result *r, const char *call)
{
	r->error = errno;
	r->outcome = PROBE_FAILED;
	r->call = call;
	return -1;
}

int probe_ineffective(struct probe_result *r, const char *call)
{
	r->error = 0;
	r->outcome = PROBE_INEFFECTIVE;
	r->call = call;
	return -1;
}

pid_t probe_fork(void)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGALRM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	/* Alarms are not inherited: each process of a probe bounds itself. */
	alarm(PROBE_SECONDS);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

int probe_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int probe_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t size = strlen(text);
	ssize_t done;
	int saved;

	if (fd < 0)
		return -1;
	done = write(fd, text, size);
	saved = errno;
	close(fd);
	errno = saved;
	return done == (ssize_t)size ? 0 : -1;
}

ssize_t probe_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t done;
	int saved;

	if (fd < 0)
		return -1;
	done = read(fd, text, size - 1);
	saved = errno;
	close(fd);
	errno = saved;
	if (done >= 0)
		text[done] = '\0';
	return done;
}

int probe_enter(struct probe_result *r, int namespaces)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) != 0)
		return probe_fail(r, "unshare(CLONE_NEWUSER)");
	/* A process that was made not dumpable does not own its files in /proc. */
	prctl(PR_SET_DUMPABLE, 1);
	if (probe_write("/proc/self/setgroups", "deny") != 0)
		return probe_fail(r, "write /proc/self/setgroups");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (probe_write("/proc/self/uid_map", map) != 0)
		return probe_fail(r, "write /proc/self/uid_map");
	snprintf(map, sizeof(map), "0 %u 1", gid);
	if (probe_write("/proc/self/gid_map", map) != 0)
		return probe_fail(r, "write /proc/self/gid_map");
	if (namespaces != 0 && unshare(namespaces) != 0)
		return probe_fail(r, "unshare");
	return 0;
}

static int run(enum probe_kind kind, struct probe_result *r)
{
	switch (kind) {
	case PROBE_USER_NAMESPACE: return probe_user_namespace(r);
	case PROBE_NAMESPACES: return probe_namespaces(r);
	case PROBE_PROC: return probe_proc(r);
	case PROBE_OVERLAY: return probe_overlay(r);
	case PROBE_IDMAPPED_MOUNT: return probe_idmapped_mount(r);
	case PROBE_TIME_NAMESPACE: return probe_time_namespace(r);
	case PROBE_LANDLOCK: return probe_landlock(r);
	case PROBE_FILTER: return probe_filter(r);
	case PROBE_NOTIFY: return probe_notify(r);
	case PROBE_MDWE: return probe_mdwe(r);
	case PROBE_CGROUP2: return probe_cgroup2(r);
	case PROBE_CGROUP1: return probe_cgroup1(r);
	case PROBE_MOUNT_API: return probe_mount_api(r);
	case PROBE_PIDFD: return probe_pidfd(r);
	case PROBE_CLOSE_RANGE: return probe_close_range(r);
	case PROBE_DEVPTS: return probe_devpts(r);
	case PROBE_KEYRING: return probe_keyring(r);
	case PROBE_TRACE: return probe_trace(r);
	case PROBE_RLIMIT: return probe_rlimit(r);
	case PROBE_COUNT: break;
	}
	errno = EINVAL;
	return probe_fail(r, "probe");
}

struct probe_result probe_run(enum probe_kind kind)
{
	struct probe_result result = {.outcome = PROBE_FAILED, .call = "fork"};
	struct probe_result *shared;
	int status = 0;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		probe_fail(&result, "mmap");
		return result;
	}
	/* What stands if the child ends without a word. */
	shared->outcome = PROBE_DIED;
	pid = probe_fork();
	if (pid == 0) {
		shared->detail = 0;
		if (run(kind, shared) == 0)
			shared->outcome = PROBE_WORKS;
		_exit(0);
	}
	if (pid < 0) {
		probe_fail(&result, "fork");
		munmap(shared, sizeof(*shared));
		return result;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* The address of a literal is the same in a forked child. */
	result = *shared;
	if (WIFSIGNALED(status)) {
		result.error = WTERMSIG(status);
		result.outcome = result.error == SIGALRM ? PROBE_TIMED_OUT : PROBE_DIED;
		result.call = "the probe's process";
	}
	munmap(shared, sizeof(*shared));
	return result;
}
