/*
 * The clock of the benchmark: no interpreter's noise is in its numbers.
 *
 *     driver wall FILE ROUNDS WARMUP [UID GID]
 *     driver flight FILE ROUNDS COUNT WIDTH [UID GID]
 *
 * FILE holds one command a line, tab-separated words: NAME, then any of `fd=N:PATH` (opened read-only as
 * descriptor N) and `mntns=PATH` (entered first), then the program and its arguments. Commands take turns:
 * A B C, A B C, ... With UID and GID all of them run as that user.
 *
 * wall prints, for each counted launch:  ROUND NAME WALL_NS USER_US SYSTEM_US STATUS
 *   wall time from before vfork to after wait4, CPU of the command and of all it waited for.
 * flight starts COUNT launches of one command, WIDTH at a time, and prints:  ROUND NAME LAUNCHES_PER_SECOND
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 32, MAX_WORDS = 128, MAX_OPEN = 4 };

struct command {
	char *name;
	char *words[MAX_WORDS];
	const char *mount_namespace;
	int open_count;
	struct {
		int number;
		const char *path;
	} opens[MAX_OPEN];
};

static struct command commands[MAX_COMMANDS];
static int command_count;
static int null_fd;
static int has_user;
static uid_t user;
static gid_t group;

static void fail(const char *what)
{
	fprintf(stderr, "driver: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void read_commands(const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		fail(path);
	while (getline(&line, &room, file) > 0 && command_count < MAX_COMMANDS) {
		struct command *command = &commands[command_count++];
		int count = 0;
		char *rest = line;

		line[strcspn(line, "\n")] = 0;
		command->name = strsep(&rest, "\t");
		for (char *word = strsep(&rest, "\t"); word && count < MAX_WORDS - 1; word = strsep(&rest, "\t")) {
			char *colon = strchr(word, ':');

			if (!count && !strncmp(word, "fd=", 3) && colon && command->open_count < MAX_OPEN) {
				command->opens[command->open_count].number = atoi(word + 3);
				command->opens[command->open_count++].path = colon + 1;
			} else if (!count && !strncmp(word, "mntns=", 6)) {
				command->mount_namespace = word + 6;
			} else {
				command->words[count++] = word;
			}
		}
		line = NULL;
		if (!count) {
			errno = EINVAL;
			fail(command->name);
		}
	}
	fclose(file);
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* In the vfork child: only system calls. */
static void become(const struct command *command)
{
	if (command->mount_namespace) {
		int fd = open(command->mount_namespace, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || setns(fd, CLONE_NEWNS))
			_exit(126);
	}
	/* Raw calls: the library's own would signal threads that a vfork child does not have. */
	if (has_user && (syscall(SYS_setgroups, 1, &group) || syscall(SYS_setresgid, group, group, group) ||
			 syscall(SYS_setresuid, user, user, user)))
		_exit(126);
	for (int i = 0; i < command->open_count; i++) {
		int fd = open(command->opens[i].path, O_RDONLY);

		if (fd < 0 || dup2(fd, command->opens[i].number) < 0)
			_exit(126);
		if (fd != command->opens[i].number)
			close(fd);
	}
	dup2(null_fd, 0);
	dup2(null_fd, 1);
	dup2(null_fd, 2);
	execv(command->words[0], command->words);
	_exit(127);
}

static int start(const struct command *command)
{
	int pid = vfork();

	if (!pid)
		become(command);
	if (pid < 0)
		fail("vfork");
	return pid;
}

static long long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

static void run_wall(int rounds, int warmup)
{
	for (int round = -warmup; round < rounds; round++) {
		for (int i = 0; i < command_count; i++) {
			struct rusage usage;
			long long from = now_ns(), wall;
			int pid = start(&commands[i]), status;

			while (wait4(pid, &status, 0, &usage) < 0)
				if (errno != EINTR)
					fail("wait4");
			wall = now_ns() - from;
			if (round >= 0)
				printf("%d\t%s\t%lld\t%lld\t%lld\t%d\n", round, commands[i].name, wall,
				       microseconds(usage.ru_utime), microseconds(usage.ru_stime), status);
		}
	}
}

static double fly(const struct command *command, int count, int width)
{
	long long from = now_ns();
	int started = 0, ended = 0, status;

	while (ended < count) {
		while (started < count && started - ended < width) {
			start(command);
			started++;
		}
		if (wait(&status) < 0) {
			if (errno == EINTR)
				continue;
			fail("wait");
		}
		if (status) {
			fprintf(stderr, "driver: %s: status %d\n", command->name, status);
			exit(1);
		}
		ended++;
	}
	return count * 1e9 / (double)(now_ns() - from);
}

static void run_flight(int rounds, int count, int width)
{
	for (int i = 0; i < command_count; i++)
		fly(&commands[i], width, width);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < command_count; i++)
			printf("%d\t%s\t%.1f\n", round, commands[i].name, fly(&commands[i], count, width));
}

int main(int argc, char **argv)
{
	const int is_flight = argc > 1 && !strcmp(argv[1], "flight");
	const int own = is_flight ? 6 : 5;
	const char *null;

	if (argc != own && argc != own + 2) {
		fputs("usage: driver wall FILE ROUNDS WARMUP [UID GID]\n"
		      "       driver flight FILE ROUNDS COUNT WIDTH [UID GID]\n", stderr);
		return 2;
	}
	null = getenv("DRIVER_NULL") ? getenv("DRIVER_NULL") : "/dev/null";
	null_fd = open(null, O_RDWR | O_CLOEXEC);
	unsetenv("DRIVER_NULL");
	if (null_fd < 0)
		fail(null);
	read_commands(argv[2]);
	if (argc == own + 2) {
		has_user = 1;
		user = (uid_t)atoi(argv[own]);
		group = (gid_t)atoi(argv[own + 1]);
	}
	if (is_flight)
		run_flight(atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	else
		run_wall(atoi(argv[3]), atoi(argv[4]));
	return fflush(stdout) ? 1 : 0;
}
