/* Where the program lies in memory, and giving back what of it a waiting process does not need. */
#include "kernel.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch_plan.h"

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

void kernel_keep_one_heap(void)
{
	(void)mallopt(M_MMAP_MAX, 0);
}

void kernel_keep_freed_memory(void)
{
	kernel_keep_one_heap();
	(void)mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

/*
 * What deeper calls have left on the stack. Below it there is nothing for a mebibyte (the kernel's stack_guard_gap), so the range
 * may reach beyond its end: that part is passed over (madvise(2): ENOMEM). Of a thread's stack that is not known.
 */
__attribute__((noinline)) static void shed_stack(uintptr_t page)
{
	enum { MOST = 512 << 10 };
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), end = (here & ~(page - 1)) - page;

	if (getpid() == (pid_t)syscall(SYS_gettid))
		(void)madvise((void *)(end - MOST), MOST, MADV_DONTNEED);
}

void kernel_shed_memory(void)
{
	ElfW(Phdr) copy[24];
	size_t i, count;
	uintptr_t bias, page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const ElfW(Phdr) *headers = program_headers(&count, &bias);

	malloc_trim(0);
	shed_stack(page);
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
