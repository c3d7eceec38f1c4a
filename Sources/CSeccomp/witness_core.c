/* Writes what the witness saw as an ELF core file. */
#include "witness.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define PAGE 4096u
#define RED_ZONE 512u /* below the stack pointer, rounded down to a page */

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#endif

/* How much of the stack that begins in this mapping is stored for a thread; 0: it begins elsewhere. */
static uint64_t stack_in(const struct witness_mapping *m, const struct witness_mapping *before,
			 const struct witness_thread *t, uint64_t most, uint64_t *from)
{
	uint64_t start = (t->stack - RED_ZONE) & ~(uint64_t)(PAGE - 1);
	int is_below = t->stack < m->start && m->start - t->stack < (1u << 20) &&
		       (!before || t->stack >= before->end || !before->readable);

	if (!t->has_registers || !m->writable || t->stack < RED_ZONE)
		return 0;
	/* A stack that has overflowed: its pointer is in no memory, and its frames are above. */
	if (is_below)
		start = m->start;
	else if (t->stack < m->start || t->stack >= m->end)
		return 0;
	if (start < m->start)
		start = m->start;
	*from = start;
	return m->end - start < most ? m->end - start : most;
}

static void add_segment(struct capture *c, uint64_t start, uint64_t stored, uint64_t size)
{
	struct witness_segment *s;

	if (c->segment_count == CRASH_SEGMENTS_MAX || !size)
		return;
	s = &c->segments[c->segment_count++];
	s->start = start;
	s->stored = stored;
	s->size = size;
}

/* Ascending, and none in another: what is left of two stacks in one mapping is joined. */
static void order_segments(struct capture *c)
{
	uint32_t i, j, kept = 0;

	for (i = 1; i < c->segment_count; i++) {
		struct witness_segment s = c->segments[i];

		for (j = i; j > 0 && c->segments[j - 1].start > s.start; j--)
			c->segments[j] = c->segments[j - 1];
		c->segments[j] = s;
	}
	for (i = 0; i < c->segment_count; i++) {
		struct witness_segment s = c->segments[i], *last = kept ? &c->segments[kept - 1] : NULL;

		if (!last || last->start + last->size <= s.start)
			c->segments[kept++] = s;
		else if (last->stored == last->size && s.stored == s.size && s.start + s.size > last->start + last->size)
			last->stored = last->size = s.start + s.size - last->start;
	}
	c->segment_count = kept;
}

static int is_named(const struct capture *c, const struct witness_mapping *m, const char *name)
{
	uint32_t i;

	for (i = 0; name[i]; i++)
		if (i >= m->name_length || c->text[m->name + i] != name[i])
			return 0;
	return 1;
}

void witness_choose_segments(struct capture *c)
{
	uint32_t i, t;

	for (i = 0; i < c->mapping_count; i++) {
		const struct witness_mapping *m = &c->mappings[i], *before = i ? m - 1 : NULL;
		uint64_t size = m->end - m->start, from = 0, length;
		uint32_t count = c->segment_count;

		for (t = 0; t < c->thread_count; t++) {
			length = stack_in(m, before, &c->threads[t], t ? CRASH_OTHER_STACK_MAX : CRASH_STACK_MAX, &from);
			add_segment(c, from, length, length);
		}
		if (c->segment_count > count)
			continue;
		if (is_named(c, m, "[vdso]") && size <= 16 * PAGE)
			add_segment(c, m->start, size, size);
		else if (m->inode)
			/* An unwinder looks for the headers of programs and libraries here. */
			add_segment(c, m->start, m->offset == 0 && m->readable ? PAGE : 0, size);
	}
	order_segments(c);
}

struct output {
	unsigned char *bytes;
	uint64_t used;
};

static void *take(struct output *o, uint64_t size)
{
	void *at = o->bytes + o->used;

	if (size > CRASH_CORE_MAX || o->used + size > CRASH_CORE_MAX)
		return NULL;
	o->used += (size + 3) & ~(uint64_t)3;
	return at;
}

static void copy(void *to, const void *from, uint64_t size)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	while (size--)
		*out++ = *in++;
}

