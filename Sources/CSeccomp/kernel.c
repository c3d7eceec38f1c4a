/* Thin wrappers for the supervisor, one a call. */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/capability.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "launch_plan.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

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

int kernel_send_byte(int fd)
{
	return (int)send(fd, "?", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
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

int kernel_report_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

int kernel_send_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int kernel_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	return abi < 0 ? 0 : (int)abi;
}

/* Keeps the first of the descriptors that came with a message and closes every other. */
static int first_descriptor(struct msghdr *message)
{
	struct cmsghdr *header;
	int kept = -1;

	for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t i, count;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
			if (kept < 0)
				kept = fd;
			else
				close(fd);
		}
	}
	return kept;
}

ssize_t kernel_receive_report(int socket, struct launch_report *report, int *fd)
{
	struct iovec iov = { report, sizeof(*report) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))]; /* padded: the kernel puts two descriptors there */
		struct cmsghdr align;
	} control;
	struct msghdr message = { 0 };
	ssize_t size;

	*fd = -1;
	message.msg_iov = &iov;
	message.msg_iovlen = 1;
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (size < 0)
		return size;
	*fd = first_descriptor(&message);
	/* A message that is longer than a report is none; nor is its beginning. */
	return message.msg_flags & MSG_TRUNC ? size + 1 : size;
}

int kernel_signal_descriptor(uint64_t *saved)
{
	uint64_t all = ~0ULL;

	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, saved, sizeof(all)) < 0)
		return -1;
	/* A caller that ignores SIGCHLD would make the kernel throw wait statuses away, init's too (wait(2), NOTES). */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -1;
	return (int)syscall(SYS_signalfd4, -1, &all, sizeof(all), SFD_CLOEXEC | SFD_NONBLOCK);
}

void kernel_restore_mask(uint64_t saved)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &saved, NULL, sizeof(saved));
}

uint64_t kernel_ignored_signals(void)
{
	struct sigaction action;
	uint64_t ignored = 0;
	int sig;

	for (sig = 1; sig < 32; sig++)
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			ignored |= 1ULL << (sig - 1);
	return ignored;
}

int kernel_read_signal(int fd, struct kernel_signal *out)
{
	struct signalfd_siginfo info;

	/* What the kernel sends us for our own writes (SIGPIPE, SIGXFSZ) carries our own pid: it is not for the app. */
	do {
		if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
			return -1;
	} while (info.ssi_pid == (uint32_t)getpid());
	out->number = (int32_t)info.ssi_signo;
	out->from_kernel = info.ssi_code == SI_KERNEL;
	return 0;
}

int kernel_wait(int pidfd, int block, int *status)
{
	siginfo_t info = { 0 };

	if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | (block ? 0 : WNOHANG)) < 0)
		return -1;
	if (info.si_pid == 0)
		return 0;
	if (info.si_code == CLD_EXITED)
		*status = (info.si_status & 0xff) << 8;
	else
		*status = (info.si_status & 0x7f) | (info.si_code == CLD_DUMPED ? 0x80 : 0);
	return 1;
}

#define TERMIOS_GET 0x5401 /* TCGETS and TCSETS: the kernel's struct termios; at once, a stopped terminal never drains */
#define TERMIOS_SET 0x5402

int kernel_terminal_get(int fd, uint8_t modes[36])
{
	return ioctl(fd, TERMIOS_GET, modes);
}

int kernel_terminal_set(int fd, const uint8_t modes[36])
{
	return ioctl(fd, TERMIOS_SET, modes);
}

int kernel_terminal_raw(int fd)
{
	struct termios modes;

	if (tcgetattr(fd, &modes) < 0)
		return -1;
	cfmakeraw(&modes);
	return tcsetattr(fd, TCSANOW, &modes);
}

int kernel_window_get(int fd, uint16_t size[4])
{
	return ioctl(fd, TIOCGWINSZ, size);
}

int kernel_window_set(int fd, const uint16_t size[4])
{
	return ioctl(fd, TIOCSWINSZ, size);
}

