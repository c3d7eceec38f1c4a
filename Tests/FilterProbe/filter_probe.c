#include "filter_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t call_i386(long number)
{
#if defined(__x86_64__)
	int64_t result = number;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	return (int32_t)result;
#else
	(void)number;
	return -ENOSYS;
#endif
}

static int64_t call_native(long number, const uint64_t *a)
{
	long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	return result == -1 ? -errno : result;
}

static int confine(const void *program, size_t bytes)
{
	struct sock_fprog filter = {
		.len = (unsigned short)(bytes / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)program,
	};
	struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return program ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) : 0;
}

static void run_child(volatile struct filter_probe_result *result, const void *program, size_t bytes,
		      enum probe_entry entry, long number, const uint64_t *arguments)
{
	if (confine(program, bytes) != 0) {
		result->failed = errno;
		_exit(0);
	}
	result->value = entry == PROBE_I386 ? call_i386(number) : call_native(number, arguments);
	_exit(0);
}

struct filter_probe_result filter_probe(const void *program, size_t bytes, enum probe_entry entry,
				 long number, const uint64_t arguments[6])
{
	struct filter_probe_result copy = { 0 };
	volatile struct filter_probe_result *shared = mmap(NULL, sizeof(copy), PROT_READ | PROT_WRITE,
						    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t child;

	if (shared == MAP_FAILED) {
		copy.failed = errno;
		return copy;
	}
	child = fork();
	if (child == 0)
		run_child(shared, program, bytes, entry, number, arguments);
	if (child < 0)
		shared->failed = errno;
	else if (waitpid(child, &status, 0) != child)
		shared->failed = errno;
	copy.failed = shared->failed;
	copy.value = shared->value;
	copy.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	munmap((void *)shared, sizeof(copy));
	return copy;
}

struct filter_probe_result filter_probe_program(const void *program, size_t bytes,
					 const char *const argv[], char *out, size_t capacity)
{
	struct filter_probe_result result = { 0 };
	size_t size = 0;
	ssize_t got = 1;
	int status = 0;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		result.failed = errno;
		return result;
	}
	if (child == 0) {
		dup2(ends[1], 1);
		if (confine(program, bytes) == 0)
			execv(argv[0], (char *const *)argv);
		_exit(99);
	}
	close(ends[1]);
	while (got > 0 && size < capacity - 1) {
		got = read(ends[0], out + size, capacity - 1 - size);
		if (got > 0)
			size += (size_t)got;
	}
	out[size] = 0;
	close(ends[0]);
	if (waitpid(child, &status, 0) != child)
		result.failed = errno;
	result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	result.value = WEXITSTATUS(status);
	return result;
}

int probe_library_number(bool arm64, const char *name)
{
	return seccomp_syscall_resolve_name_arch(arm64 ? SCMP_ARCH_AARCH64 : SCMP_ARCH_X86_64, name);
}

int probe_process(int pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}
