/* Code that was written, then run. */
#include "victim.h"

#include <fcntl.h>
#include <sys/mman.h>

#define PAGE 4096

static int map_write_execute(char **words)
{
	(void)words;
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED ?
		       errno :
		       0;
}

/* Written first, executable after: how code is injected. */
static int gain_execute(char **words)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)words;
	if (page == MAP_FAILED)
		return BROKEN;
	page[0] = (char)0xc3;
	return result_of(mprotect(page, PAGE, PROT_READ | PROT_EXEC));
}

/* A file the app can write, mapped as code. */
static int map_file_execute(char **words)
{
	int fd = open(words[0], O_RDWR | O_CREAT, 0700);
	void *page;

	if (fd < 0)
		return BROKEN;
	if (ftruncate(fd, PAGE) < 0)
		return BROKEN;
	page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? errno : 0;
}

/* Address zero, where a null pointer of the kernel would look. */
static int map_zero(char **words)
{
	(void)words;
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
			       MAP_FAILED ?
		       errno :
		       0;
}

const struct attack memory_attacks[] = {
	{ "map-write-execute", 0, map_write_execute },
	{ "gain-execute", 0, gain_execute },
	{ "map-file-execute", 1, map_file_execute },
	{ "map-zero", 0, map_zero },
	{ NULL, 0, NULL },
};