static int write_map(int pid, const char *file, uint32_t inside, uint32_t outside)
{
	char path[64], line[64];
	int fd, length;
	ssize_t done;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	length = snprintf(line, sizeof(line), "%u %u 1\n", inside, outside);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	done = write(fd, line, (size_t)length);
	close(fd);
	return done == length ? 0 : -1;
}

static int wait_on_pipe(void *argument)
{
	char byte;

	(void)syscall(SYS_read, *(int *)argument, &byte, 1);
	for (;;)
		_exit(0);
}

int kernel_user_namespace(uint32_t inside_uid, uint32_t outside_uid, uint32_t inside_gid, uint32_t outside_gid)
{
	char stack[8192] __attribute__((aligned(16)));
	char path[64];
	int ends[2], pid, saved, fd = -1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	/* Shares our memory and descriptors, and only reads from the pipe: it is the namespace's holder. */
	pid = clone(wait_on_pipe, stack + sizeof(stack), CLONE_VM | CLONE_FILES | CLONE_NEWUSER | SIGCHLD,
		    &ends[0]);
	if (pid > 0 && write_map(pid, "uid_map", inside_uid, outside_uid) == 0 &&
	    write_map(pid, "gid_map", inside_gid, outside_gid) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	saved = errno;
	close(ends[1]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	close(ends[0]);
	errno = saved;
	return fd;
}

static char *const *own_arguments;

/* glibc hands main's arguments to constructors too. Elsewhere they would have to be read from /proc, which may be missing. */
__attribute__((constructor)) static void keep_arguments(int count, char **arguments)
{
	(void)count;
	own_arguments = arguments;
}

char *const *kernel_arguments(void)
{
	return own_arguments;
}

char *const *kernel_environment(void)
{
	return environ;
}

int kernel_open_path(const char *path)
{
	return open(path, O_PATH | O_CLOEXEC);
}

int kernel_release(int32_t *major, int32_t *minor)
{
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%d.%d", major, minor) != 2)
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
	unsigned int inside, outside, count;
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
	return sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 && outside == 0 &&
	       count == 4294967295U;
}

int64_t kernel_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Where the program lies: the headers are mapped, their addresses are relative to the bias. */
static const ElfW(Phdr) *program_headers(size_t *count, uintptr_t *bias)
{
	const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	size_t i;

	*count = headers ? getauxval(AT_PHNUM) : 0;
	/* The headers lie right behind the ELF header, at the start of the first segment. */
	*bias = (uintptr_t)headers - sizeof(ElfW(Ehdr));
	for (i = 0; i < *count; i++)
		if (headers[i].p_type == PT_PHDR)
			*bias = (uintptr_t)headers - headers[i].p_vaddr;
	return headers;
}

const char *kernel_loader(void)
{
	size_t i, count;
	uintptr_t bias;
	const ElfW(Phdr) *headers = program_headers(&count, &bias);

	for (i = 0; i < count; i++)
		if (headers[i].p_type == PT_INTERP)
			return (const char *)(bias + headers[i].p_vaddr);
	return NULL;
}

void kernel_own_segments(struct launch_plan *plan)
{
	size_t i, count;
	uintptr_t bias, page = (uintptr_t)sysconf(_SC_PAGESIZE), relro = 0;
	const ElfW(Phdr) *headers = program_headers(&count, &bias);

	/* AT_BASE is the loader's address: 0 in a static executable (getauxval(3)). A dynamic one's libraries keep data and
	 * text elsewhere, so that little would be gained. */
	if (getauxval(AT_BASE) != 0)
		return;
	for (i = 0; i < count; i++)
		if (headers[i].p_type == PT_GNU_RELRO)
			relro = bias + headers[i].p_vaddr;
	for (i = 0; i < count; i++) {
		uintptr_t begin = bias + headers[i].p_vaddr, end = begin + headers[i].p_memsz;

		if (headers[i].p_type != PT_LOAD)
			continue;
		if (headers[i].p_flags & PF_X) {
			plan->code_start = begin & ~(page - 1);
			plan->code_size = end - plan->code_start;
		}
		/* The writable segment that holds RELRO keeps its relocated tables. */
		if (headers[i].p_flags & PF_W && !(relro >= begin && relro < end)) {
			plan->data_start = (begin + page - 1) & ~(page - 1);
			plan->data_size = (end & ~(page - 1)) - plan->data_start;
		}
	}
}

/*
 * Drops the pages of a writable mapping that nobody has written: they are the file's still (pagemap(5): bit 61), and come back
 * from it. The linker puts constants beside data, so most of that mapping is such.
 */
static void shed_unwritten(uintptr_t start, uintptr_t end, uintptr_t page)
{
	uint64_t entries[512];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uintptr_t at = start;

	while (fd >= 0 && at < end) {
		size_t i, wanted = (end - at) / page;
		ssize_t size;

		if (wanted > sizeof(entries) / sizeof(entries[0]))
			wanted = sizeof(entries) / sizeof(entries[0]);
		size = pread(fd, entries, wanted * sizeof(entries[0]),
			     (off_t)(at / page * sizeof(entries[0])));
		if (size <= 0)
			break;
		for (i = 0; i < (size_t)size / sizeof(entries[0]); i++)
			if (entries[i] >> 63 & 1 && entries[i] >> 61 & 1)
				(void)madvise((void *)(at + i * page), page, MADV_DONTNEED);
		at += i * page;
	}
	if (fd >= 0)
		close(fd);
}

void kernel_shed_memory(void)
{
	ElfW(Phdr) copy[24];
	size_t i, count;
	uintptr_t bias, page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const ElfW(Phdr) *headers = program_headers(&count, &bias);

	malloc_trim(0);
	/* A copy, for reading them from the program's first page would bring that back. */
	if (count > sizeof(copy) / sizeof(copy[0]))
		return;
	memcpy(copy, headers, count * sizeof(copy[0]));
	for (i = 0; i < count; i++) {
		uintptr_t start = (bias + copy[i].p_vaddr) & ~(page - 1);

		if (copy[i].p_type == PT_LOAD && copy[i].p_flags & PF_W)
			shed_unwritten(start, bias + copy[i].p_vaddr + copy[i].p_filesz, page);
	}
	for (i = 0; i < count; i++) {
		uintptr_t start = (bias + copy[i].p_vaddr) & ~(page - 1);

		if (copy[i].p_type == PT_LOAD && !(copy[i].p_flags & PF_W))
			(void)madvise((void *)start, bias + copy[i].p_vaddr + copy[i].p_memsz - start,
				      MADV_DONTNEED);
	}
}

const char *kernel_error_name(int number)
{
	const char *name = strerrorname_np(number);

	return name ? name : "unknown error";
}

const char *kernel_error_text(int number)
{
	const char *text = strerrordesc_np(number);

	return text ? text : "unknown error";
}

static const char *const signal_names[] = {
	[SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",	  [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",	  [SIGBUS] = "SIGBUS",	 [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1",	  [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",	  [SIGTERM] = "SIGTERM", [SIGSTKFLT] = "SIGSTKFLT",
	[SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT",	  [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP",
	[SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU",	  [SIGURG] = "SIGURG",	 [SIGXCPU] = "SIGXCPU",
	[SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH",
	[SIGIO] = "SIGIO",     [SIGPWR] = "SIGPWR",	  [SIGSYS] = "SIGSYS",
};

const char *kernel_signal_name(int number)
{
	if (number < 1 || number >= (int)(sizeof(signal_names) / sizeof(signal_names[0])))
		return NULL;
	return signal_names[number];
}

int kernel_signal_number(const char *name)
{
	int i;

	for (i = 1; i < (int)(sizeof(signal_names) / sizeof(signal_names[0])); i++)
		if (strcmp(name, signal_names[i]) == 0 || strcmp(name, signal_names[i] + 3) == 0)
			return i;
	return 0;
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
