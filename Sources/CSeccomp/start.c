/* What the static executable does before main, and what it leaves out. Every command pays for this part. */
#ifdef ISOLATED_STATIC
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/*
 * Swift's start-up code refers to the first of these, and its fatal errors to the second: with them comes the runtime's back-tracer
 * (Backtrace.cpp). At each start it looks for a program "swift-backtrace" in eight places, and the environment (SWIFT_BACKTRACE) can
 * name another one, which a crash would start. A supervisor must do neither. Defined here, both are found before the runtime's,
 * which is left out; were there more of them, the linker would find these defined twice.
 */
bool _swift_backtrace_isThunkFunction(const char *name);

bool _swift_backtrace_isThunkFunction(const char *name)
{
	(void)name;
	return false;
}

/* The runtime reads its first words: all zero is "off". It has less than 128 bytes. */
extern long _swift_backtraceSettings[];
long _swift_backtraceSettings[32];

#ifdef __x86_64__
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* About what .data takes, which lies behind the pages that are only read once relocated. */
#define DATA_SIZE (128UL << 10)

/*
 * The start-up code will write to nearly every page of relocated data, each for the first time: one call has the kernel copy them
 * all, for less than half of what a hundred faults cost. madvise(2): since Linux 5.14; if it fails, they are copied one by one.
 *
 * Nothing is relocated yet, and there is no thread-local storage: only addresses relative to the instruction, no stack protector.
 */
__attribute__((used, no_stack_protector)) static void populate_data(void)
{
	unsigned long image = (unsigned long)&__ehdr_start;
	const ElfW(Phdr) *headers = (const ElfW(Phdr) *)(image + __ehdr_start.e_phoff);

	for (int i = 0; i < __ehdr_start.e_phnum; i++) {
		if (headers[i].p_type != PT_GNU_RELRO)
			continue;
		unsigned long begin = (image + headers[i].p_vaddr) & ~4095UL;
		unsigned long end = (image + headers[i].p_vaddr + headers[i].p_memsz + DATA_SIZE) & ~4095UL;
		unsigned long number = SYS_madvise;
		register long advice __asm__("rdx") = MADV_POPULATE_WRITE;
		__asm__ volatile("syscall"
				 : "+a"(number)
				 : "D"(begin), "S"(end - begin), "r"(advice)
				 : "rcx", "r11", "memory");
	}
}

/* The first instruction of the process (System V ABI, x86-64, 3.4.1): rdx is kept for _start, and the stack. */
__asm__(".text\n"
	".globl isolated_start\n"
	".hidden isolated_start\n"
	".type isolated_start, @function\n"
	"isolated_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	xor %ebp, %ebp\n"
	"	mov %rdx, %r12\n"
	"	call populate_data\n"
	"	mov %r12, %rdx\n"
	"	jmp _start\n"
	"	.cfi_endproc\n"
	".size isolated_start, . - isolated_start\n");
#endif
#endif
