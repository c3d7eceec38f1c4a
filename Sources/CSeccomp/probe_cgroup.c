/* Probes of cgroups: may a child be made in our own, and may a process be born or moved into it? */
#include "probe_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In static memory: a child of a process with threads must not allocate. */
static char mounts[1 << 17];
static char own[1 << 13];

static const struct {
	const char *name;
	int bit;
} controllers[] = {
	{"memory", PROBE_CONTROLLER_MEMORY},
	{"pids", PROBE_CONTROLLER_PIDS},
	{"cpu", PROBE_CONTROLLER_CPU},
};

/* Reads a whole file of /proc; those come in pieces. */
static int read_all(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t count;

	if (fd < 0)
		return -1;
	while (done < size - 1 && (count = read(fd, text + done, size - 1 - done)) > 0)
		done += (size_t)count;
	close(fd);
	text[done] = '\0';
	return 0;
}

/* Whether word is an element of a list with this separator; list ends at a NUL or newline. */
static int has_word(const char *list, const char *word, char separator)
{
	size_t size = strlen(word);

	for (const char *at = list; *at != '\0' && *at != '\n'; at++) {
		int starts = at == list || at[-1] == separator;
		char end = at[size <= strlen(at) ? size : strlen(at)];

		if (starts && strncmp(at, word, size) == 0 &&
		    (end == separator || end == '\0' || end == '\n'))
			return 1;
	}
	return 0;
}

/* The n-th field of a line, counted from 0, copied; 0 if there is one and it fits. */
static int field(const char *line, int n, char *text, size_t size)
{
	size_t count;

	for (; n > 0; n--) {
		line = strchr(line, ' ');
		if (line == NULL)
			return -1;
		line++;
	}
	count = strcspn(line, " \n");
	if (count >= size)
		return -1;
	memcpy(text, line, count);
	text[count] = '\0';
	return 0;
}

/* proc(5), "/proc/PID/mountinfo": where a hierarchy is mounted, and which directory of it. */
static int find_mount(const char *type, const char *controller, char *point, char *root)
{
	char *next;

	for (char *line = mounts; *line != '\0'; line = next) {
		const char *options, *separator;

		next = line + strcspn(line, "\n");
		if (*next == '\n')
			*next++ = '\0';
		separator = strstr(line, " - ");
		if (separator == NULL || strncmp(separator + 3, type, strlen(type)) != 0 ||
		    separator[3 + strlen(type)] != ' ')
			continue;
		options = strrchr(separator, ' ') + 1;
		if (controller != NULL && !has_word(options, controller, ','))
			continue;
		return field(line, 3, root, PATH_MAX) == 0 && field(line, 4, point, PATH_MAX) == 0
			       ? 0
			       : -1;
	}
	return -1;
}

/* cgroups(7), "/proc/PID/cgroup": our own directory in a hierarchy; controller NULL means v2. */
static int find_own(const char *controller, char *path)
{
	for (char *line = own; *line != '\0';) {
		char *names = strchr(line, ':');
		char *place = names ? strchr(names + 1, ':') : NULL;
		size_t count;

		if (place == NULL)
			return -1;
		*place++ = '\0';
		count = strcspn(place, "\n");
		if ((controller == NULL && strncmp(line, "0:", 2) == 0 && names[1] == '\0') ||
		    (controller != NULL && has_word(names + 1, controller, ','))) {
			if (count >= PATH_MAX)
				return -1;
			memcpy(path, place, count);
			path[count] = '\0';
			return 0;
		}
		line = place + count;
		if (*line == '\n')
			line++;
	}
	return -1;
}

/* Our own cgroup's directory, as a path. */
static int own_directory(const char *type, const char *controller, char *text, size_t size)
{
	static char point[PATH_MAX], root[PATH_MAX], place[PATH_MAX];
	const char *rest = place;

	/* Each look-up cuts the text into pieces, so read it anew. */
	if (read_all("/proc/self/mountinfo", mounts, sizeof(mounts)) != 0 ||
	    read_all("/proc/self/cgroup", own, sizeof(own)) != 0)
		return -1;
	errno = ENOENT;
	if (find_mount(type, controller, point, root) != 0 || find_own(controller, place) != 0)
		return -1;
	if (strcmp(root, "/") != 0 && strncmp(place, root, strlen(root)) == 0)
		rest = place + strlen(root);
	if (strcmp(rest, "/") == 0)
		rest = "";
	errno = ENAMETOOLONG;
	return (size_t)snprintf(text, size, "%s%s", point, rest) < size ? 0 : -1;
}

static int64_t enabled(const char *directory)
{
	char path[PATH_MAX + 32], list[256];
	int64_t bits = 0;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", directory);
	if (probe_read(path, list, sizeof(list)) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		if (has_word(list, controllers[i].name, ' '))
			bits |= controllers[i].bit;
	}
	return bits;
}

/* clone3(CLONE_INTO_CGROUP), Linux 5.7. */
static int born_in(struct probe_result *r, const char *child)
{
	struct clone_args arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	int directory = open(child, O_PATH | O_DIRECTORY | O_CLOEXEC);
	long pid;

	if (directory < 0)
		return probe_fail(r, "open a cgroup");
	arguments.cgroup = (uint64_t)directory;
	pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return probe_fail(r, "clone3(CLONE_INTO_CGROUP)");
	return probe_wait((pid_t)pid) == 0 ? 0 : probe_ineffective(r, "clone3");
}

int probe_cgroup2(struct probe_result *r)
{
	static char parent[PATH_MAX], child[PATH_MAX + 64];
	int result;

	if (own_directory("cgroup2", NULL, parent, sizeof(parent)) != 0)
		return probe_fail(r, "find a cgroup2 mount");
	r->detail = enabled(parent) << 8;
	snprintf(child, sizeof(child), "%s/isolated-doctor-%d", parent, getpid());
	if (mkdir(child, 0755) != 0)
		return probe_fail(r, "mkdir in our own cgroup");
	r->detail |= enabled(child);
	result = born_in(r, child);
	if (rmdir(child) != 0 && result == 0)
		return probe_fail(r, "rmdir of a cgroup");
	return result;
}

/* A child process moves itself into a new v1 cgroup. */
static int moved_into(struct probe_result *r, const char *child)
{
	char path[PATH_MAX + 128];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", child);
	pid = probe_fork();
	if (pid == 0)
		_exit(probe_write(path, "0") == 0 ? 0 : 1);
	if (pid < 0)
		return probe_fail(r, "fork");
	return probe_wait(pid) == 0 ? 0 : probe_ineffective(r, "write cgroup.procs");
}

int probe_cgroup1(struct probe_result *r)
{
	static char parent[PATH_MAX], child[PATH_MAX + 64];

	errno = ENOENT;
	probe_fail(r, "find cgroup v1 mounts");
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		if (own_directory("cgroup", controllers[i].name, parent, sizeof(parent)) != 0)
			continue;
		snprintf(child, sizeof(child), "%s/isolated-doctor-%d", parent, getpid());
		if (mkdir(child, 0755) != 0) {
			probe_fail(r, "mkdir in our own cgroup");
			continue;
		}
		if (moved_into(r, child) == 0)
			r->detail |= controllers[i].bit;
		rmdir(child);
	}
	if (r->detail == 0)
		return -1;
	r->call = NULL;
	r->error = 0;
	return 0;
}
