/*
 * The one-shot classic floor.
 *
 *     floor bare -- CMD...                        vfork and exec, no isolation at all
 *     floor classic [OPTIONS] -- CMD...           the isolation of `isolated run`, then the status of CMD
 *     floor pool N [OPTIONS] -- STAMP             N launches from a template mount namespace with network
 *                                                 namespaces made ahead; prints the median start to main
 *                                                 in microseconds. Root only
 *     floor plain N -- STAMP                      the same of vfork and exec without any isolation
 *     floor restart-pool N [OPTIONS] -- CMD       CMD N times, out of the template, again as soon as it ends. Root only
 *     floor restart-classic N [OPTIONS] -- CMD    the same, each as the one-shot classic floor launches
 *     floor restart-plain N -- CMD                the same without any isolation
 *         --read DIR    show one more directory, read-only
 *         --no-init     CMD itself is PID 1: nobody reaps, nobody reports
 *         --work US     the parent is busy that long before it knows the plan, as a real launcher is
 *         --with LIST   ideas on trial, see floor.h
 *
 * Exit status: of CMD, 128 + N when signal N ended it, 125 when the floor itself failed.
 */
#include "floor.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include "filter_bytes.h"
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

enum { APP_ID = 1000, BASE_ID = 100000, ID_COUNT = 65536 };

int network_fd = -1;
static int report[2] = { -1, -1 };

void must(long rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd, path);
	must(write(fd, text, strlen(text)), path);
	close(fd);
}

/* The parent's half of the classic way; pid 0 is the caller itself. */
static void write_maps(const struct floor_options *options, int pid)
{
	char path[64], who[16] = "self", uids[64], gids[64];
	const int is_late = options->variants & LATE_USER;

	if (pid)
		snprintf(who, sizeof who, "%d", pid);
	if (options->is_root && !is_late) {
		snprintf(uids, sizeof uids, "0 %d %d", BASE_ID, ID_COUNT);
		snprintf(gids, sizeof gids, "0 %d %d", BASE_ID, ID_COUNT);
	} else {
		unsigned int uid = is_late ? BASE_ID : options->uid, gid = is_late ? BASE_ID : options->gid;

		snprintf(uids, sizeof uids, "%u %u 1", is_late ? APP_ID : uid, uid);
		snprintf(gids, sizeof gids, "%u %u 1", is_late ? APP_ID : gid, gid);
		snprintf(path, sizeof path, "/proc/%s/setgroups", who);
		write_file(path, "deny");
	}
	snprintf(path, sizeof path, "/proc/%s/uid_map", who);
	write_file(path, uids);
	snprintf(path, sizeof path, "/proc/%s/gid_map", who);
	write_file(path, gids);
}

static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		return -1;
	return fd;
}

int make_network(void *argument)
{
	const struct floor_options *options = argument;
	int fd;

	if (unshare(CLONE_NEWNET))
		return 1;
	fd = options->variants & NET_EMPTY ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : loopback_up();
	if (fd < 0)
		return 2;
	network_fd = ioctl(fd, SIOCGSKNS);
	close(fd);
	return network_fd < 0 ? 3 : 0;
}

static void drop_bounding(void)
{
	for (int capability = 0; prctl(PR_CAPBSET_DROP, capability) == 0; capability++)
		;
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient");
	must(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
				      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
				      SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED),
	     "securebits");
}

static void take_identity(unsigned int id)
{
	must(syscall(SYS_setgroups, 0, NULL), "setgroups");
	must(syscall(SYS_setresgid, id, id, id), "setresgid");
	must(syscall(SYS_setresuid, id, id, id), "setresuid");
}

void drop_all(const struct floor_options *options)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	if (options->variants & LATE_USER) {
		take_identity(BASE_ID);
		must(prctl(PR_SET_DUMPABLE, 1), "dumpable");
		must(unshare(CLONE_NEWUSER), "unshare user");
		write_maps(options, 0);
	}
	drop_bounding();
	if (options->is_root && !(options->variants & LATE_USER))
		take_identity(APP_ID);
	must(syscall(SYS_capset, &header, none), "capset");
}

