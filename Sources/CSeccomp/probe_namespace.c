/* Probes of namespaces and mounts. Each runs in a child of probe_run. */
#include "probe_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* <sys/mount.h> and <linux/mount.h> exclude each other in glibc 2.36. */
int mount(const char *, const char *, const char *, unsigned long, const void *);

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* A directory that every Linux system has; what is mounted on it is seen by the probe alone. */
static const char place[] = "/tmp";

int probe_user_namespace(struct probe_result *r)
{
	if (probe_enter(r, 0) != 0)
		return -1;
	if (geteuid() != 0)
		return probe_ineffective(r, "uid_map");
	/* Some systems let the namespace be made but give it no rights: see below. */
	return 0;
}

/* mount and sethostname show that the rights inside are real. */
static int use_rights(struct probe_result *r)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return probe_fail(r, "mount(MS_PRIVATE)");
	if (mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") != 0)
		return probe_fail(r, "mount tmpfs");
	if (sethostname("probe", 5) != 0)
		return probe_fail(r, "sethostname");
	return 0;
}

int probe_namespaces(struct probe_result *r)
{
	static const int kinds[] = {CLONE_NEWNS,  CLONE_NEWPID, CLONE_NEWNET,
				    CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};

	if (probe_enter(r, 0) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (unshare(kinds[i]) != 0) {
			r->detail |= kinds[i];
			probe_fail(r, "unshare");
		}
	}
	return r->detail != 0 ? -1 : use_rights(r);
}

/* Runs body as PID 1 of the pid namespace that the caller has just unshared. */
static int as_first(struct probe_result *r, int (*body)(struct probe_result *))
{
	pid_t pid = probe_fork();

	if (pid < 0)
		return probe_fail(r, "fork");
	if (pid == 0)
		_exit(body(r) == 0 ? 0 : 1);
	if (probe_wait(pid) == 0)
		return 0;
	if (r->call == NULL)
		probe_ineffective(r, "a process in the new namespace");
	return -1;
}

static int mount_proc(struct probe_result *r)
{
	char self[16] = "";
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (getpid() != 1)
		return probe_ineffective(r, "unshare(CLONE_NEWPID)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return probe_fail(r, "mount(MS_PRIVATE)");
	if (mount("proc", "/proc", "proc", flags, NULL) != 0)
		return probe_fail(r, "mount proc");
	if (readlink("/proc/self", self, sizeof(self) - 1) < 0)
		return probe_fail(r, "readlink /proc/self");
	return strcmp(self, "1") == 0 ? 0 : probe_ineffective(r, "mount proc");
}

int probe_proc(struct probe_result *r)
{
	if (probe_enter(r, CLONE_NEWNS | CLONE_NEWPID) != 0)
		return -1;
	return as_first(r, mount_proc);
}

/* A private tmpfs to work in, entered. */
static int enter_place(struct probe_result *r)
{
	if (probe_enter(r, CLONE_NEWNS) != 0)
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return probe_fail(r, "mount(MS_PRIVATE)");
	if (mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m") != 0)
		return probe_fail(r, "mount tmpfs");
	return chdir(place) == 0 ? 0 : probe_fail(r, "chdir");
}

static int make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return -1;
	close(fd);
	return probe_write(path, text);
}

int probe_overlay(struct probe_result *r)
{
	static const char options[] =
		"lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work,userxattr";
	char text[16];

	if (enter_place(r) != 0)
		return -1;
	if (mkdir("lower", 0755) != 0 || mkdir("upper", 0755) != 0 || mkdir("work", 0755) != 0 ||
	    mkdir("merged", 0755) != 0 || make_file("lower/file", "below") != 0)
		return probe_fail(r, "mkdir");
	if (mount("overlay", "merged", "overlay", MS_NOSUID | MS_NODEV, options) != 0)
		return probe_fail(r, "mount overlay");
	if (probe_write("merged/file", "above") != 0)
		return probe_fail(r, "write through the overlay");
	if (probe_read("lower/file", text, sizeof(text)) < 0 || strcmp(text, "below") != 0)
		return probe_ineffective(r, "mount overlay");
	if (probe_read("merged/file", text, sizeof(text)) < 0 || strcmp(text, "above") != 0)
		return probe_ineffective(r, "mount overlay");
	return 0;
}

/* A user namespace that shows id 0 as id 100000, held by a child; returns its descriptor. */
static int mapping_namespace(struct probe_result *r, pid_t *holder)
{
	char path[64];
	int ready[2];
	char byte;
	int fd;

	if (pipe2(ready, O_CLOEXEC) != 0)
		return probe_fail(r, "pipe2");
	*holder = probe_fork();
	if (*holder < 0)
		return probe_fail(r, "fork");
	if (*holder == 0) {
		if (unshare(CLONE_NEWUSER) != 0)
			_exit(errno);
		if (write(ready[1], "", 1) != 1)
			_exit(EIO);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		errno = EPERM;
		return probe_fail(r, "unshare(CLONE_NEWUSER)");
	}
	snprintf(path, sizeof(path), "/proc/%d/uid_map", *holder);
	if (probe_write(path, "0 100000 1") != 0)
		return probe_fail(r, "write uid_map");
	snprintf(path, sizeof(path), "/proc/%d/gid_map", *holder);
	if (probe_write(path, "0 100000 1") != 0)
		return probe_fail(r, "write gid_map");
	snprintf(path, sizeof(path), "/proc/%d/ns/user", *holder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : probe_fail(r, "open ns/user");
}

int probe_idmapped_mount(struct probe_result *r)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP};
	struct stat before, after;
	pid_t holder = -1;
	int tree;
	int namespace = mapping_namespace(r, &holder);

	if (namespace < 0)
		return -1;
	attributes.userns_fd = (uint64_t)namespace;
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return probe_fail(r, "open_tree");
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes,
		    sizeof(attributes)) != 0)
		return probe_fail(r, "mount_setattr(MOUNT_ATTR_IDMAP)");
	kill(holder, SIGKILL);
	if (stat("/", &before) != 0 || fstatat(tree, "", &after, AT_EMPTY_PATH) != 0)
		return probe_fail(r, "stat");
	if (before.st_uid == 0 && after.st_uid != 100000)
		return probe_ineffective(r, "mount_setattr(MOUNT_ATTR_IDMAP)");
	return 0;
}

