/* Wrappers that leave something open, set or inherited, as a careless caller would, and run the command in their place. */
#include "victim.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* At a number of its own, so that the attack knows where to look. */
static int place(int fd, int number)
{
	if (fd < 0 || dup2(fd, number) < 0)
		return -1;
	if (fd != number)
		close(fd);
	return 0;
}

/* A directory, a socket, a memory file, a pidfd and a file, at 100 to 104; none close-on-exec. */
static int with_leaks(char **words, char **command)
{
	int pair[2];

	if (place(open(words[0], O_RDONLY | O_DIRECTORY), 100) < 0)
		return 1;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || place(pair[0], 101) < 0)
		return 1;
	if (place((int)syscall(SYS_memfd_create, "leak", 0), 102) < 0)
		return 1;
	if (place((int)syscall(SYS_pidfd_open, getpid(), 0), 103) < 0 || fcntl(103, F_SETFD, 0) < 0)
		return 1;
	if (place(open(words[0], O_PATH | O_DIRECTORY), 104) < 0)
		return 1;
	return exec_command(command, NULL, 0);
}

/* Standard input is what the word names, opened read-only. */
static int with_input(char **words, char **command)
{
	if (place(open(words[0], O_RDONLY), 0) < 0)
		return 1;
	return exec_command(command, NULL, 0);
}

/* Standard error is a file opened for writing only, as a log is. */
static int with_log(char **words, char **command)
{
	if (place(open(words[0], O_WRONLY | O_APPEND), 2) < 0)
		return 1;
	return exec_command(command, NULL, 0);
}

static int with_ignored_signals(char **words, char **command)
{
	(void)words;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	return exec_command(command, NULL, 0);
}

static int with_blocked_signals(char **words, char **command)
{
	sigset_t set;

	(void)words;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return exec_command(command, NULL, 0);
}

static int with_umask(char **words, char **command)
{
	umask((mode_t)strtoul(words[0], NULL, 8));
	return exec_command(command, NULL, 0);
}

static int with_variable(char **words, char **command)
{
	char *equals = strchr(words[0], '=');

	if (!equals)
		return 1;
	*equals = 0;
	setenv(words[0], equals + 1, 1);
	return exec_command(command, NULL, 0);
}

static int with_groups(char **words, char **command)
{
	gid_t group = (gid_t)atoi(words[0]);

	if (setgroups(1, &group) < 0)
		return 1;
	return exec_command(command, NULL, 0);
}

static int with_directory(char **words, char **command)
{
	if (chdir(words[0]) < 0)
		return 1;
	return exec_command(command, NULL, 0);
}

static int with_personality(char **words, char **command)
{
	if (syscall(SYS_personality, strtoul(words[0], NULL, 0)) < 0)
		return 1;
	return exec_command(command, NULL, 0);
}

/* A terminal of its own, which is the controlling one. What the command prints comes out of ours. */
static int on_terminal(char **command, int is_standard)
{
	char bytes[512], place_name[64];
	const char *name, *values[] = { place_name };
	struct stat st;
	ssize_t count;
	int status, code = 1, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	pid_t pid;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 || !(name = ptsname(master)) ||
	    stat(name, &st) < 0)
		return 1;
	snprintf(place_name, sizeof(place_name), "%lu:%lu", (unsigned long)st.st_dev,
		 (unsigned long)st.st_ino);
	pid = fork();
	if (pid == 0) {
		int fd;

		if (setsid() < 0 || (fd = open(name, O_RDWR)) < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
			_exit(1);
		if (is_standard) {
			dup2(fd, 0);
			dup2(fd, 1);
			dup2(fd, 2);
		}
		if (fd > 2)
			close(fd);
		_exit(exec_command(command, values, 1));
	}
	if (pid < 0)
		return 1;
	/* EIO: the last one on the other side has gone. */
	while ((count = read(master, bytes, sizeof(bytes))) > 0)
		if (write(1, bytes, (size_t)count) < 0)
			break;
	if (waitpid(pid, &status, 0) == pid)
		code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return code;
}

static int with_terminal(char **words, char **command)
{
	(void)words;
	return on_terminal(command, 1);
}

/* The terminal is the controlling one, but 0, 1 and 2 are what they were. */
static int with_controlling(char **words, char **command)
{
	(void)words;
	return on_terminal(command, 0);
}

const struct wrapper leak_wrappers[] = {
	{ "with-leaks", 1, with_leaks },
	{ "with-input", 1, with_input },
	{ "with-log", 1, with_log },
	{ "with-ignored-signals", 0, with_ignored_signals },
	{ "with-blocked-signals", 0, with_blocked_signals },
	{ "with-umask", 1, with_umask },
	{ "with-variable", 1, with_variable },
	{ "with-directory", 1, with_directory },
	{ "with-personality", 1, with_personality },
	{ "with-terminal", 0, with_terminal },
	{ "with-controlling", 0, with_controlling },
	{ "with-groups", 1, with_groups },
	{ NULL, 0, NULL },
};
