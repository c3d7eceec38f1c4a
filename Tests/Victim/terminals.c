/* Typing into the caller's terminal. */
#include "victim.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* The request's number may have high bits beside it: the kernel looks at 32 only (CVE-2019-10063). */
static int terminal_request(char **words)
{
	unsigned long request = strtoul(words[0], NULL, 0);
	/* A line end for what types; an absurd number for what takes a number. */
	char byte[8] = { '\n', 0, 0, 1 };

	/* The C library's ioctl would cut the bits off. */
	return result_of(syscall(SYS_ioctl, 0, request, byte));
}

static int open_terminal(char **words)
{
	return result_of(open(words[0], O_RDWR | O_NOCTTY | O_CLOEXEC));
}

/* Is standard input the caller's terminal itself? Each /dev/pts is a file system of its own, with a number. */
static int have_terminal(char **words)
{
	struct stat st;
	char name[64];

	if (fstat(0, &st) < 0 || !isatty(0))
		return BROKEN;
	snprintf(name, sizeof(name), "%lu:%lu", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	return strcmp(name, words[0]) == 0 ? 0 : EPERM;
}

const struct attack terminal_attacks[] = {
	{ "terminal-request", 1, terminal_request },
	{ "open-terminal", 1, open_terminal },
	{ "have-terminal", 1, have_terminal },
	{ NULL, 0, NULL },
};
