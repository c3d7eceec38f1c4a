/* Typing into the caller's terminal. */
#include "victim.h"

#include <fcntl.h>
#include <sys/ioctl.h>

/* The request's number may have high bits beside it: the kernel looks at 32 only (CVE-2019-10063). */
static int terminal_request(char **words)
{
	unsigned long request = strtoul(words[0], NULL, 0);
	char byte[2] = { 'x', 0 };

	/* The C library's ioctl would cut the bits off. */
	return result_of(syscall(SYS_ioctl, 0, request, byte));
}

static int open_terminal(char **words)
{
	return result_of(open(words[0], O_RDWR | O_NOCTTY | O_CLOEXEC));
}

/* The terminal the app has: is it the caller's, by device and inode number of /dev/pts? */
static int terminal_name(char **words)
{
	char name[256];

	if (ttyname_r(0, name, sizeof(name)) != 0)
		return errno;
	return strcmp(name, words[0]) == 0 ? 0 : EPERM;
}

const struct attack terminal_attacks[] = {
	{ "terminal-request", 1, terminal_request },
	{ "open-terminal", 1, open_terminal },
	{ "terminal-name", 1, terminal_name },
	{ NULL, 0, NULL },
};
