/* Limits, priorities and processors of others, and what of a file is no reading or writing. Each attack leaves things as they were. */
#include "victim.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>

#define PROCESS 1 /* IOPRIO_WHO_PROCESS */
#define USER 3    /* IOPRIO_WHO_USER */

static int set_limit(pid_t pid)
{
	struct rlimit limit;

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) < 0)
		return errno;
	return result_of(prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
}

static int set_class(pid_t pid)
{
	struct sched_param parameter = { 0 };

	return result_of(sched_setscheduler(pid, SCHED_OTHER, &parameter));
}

static int set_parameter(pid_t pid)
{
	struct sched_param parameter = { 0 };

	return result_of(sched_setparam(pid, &parameter));
}

/* struct sched_attr of linux/sched/types.h, its first version: all zero is the usual class, niceness 0. */
static int set_attributes(pid_t pid)
{
	uint32_t attributes[12] = { sizeof(attributes) };

	return result_of(syscall(SYS_sched_setattr, pid, attributes, 0));
}

static int set_processors(pid_t pid)
{
	cpu_set_t set;

	if (sched_getaffinity(pid, sizeof(set), &set) < 0)
		return errno;
	return result_of(sched_setaffinity(pid, sizeof(set), &set));
}

static int set_niceness(pid_t pid)
{
	return result_of(setpriority(PRIO_PROCESS, (id_t)pid, getpriority(PRIO_PROCESS, 0)));
}

static int set_disk_priority(pid_t pid)
{
	return result_of(syscall(SYS_ioprio_set, PROCESS, pid, 0));
}

static const struct {
	const char *name;
	int (*set)(pid_t pid);
} ways[] = {
	{ "limit", set_limit },	      { "class", set_class },		{ "parameter", set_parameter },
	{ "attributes", set_attributes }, { "processors", set_processors }, { "niceness", set_niceness },
	{ "disk", set_disk_priority },
};

static int steer(char **words)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].name, words[0]) == 0)
			return ways[i].set((pid_t)atol(words[1]));
	return BROKEN;
}

/* Every process of the user at once. */
static int steer_user(char **words)
{
	if (strcmp(words[0], "niceness") == 0)
		return result_of(setpriority(PRIO_USER, 0, getpriority(PRIO_PROCESS, 0)));
	return result_of(syscall(SYS_ioprio_set, USER, getuid(), 0));
}

static int change_owner(char **words)
{
	return result_of(chown(words[0], getuid(), getgid()));
}

static int change_times(char **words)
{
	return result_of(utimensat(AT_FDCWD, words[0], NULL, 0));
}

static int set_attribute(char **words)
{
	return result_of(setxattr(words[0], "user.isolated", "x", 1, 0));
}

/* Through a descriptor for reading: that no time of reading is kept (FS_IOC_SETFLAGS, FS_NOATIME_FL of linux/fs.h). */
static int set_flags(char **words)
{
	long flags = 0x80;
	int fd = open(words[0], O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : result_of(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

/* The same by the file's name. Linux 6.17; struct file_attr of linux/fs.h, its flag FS_XFLAG_NOATIME. */
static int set_flags_by_name(char **words)
{
	uint64_t attribute[3] = { 0x40, 0, 0 };

	return result_of(syscall(469 /* file_setattr */, AT_FDCWD, words[0], attribute, sizeof(attribute), 0));
}

static int watch(char **words)
{
	return result_of(inotify_add_watch(inotify_init1(IN_CLOEXEC), words[0], IN_ALL_EVENTS));
}

/* Such a pair can be pointed at any socket of the file system. */
static int pair_of_datagrams(char **words)
{
	int pair[2];

	(void)words;
	return result_of(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
}

const struct attack steering_attacks[] = {
	{ "steer", 2, steer },
	{ "steer-user", 1, steer_user },
	{ "change-owner", 1, change_owner },
	{ "change-times", 1, change_times },
	{ "set-attribute", 1, set_attribute },
	{ "set-flags", 1, set_flags },
	{ "set-flags-by-name", 1, set_flags_by_name },
	{ "watch", 1, watch },
	{ "pair-of-datagrams", 0, pair_of_datagrams },
	{ NULL, 0, NULL },
};
