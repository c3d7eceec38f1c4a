/* Thin wrappers for the supervisor, one a call: files, the machine, the program's own start. */
#include "kernel.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static void copy_stat(const struct stat *st, struct kernel_stat *out)
{
	out->device = st->st_dev;
	out->inode = st->st_ino;
	out->device_number = st->st_rdev;
	out->mode = st->st_mode;
	out->uid = st->st_uid;
	out->gid = st->st_gid;
	out->links = (uint32_t)st->st_nlink;
	out->size = st->st_size;
}

int kernel_stat(const char *path, int follow, struct kernel_stat *out)
{
	struct stat st;

	if ((follow ? stat(path, &st) : lstat(path, &st)) < 0)
		return -1;
	copy_stat(&st, out);
	return 0;
}

int kernel_fstat(int fd, struct kernel_stat *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	copy_stat(&st, out);
	return 0;
}

uint64_t kernel_allocated(const char *path, uint64_t *device, uint64_t *inode)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	*device = (uint64_t)st.st_dev;
	*inode = (uint64_t)st.st_ino;
	return (uint64_t)st.st_blocks * 512;
}

int kernel_has_attribute(const char *path, const char *name)
{
	char value[8] = { 0 };

	return getxattr(path, name, value, sizeof(value)) > 0 && value[0] == '1';
}

uint64_t kernel_page_size(void)
{
	long size = sysconf(_SC_PAGESIZE);

	return size > 0 ? (uint64_t)size : 4096;
}

ssize_t kernel_read_link(const char *path, void *buffer, size_t size)
{
	return readlink(path, buffer, size);
}

int kernel_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC);
}

int kernel_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	return abi < 0 ? 0 : (int)abi;
}

#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

int kernel_can_deny_write_execute(void)
{
	return prctl(PR_GET_MDWE, 0, 0, 0, 0) >= 0;
}

char *const *kernel_environment(void)
{
	return environ;
}

int kernel_open_path(const char *path)
{
	return open(path, O_PATH | O_CLOEXEC);
}

/* The number at `*text`, which moves behind it; false: there is none. scanf(3) costs 20 times as much, on the way of every launch. */
static bool next_number(const char **text, int32_t *number)
{
	char *end;
	unsigned long value = strtoul(*text, &end, 10);

	if (end == *text || value > INT32_MAX)
		return false;
	*number = (int32_t)value;
	*text = end;
	return true;
}

int kernel_release(int32_t *major, int32_t *minor)
{
	struct utsname name;
	const char *text = name.release;

	if (uname(&name) < 0 || !next_number(&text, major) || *text++ != '.' || !next_number(&text, minor))
		return -1;
	return 0;
}

int kernel_is_privileged(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	uint32_t needed = 1U << CAP_SYS_ADMIN | 1U << CAP_SETUID | 1U << CAP_SETGID |
			  1U << CAP_SETPCAP | 1U << CAP_MKNOD | 1U << CAP_CHOWN;
	char map[64] = { 0 };
	int fd;

	if (geteuid() != 0 || syscall(SYS_capget, &header, data) < 0 ||
	    (data[0].effective & needed) != needed)
		return 0;
	/* The initial user namespace maps everything onto itself; no other one is allowed to. */
	fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, map, sizeof(map) - 1) < 0)
		map[0] = 0;
	close(fd);
	/* seq_printf's "%10u %10u %10u\n" of user_namespace.c, unchanged since Linux 3.5. */
	return strcmp(map, "         0          0 4294967295\n") == 0;
}

int64_t kernel_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t kernel_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void kernel_get_limit(int resource, uint64_t *soft, uint64_t *hard)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	(void)getrlimit((__rlimit_resource_t)resource, &limit);
	*soft = limit.rlim_cur;
	*hard = limit.rlim_max;
}

/*
 * The Swift runtime of a static executable finds itself through /proc as it starts, and aborts where there is none. It
 * believes SWIFT_ROOT before that, so that the error can be ours, with its cure. First of all constructors.
 */
__attribute__((constructor(101))) static void start_without_proc(void)
{
	if (access("/proc/self/exe", F_OK) < 0)
		setenv("SWIFT_ROOT", "/", 0);
}