static void run_app(char **command)
{
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	setsid();
	must(syscall(SYS_close_range, 3, ~0u, 0), "close_range");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "filter");
	execve(command[0], command, environ);
	must(-1, command[0]);
}

int wait_for(int app)
{
	for (;;) {
		int status, pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno != EINTR)
			must(-1, "wait");
		if (pid == app && !WIFSTOPPED(status))
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

/* PID 1: starts the app, reaps what it leaves, reports its status as its own. */
void be_init(const struct floor_options *options, char **command)
{
	int gate[2] = { -1, -1 }, pid;

	if (options->variants & UMOUNT_INIT)
		must(pipe2(gate, O_CLOEXEC), "gate");
	pid = options->variants & VFORK_APP ? vfork() : (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	must(pid, "fork");
	if (!pid) {
		char byte;

		if (gate[0] >= 0) {
			must(chdir("/"), "/");
			must(read(gate[0], &byte, 1) - 1, "gate");
		}
		run_app(command);
	}
	if (gate[1] >= 0) {
		view_drop_old();
		must(write(gate[1], "", 1), "gate");
	}
	pid = wait_for(pid);
	if (report[1] >= 0) {
		/* Everything else in the namespace is ended and reaped first: only init itself remains. */
		kill(-1, SIGKILL);
		while (waitpid(-1, NULL, __WALL) > 0)
			;
		must(write(report[1], &pid, sizeof pid), "report");
	}
	_exit(pid);
}

static unsigned long all_namespaces(unsigned int variants)
{
	unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	if (!(variants & LATE_USER))
		flags |= CLONE_NEWUSER;
	if (!(variants & (NET_HELPER | NO_NET)))
		flags |= CLONE_NEWNET;
	return flags;
}

static void unshare_pieces(unsigned long flags)
{
	static const int order[] = { CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWNS };

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (flags & (unsigned long)order[i])
			must(unshare(order[i]), "unshare");
}

static void be_child(struct floor_options *options, int gate, unsigned long pieces, char **command)
{
	const unsigned int variants = options->variants;
	int helper = 0;
	char byte;

	if (variants & NET_HELPER) {
		helper = helper_start(make_network, options, CLONE_FILES);
		if (variants & SPREAD)
			helper_move_away(helper);
	}
	if (variants & EARLY) {
		unshare_pieces(pieces);
		pieces = 0;
		close(loopback_up());
	}
	if (gate >= 0) {
		must(read(gate, &byte, 1) - 1, "gate");
		close(gate);
	}
	if (variants & EARLY && variants & SPREAD)
		sched_setaffinity(0, sizeof options->affinity, &options->affinity);
	if (!(variants & LATE_USER) && variants & SELF_MAP)
		write_maps(options, 0);
	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "pdeathsig");
	unshare_pieces(pieces);
	if (options->is_root && !(variants & LATE_USER))
		take_identity(0);
	view_build(options);
	if (variants & NET_HELPER) {
		helper_join(helper);
		must(setns(network_fd, CLONE_NEWNET), "setns");
		close(network_fd);
	} else if (!(variants & (NET_EMPTY | NO_NET | EARLY))) {
		int fd = loopback_up();

		must(fd, "lo");
		close(fd);
	}
	must(sethostname("isolated", 8), "hostname");
	view_join();
	drop_all(options);
	if (!options->has_init)
		run_app(command);
	be_init(options, command);
}

static int launch_classic(struct floor_options *options, char **command)
{
	unsigned long flags = all_namespaces(options->variants), pieces = 0;
	const int is_early = options->variants & EARLY;
	const int is_gated = is_early || !(options->variants & (LATE_USER | SELF_MAP));
	int gate[2] = { -1, -1 }, pid;

	if (!is_early)
		busy_for(options->work_us);
	if (options->variants & (PIECES | EARLY)) {
		pieces = flags & ~(unsigned long)(CLONE_NEWUSER | CLONE_NEWPID);
		flags &= CLONE_NEWUSER | CLONE_NEWPID;
	}
	if (is_gated)
		must(pipe2(gate, O_CLOEXEC), "pipe");
	if (is_early)
		must(sched_getaffinity(0, sizeof options->affinity, &options->affinity), "affinity");
	if (options->variants & EARLY_REPORT)
		must(pipe2(report, O_CLOEXEC), "report");
	pid = (int)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	must(pid, "clone");
	if (!pid)
		be_child(options, gate[0], pieces, command);
	if (is_early) {
		if (options->variants & SPREAD)
			helper_move_away(pid);
		busy_for(options->work_us);
	}
	if (is_gated) {
		if (!(options->variants & (LATE_USER | SELF_MAP)))
			write_maps(options, pid);
		must(write(gate[1], "", 1), "gate");
	}
	if (report[1] >= 0) {
		close(report[1]);
		if (read(report[0], &pid, sizeof pid) == sizeof pid)
			_exit(pid);
	}
	return wait_for(pid);
}

static int launch_bare(char **command)
{
	int pid = vfork();

	must(pid, "vfork");
	if (!pid) {
		execve(command[0], command, environ);
		_exit(127);
	}
	return wait_for(pid);
}

static unsigned int variant_bits(char *list)
{
	static const char *const names[] = {
		"net-helper", "self-map", "late-user", "fsmount-root", "cover-old", "umount-helper", "umount-init",
		"one-tmpfs", "mknod", "mask-bind", "mask-clone", "pieces", "vfork-app", "no-private", "net-empty",
		"fd-binds", "no-net", "spread", "early-report", "early",
	};
	unsigned int bits = 0;

	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		size_t i = 0;

		while (i < sizeof names / sizeof *names && strcmp(names[i], name))
			i++;
		if (i == sizeof names / sizeof *names) {
			fprintf(stderr, "floor: no variant is called %s\n", name);
			_exit(125);
		}
		bits |= 1u << i;
	}
	return bits;
}

