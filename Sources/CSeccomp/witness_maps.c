/* What the witness reads of /proc: the mappings of a process, and the files that they are of. */
#include "witness.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

static char *put_text(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *put_number(char *at, int number)
{
	char digits[12];
	int count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count)
		*at++ = digits[--count];
	return at;
}

void witness_path(char *path, int number, const char *rest, int second, const char *end)
{
	path = put_text(put_number(path, number), rest);
	if (second)
		path = put_text(put_number(path, second), end);
	*path = 0;
}

long witness_read(int proc_fd, const char *path, void *to, unsigned long size)
{
	unsigned long have = 0;
	long got;
	int fd = (int)syscall(SYS_openat, proc_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while (have < size && (got = syscall(SYS_read, fd, (char *)to + have, size - have)) > 0)
		have += (unsigned long)got;
	(void)syscall(SYS_close, fd);
	return (long)have;
}

static uint64_t number(const char *text, uint32_t *at, uint32_t end, unsigned base)
{
	uint64_t value = 0;

	for (; *at < end; ++*at) {
		char c = text[*at];
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') :
				 c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;

		if (digit >= base)
			break;
		value = value * base + digit;
	}
	return value;
}

uint64_t witness_status(const char *text, const char *label, unsigned base)
{
	uint32_t i, at, length = (uint32_t)child_length(label), end = (uint32_t)child_length(text);

	/* A process's name comes first, and newlines in it are escaped (proc(5)): a line begins where one ends. */
	for (i = 0; i + length < end; i++) {
		for (at = 0; at < length && text[i + at] == label[at]; at++)
			;
		if (at < length || (i && text[i - 1] != '\n'))
			continue;
		for (at = i + length; at < end && (text[at] == ' ' || text[at] == '\t'); at++)
			;
		return number(text, &at, end, base);
	}
	return 0;
}

/* start-end perms offset major:minor inode path */
static int read_line(struct capture *c, uint32_t at, uint32_t end)
{
	struct witness_mapping *m = &c->mappings[c->mapping_count];

	m->start = number(c->text, &at, end, 16);
	if (at++ >= end)
		return -1;
	m->end = number(c->text, &at, end, 16);
	if (end - at < 6 || m->end <= m->start)
		return -1;
	m->readable = c->text[at + 1] == 'r';
	m->writable = c->text[at + 2] == 'w';
	m->executable = c->text[at + 3] == 'x';
	at += 6;
	m->offset = number(c->text, &at, end, 16);
	while (++at < end && c->text[at] != ' ')
		;
	at++;
	m->inode = number(c->text, &at, end, 10);
	while (at < end && c->text[at] == ' ')
		at++;
	m->name = at < end ? at : end;
	m->name_length = end - m->name;
	m->file = -1;
	c->mapping_count++;
	return 0;
}

/* The kernel writes a newline in a name as \012. */
static int unescape(const struct capture *c, const struct witness_mapping *m, char *path, uint32_t size)
{
	const char *text = c->text + m->name;
	uint32_t i, length = 0;

	for (i = 0; i < m->name_length; i++) {
		if (length + 1 >= size)
			return -1;
		path[length] = text[i];
		if (i + 3 < m->name_length && text[i] == '\\' && text[i + 1] == '0' && text[i + 2] == '1' &&
		    text[i + 3] == '2') {
			path[length] = '\n';
			i += 3;
		}
		length++;
	}
	path[length] = 0;
	return 0;
}

static int is_same(int fd, uint64_t inode)
{
	struct stat status;

	return syscall(SYS_fstat, fd, &status) == 0 && (status.st_mode & S_IFMT) == S_IFREG &&
	       status.st_ino == inode;
}

/*
 * Opened with the app's own rights, in its view, and only if it is the file that is mapped. A removed program is still
 * there as /proc/PID/exe.
 */
static int open_mapped(const struct capture *c, const struct witness_mapping *m)
{
	struct open_how how = { 0 };
	char path[4096];
	int fd = -1;

	how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	how.resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
	if (c->text[m->name] == '/' && unescape(c, m, path, sizeof(path)) == 0)
		fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	if (fd >= 0 && is_same(fd, m->inode))
		return fd;
	if (fd >= 0)
		(void)syscall(SYS_close, fd);
	witness_path(path, c->process, "/exe", 0, "");
	fd = (int)syscall(SYS_openat, c->proc_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && is_same(fd, m->inode))
		return fd;
	if (fd >= 0)
		(void)syscall(SYS_close, fd);
	return -1;
}

/* Names that are alike: mappings of one file lie side by side. */
static int is_of(const struct capture *c, const struct witness_mapping *a, const struct witness_mapping *b)
{
	uint32_t i;

	if (a->inode != b->inode || a->name_length != b->name_length)
		return 0;
	for (i = 0; i < a->name_length; i++)
		if (c->text[a->name + i] != c->text[b->name + i])
			return 0;
	return 1;
}

static void open_files(struct capture *c)
{
	uint32_t i, first = 0, last;
	int executable, fd;

	for (; first < c->mapping_count && c->file_count < CRASH_FILES_MAX; first = last) {
		executable = 0;
		for (last = first; last < c->mapping_count && is_of(c, &c->mappings[first], &c->mappings[last]); last++)
			executable |= c->mappings[last].executable;
		if (!executable || !c->mappings[first].inode)
			continue;
		fd = open_mapped(c, &c->mappings[first]);
		if (fd < 0)
			continue;
		for (i = first; i < last; i++)
			c->mappings[i].file = (int32_t)c->file_count;
		c->file_starts[c->file_count] = c->mappings[first].start;
		c->files[c->file_count++] = fd;
	}
}

void witness_read_mappings(struct capture *c)
{
	char path[32];
	uint32_t at = 0, end;
	long size;

	witness_path(path, c->process, "/maps", 0, "");
	size = witness_read(c->proc_fd, path, c->text, sizeof(c->text));
	c->text_size = size > 0 ? (uint32_t)size : 0;
	while (at < c->text_size && c->mapping_count < CRASH_MAPPINGS_MAX) {
		for (end = at; end < c->text_size && c->text[end] != '\n'; end++)
			;
		/* The last line may have been cut. */
		if (end == c->text_size || read_line(c, at, end) < 0)
			break;
		at = end + 1;
	}
	c->text_size = at;
	open_files(c);
}