/* The head of a note and room for its content. */
static void *note(struct output *o, const char *owner, uint32_t type, uint64_t size)
{
	uint32_t length = (uint32_t)child_length(owner) + 1;
	Elf64_Nhdr *head = take(o, sizeof(*head));
	char *name = head ? take(o, length) : NULL;
	void *content = name ? take(o, size) : NULL;

	if (!content)
		return NULL;
	head->n_namesz = length;
	head->n_descsz = (Elf64_Word)size;
	head->n_type = type;
	copy(name, owner, length);
	return content;
}

static int write_threads(struct output *o, const struct capture *c)
{
	unsigned char *list;
	uint32_t i;

	for (i = 0; i < c->thread_count; i++) {
		const struct witness_thread *t = &c->threads[i];
		struct elf_prstatus status = { 0 };
		void *at;

		if (!t->has_registers)
			continue;
		at = note(o, "CORE", NT_PRSTATUS, sizeof(status));
		if (!at)
			return -1;
		status.pr_pid = t->tid;
		status.pr_cursig = i ? 0 : (short)c->signal;
		status.pr_info.si_signo = status.pr_cursig;
		copy(status.pr_reg, t->registers, sizeof(t->registers));
		copy(at, &status, sizeof(status));
	}
	list = note(o, CRASH_NOTE_OWNER, CRASH_NOTE_THREADS, c->thread_count * sizeof(struct crash_thread));
	for (i = 0; list && i < c->thread_count; i++) {
		struct crash_thread row = { c->threads[i].tid, (uint32_t)c->threads[i].has_registers, { 0 } };

		copy(row.name, c->threads[i].name, sizeof(row.name));
		copy(list + i * sizeof(row), &row, sizeof(row));
	}
	return list ? 0 : -1;
}

static uint64_t write_name(char *at, int file)
{
	char name[48], digits[24];
	uint64_t length;

	witness_path(digits, CRASH_FILES_FIRST + (file < 0 ? 0 : file), "", 0, "");
	copy(name, CRASH_NO_FILE, sizeof(CRASH_NO_FILE));
	if (file >= 0)
		copy(name + sizeof(CRASH_NO_FILE) - 2, digits, child_length(digits) + 1);
	length = child_length(name) + 1;
	if (at)
		copy(at, name, length);
	return length;
}

static int write_files(struct output *o, const struct capture *c)
{
	uint64_t head[2] = { 0, PAGE }, names = 0;
	uint32_t i, count = 0;
	char *table, *text;

	for (i = 0; i < c->mapping_count; i++)
		if (c->mappings[i].inode) {
			names += write_name(NULL, c->mappings[i].file);
			count++;
		}
	table = note(o, "CORE", NT_FILE, (2 + 3 * (uint64_t)count) * 8 + names);
	if (!table)
		return -1;
	head[0] = count;
	copy(table, head, sizeof(head));
	table += sizeof(head);
	text = table + 24 * (uint64_t)count;
	for (i = 0; i < c->mapping_count; i++) {
		const struct witness_mapping *m = &c->mappings[i];
		uint64_t row[3] = { m->start, m->end, m->offset / PAGE };

		if (!m->inode)
			continue;
		copy(table, row, sizeof(row));
		table += sizeof(row);
		text += write_name(text, m->file);
	}
	return 0;
}

static int write_notes(struct output *o, const struct capture *c)
{
	struct elf_prpsinfo process = { 0 };
	struct crash_facts facts = { 0 };
	void *at;
	int is_fault = c->info.si_code > 0 && c->info.si_code != SI_KERNEL;

	if (write_threads(o, c) < 0)
		return -1;
	/* Without it libdw takes no core. */
	process.pr_pid = c->process;
	at = note(o, "CORE", NT_PRPSINFO, sizeof(process));
	if (!at)
		return -1;
	copy(at, &process, sizeof(process));
	at = note(o, "CORE", NT_SIGINFO, sizeof(c->info));
	if (!at)
		return -1;
	copy(at, &c->info, sizeof(c->info));
	at = note(o, "CORE", NT_AUXV, c->auxv_size);
	if (!at)
		return -1;
	copy(at, c->auxv, c->auxv_size);
	at = note(o, CRASH_NOTE_OWNER, CRASH_NOTE_FACTS, sizeof(facts));
	if (!at)
		return -1;
	facts.process = c->process;
	facts.thread = c->tid;
	facts.signal = c->signal;
	facts.code = c->info.si_code;
	facts.sender = is_fault || c->info.si_code == SI_KERNEL ? 0 : c->info.si_pid;
	facts.machine = MACHINE;
	facts.address = is_fault ? (uint64_t)(uintptr_t)c->info.si_addr : 0;
	facts.threads = c->total_threads;
	facts.by_filter = c->by_filter;
	copy(at, &facts, sizeof(facts));
	at = note(o, CRASH_NOTE_OWNER, CRASH_NOTE_FILES, c->file_count * 8);
	if (!at)
		return -1;
	copy(at, c->file_starts, c->file_count * 8);
	if (write_files(o, c) < 0)
		return -1;
	at = note(o, CRASH_NOTE_OWNER, CRASH_NOTE_MAPS, c->text_size);
	if (!at)
		return -1;
	copy(at, c->text, c->text_size);
	return 0;
}