int main(int argc, char **argv)
{
	struct floor_options options = { .has_init = 1, .uid = getuid(), .gid = getgid() };
	const int is_pool = argc > 2 && !strcmp(argv[1], "pool");
	const int is_plain = argc > 2 && !strcmp(argv[1], "plain");
	const int is_restart = argc > 2 && !strncmp(argv[1], "restart-", 8);
	int i = is_pool || is_plain || is_restart ? 3 : 2;

	options.is_root = options.uid == 0;
	for (; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--no-init"))
			options.has_init = 0;
		else if (!strcmp(argv[i], "--read") && i + 1 < argc)
			options.read_path = argv[++i];
		else if (!strcmp(argv[i], "--work") && i + 1 < argc)
			options.work_us = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--with") && i + 1 < argc)
			options.variants |= variant_bits(argv[++i]);
		else
			argc = 0;
	}
	if (argc < 2 || i + 1 >= argc) {
		fputs("usage: floor bare|classic|pool N|plain N [--read DIR] [--no-init] [--with LIST] -- CMD\n",
		      stderr);
		return 125;
	}
	/* Init must keep the right to unmount, and must not sleep in vfork while the app waits for it. */
	if (options.variants & UMOUNT_INIT && options.variants & (LATE_USER | VFORK_APP)) {
		fputs("floor: umount-init goes neither with late-user nor with vfork-app\n", stderr);
		return 125;
	}
	if (!strcmp(argv[1], "bare"))
		return launch_bare(argv + i + 1);
	if (!strcmp(argv[1], "restart-pool"))
		return restart_pool(&options, argv + i + 1, atoi(argv[2]));
	if (!strcmp(argv[1], "restart-plain"))
		return restart_plain(argv + i + 1, atoi(argv[2]));
	if (!strcmp(argv[1], "restart-classic")) {
		for (int n = atoi(argv[2]); n > 0; n--)
			(void)launch_classic(&options, argv + i + 1);
		return 0;
	}
	if (is_plain)
		return launch_plain(argv + i + 1, atoi(argv[2]));
	if (is_pool)
		return launch_pool(&options, argv + i + 1, atoi(argv[2]));
	return launch_classic(&options, argv + i + 1);
}
