/* What a careless caller left open. */
#include "victim.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Done if anything but 0, 1 and 2 is open. */
static int any_open(char **words)
{
	int fd;

	(void)words;
	for (fd = 3; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return 0;
	return EBADF;
}

/* Through a leaked directory to a file of the host. */
static int open_through(char **words)
{
	return result_of(openat(atoi(words[0]), words[1], O_RDONLY | O_CLOEXEC));
}

/* CVE-2024-21626: into a leaked directory by its link in /proc, then by relative paths. */
static int enter_through(char **words)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%s", words[0]);
	if (chdir(link) < 0)
		return errno;
	return result_of(open(words[1], O_RDONLY | O_CLOEXEC));
}

/* The same with the working directory that was inherited. */
static int open_relative(char **words)
{
	return result_of(open(words[0], O_RDONLY | O_CLOEXEC));
}

/* A descriptor that was opened one way, opened again another way by its link in /proc. */
static int reopen(char **words)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%s", words[0]);
	return result_of(open(link, (strcmp(words[1], "write") == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC));
}

/* Does the descriptor lead up and out of itself? */
static int stat_through(char **words)
{
	struct stat st;

	return result_of(fstatat(atoi(words[0]), words[1], &st, 0));
}

const struct attack descriptor_attacks[] = {
	{ "any-open", 0, any_open },
	{ "open-through", 2, open_through },
	{ "enter-through", 2, enter_through },
	{ "open-relative", 1, open_relative },
	{ "reopen", 2, reopen },
	{ "stat-through", 2, stat_through },
	{ NULL, 0, NULL },
};