static struct timespec started;

static int compare_clock(struct probe_result *r)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return probe_fail(r, "clock_gettime");
	if (now.tv_sec - started.tv_sec < 86000)
		return probe_ineffective(r, "timens_offsets");
	return 0;
}

int probe_time_namespace(struct probe_result *r)
{
	if (clock_gettime(CLOCK_MONOTONIC, &started) != 0)
		return probe_fail(r, "clock_gettime");
	if (probe_enter(r, 0) != 0)
		return -1;
	if (unshare(CLONE_NEWTIME) != 0)
		return probe_fail(r, "unshare(CLONE_NEWTIME)");
	if (probe_write("/proc/self/timens_offsets", "monotonic 86400 0\n") != 0)
		return probe_fail(r, "write timens_offsets");
	return as_first(r, compare_clock);
}

int probe_mount_api(struct probe_result *r)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
	int fs, made, tree;

	if (enter_place(r) != 0)
		return -1;
	if (mkdir("new", 0755) != 0 || mkdir("copy", 0755) != 0)
		return probe_fail(r, "mkdir");
	fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return probe_fail(r, "fsopen");
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
		return probe_fail(r, "fsconfig");
	made = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
	if (made < 0)
		return probe_fail(r, "fsmount");
	if (syscall(SYS_move_mount, made, "", AT_FDCWD, "new", MOVE_MOUNT_F_EMPTY_PATH) != 0)
		return probe_fail(r, "move_mount");
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, "new", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return probe_fail(r, "open_tree");
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) != 0)
		return probe_fail(r, "mount_setattr");
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, "copy", MOVE_MOUNT_F_EMPTY_PATH) != 0)
		return probe_fail(r, "move_mount");
	if (make_file("new/file", "text") != 0)
		return probe_fail(r, "write to a new tmpfs");
	if (open("copy/file", O_WRONLY | O_CLOEXEC) >= 0 || errno != EROFS)
		return probe_ineffective(r, "mount_setattr");
	return 0;
}

int probe_devpts(struct probe_result *r)
{
	char text[8] = "";
	int zero = 0;
	int master, peer;

	if (enter_place(r) != 0)
		return -1;
	if (mkdir("pts", 0755) != 0)
		return probe_fail(r, "mkdir");
	if (mount("devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC,
		  "newinstance,ptmxmode=0666,mode=0600") != 0)
		return probe_fail(r, "mount devpts");
	master = open("pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		return probe_fail(r, "open ptmx");
	if (ioctl(master, TIOCSPTLCK, &zero) != 0)
		return probe_fail(r, "ioctl(TIOCSPTLCK)");
	peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return probe_fail(r, "ioctl(TIOCGPTPEER)");
	if (write(peer, "x", 1) != 1 || read(master, text, sizeof(text) - 1) < 1)
		return probe_fail(r, "write to the terminal");
	return text[0] == 'x' ? 0 : probe_ineffective(r, "a new devpts");
}