/* Page by page in one call: what cannot be read ends it. Returns the bytes that came. */
static uint64_t read_memory(const struct capture *c, uint64_t from, unsigned char *to, uint64_t size)
{
	struct iovec here = { to, size }, there[CRASH_STACK_MAX / PAGE];
	uint32_t count = 0;
	long got;

	if (size > CRASH_STACK_MAX)
		size = here.iov_len = CRASH_STACK_MAX;
	for (; (uint64_t)count * PAGE < size; count++) {
		there[count].iov_base = (void *)(uintptr_t)(from + (uint64_t)count * PAGE);
		there[count].iov_len = PAGE;
	}
	got = syscall(SYS_process_vm_readv, c->tid, &here, 1, there, (unsigned long)count, 0UL);
	return got > 0 ? (uint64_t)got : 0;
}

static void write_segments(struct output *o, const struct capture *c, Elf64_Phdr *headers)
{
	uint32_t i;

	for (i = 0; i < c->segment_count; i++) {
		const struct witness_segment *s = &c->segments[i];
		Elf64_Phdr *h = &headers[i];

		h->p_type = PT_LOAD;
		h->p_flags = PF_R;
		h->p_vaddr = s->start;
		h->p_memsz = s->size;
		h->p_align = PAGE;
		h->p_offset = o->used;
		if (s->stored && o->used + s->stored <= CRASH_CORE_MAX)
			h->p_filesz = read_memory(c, s->start, o->bytes + o->used, s->stored);
		o->used = (o->used + h->p_filesz + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	}
}

static int fill(struct output *o, const struct capture *c)
{
	static const unsigned char magic[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT };
	Elf64_Ehdr *head = take(o, sizeof(*head));
	Elf64_Phdr *headers = take(o, (1 + c->segment_count) * sizeof(*headers));

	copy(head->e_ident, magic, sizeof(magic));
	head->e_type = ET_CORE;
	head->e_machine = MACHINE;
	head->e_version = EV_CURRENT;
	head->e_phoff = sizeof(*head);
	head->e_ehsize = sizeof(*head);
	head->e_phentsize = sizeof(*headers);
	head->e_phnum = (Elf64_Half)(1 + c->segment_count);
	headers[0].p_type = PT_NOTE;
	headers[0].p_offset = o->used;
	headers[0].p_align = 4;
	if (write_notes(o, c) < 0)
		return -1;
	headers[0].p_filesz = o->used - headers[0].p_offset;
	o->used = (o->used + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	write_segments(o, c, headers + 1);
	return 0;
}

int witness_write_core(struct capture *c)
{
	struct output o = { 0 };
	int result, fd = (int)syscall(SYS_memfd_create, "crash", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (syscall(SYS_ftruncate, fd, CRASH_CORE_MAX) < 0)
		goto failed;
	o.bytes = (void *)syscall(SYS_mmap, NULL, CRASH_CORE_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0UL);
	if (o.bytes == MAP_FAILED)
		goto failed;
	result = fill(&o, c);
	(void)syscall(SYS_munmap, o.bytes, CRASH_CORE_MAX);
	if (result == 0 && syscall(SYS_ftruncate, fd, o.used) == 0 &&
	    syscall(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return fd;
failed:
	(void)syscall(SYS_close, fd);
	return -1;
}
