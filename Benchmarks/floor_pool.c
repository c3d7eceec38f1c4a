/*
 * What a daemon could reach: launches out of a finished template mount namespace, network namespaces made
 * ahead, the user namespace last. Start to main, as the app's own clock says.
 */
#include "floor.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

enum { MOST = 10000 };

static double times[MOST];

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One launch out of the template: what is left to do per app. */
static void be_pooled(const struct floor_options *options, char **command)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "pdeathsig");
	must(setns(network_fd, CLONE_NEWNET), "setns");
	must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
	must(sethostname("isolated", 8), "hostname");
	drop_all(options);
	be_init(options, command);
}

static double stamp_after(int out, long long from)
{
	char text[64] = "";

	must(read(out, text, sizeof text - 1) - 1, "stamp");
	return (double)(atoll(text) - from) / 1e3;
}

static double launch_pooled(struct floor_options *options, char **command, int out)
{
	const unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	long long from;
	double taken;
	int pid;

	must(-make_network(options), "network"); /* the pool: not part of what is measured */
	from = now_ns();
	pid = (int)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	must(pid, "clone");
	if (!pid)
		be_pooled(options, command);
	taken = stamp_after(out, from);
	wait_for(pid);
	close(network_fd);
	return taken;
}

static int print_median(int fd, int count)
{
	qsort(times, (size_t)count, sizeof *times, compare);
	dprintf(fd, "%.1f\n", times[count / 2]);
	return 0;
}

int launch_pool(struct floor_options *options, char **command, int count)
{
	int out[2], real = dup(1);

	if (count < 1 || count > MOST || !options->is_root) {
		fputs("floor: pool wants root and a count of 1 to 10000\n", stderr);
		return 125;
	}
	options->variants |= LATE_USER | MKNOD | VFORK_APP;
	must(pipe2(out, O_CLOEXEC), "pipe");
	must(dup2(out[1], 1), "stdout");
	must(unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP), "unshare");
	view_build(options);
	for (int i = 0; i < count; i++)
		times[i] = launch_pooled(options, command, out[0]);
	return print_median(real, count);
}

/* The child of one launch out of the template. */
static int start_pooled(struct floor_options *options, char **command)
{
	const unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	int pid = (int)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	must(pid, "clone");
	if (!pid)
		be_pooled(options, command);
	close(network_fd);
	return pid;
}

int restart_pool(struct floor_options *options, char **command, int count)
{
	if (!options->is_root)
		return 125;
	options->variants |= LATE_USER | MKNOD | VFORK_APP;
	must(unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP), "unshare");
	view_build(options);
	must(-make_network(options), "network");
	for (int i = 0; i < count; i++) {
		int pid = start_pooled(options, command);

		/* The next one's network is made while this one lives. */
		must(-make_network(options), "network");
		wait_for(pid);
	}
	return 0;
}

int restart_plain(char **command, int count)
{
	for (volatile int i = 0; i < count; i = i + 1) {
		int pid = vfork();

		must(pid, "vfork");
		if (!pid) {
			execve(command[0], command, environ);
			_exit(127);
		}
		wait_for(pid);
	}
	return 0;
}

int launch_plain(char **command, int count)
{
	int out[2], real = dup(1);

	if (count < 1 || count > MOST)
		return 125;
	must(pipe2(out, O_CLOEXEC), "pipe");
	must(dup2(out[1], 1), "stdout");
	for (int i = 0; i < count; i++) {
		long long from = now_ns();
		int pid = vfork();

		must(pid, "vfork");
		if (!pid) {
			execve(command[0], command, environ);
			_exit(127);
		}
		times[i] = stamp_after(out[0], from);
		wait_for(pid);
	}
	return print_median(real, count);
}
