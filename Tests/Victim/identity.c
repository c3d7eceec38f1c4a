/* Becoming more than one is. */
#include "victim.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/auxv.h>

/* Any capability in any of the five sets. */
static int any_capability(char **words)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "r");
	int found = 0, seen = 0;

	(void)words;
	while (status && fgets(line, sizeof(line), status)) {
		if (strncmp(line, "Cap", 3) != 0)
			continue;
		seen++;
		if (strtoull(strchr(line, ':') + 1, NULL, 16) != 0)
			found = 1;
	}
	if (status)
		fclose(status);
	if (seen != 5)
		return BROKEN;
	return found ? 0 : EPERM;
}

/* Bits that give root its capabilities back, or that could still be changed. */
static int open_securebits(char **words)
{
	int bits = prctl(PR_GET_SECUREBITS);

	(void)words;
	if (bits < 0)
		return BROKEN;
	/* NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each with its lock; KEEP_CAPS locked. */
	return (bits & 0xef) == 0xef ? EPERM : 0;
}

static int new_privileges(char **words)
{
	(void)words;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : 0;
}

static int become_root(char **words)
{
	(void)words;
	return result_of(setresuid(0, 0, 0));
}

static int take_group(char **words)
{
	gid_t group = (gid_t)atoi(words[0]);

	return result_of(setgroups(1, &group));
}

/* Any supplementary group; files may be open to them. */
static int any_group(char **words)
{
	gid_t groups[256];
	int i, count = getgroups(256, groups);

	(void)words;
	if (count < 0)
		return BROKEN;
	for (i = 0; i < count; i++)
		if (groups[i] != getegid())
			return 0;
	return EPERM;
}

/* Reports for a program that was made set-user-ID or got a file capability: what it is now. */
static int am_privileged(char **words)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 } };

	(void)words;
	if (syscall(SYS_capget, &header, data) < 0)
		return BROKEN;
	return geteuid() != getuid() || data[0].effective || data[1].effective || getauxval(AT_SECURE) ?
		       0 :
		       EPERM;
}

/* Runs a program that would make an ordinary user more, as an ordinary user. */
static int gain_by(char **words)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
				       setresuid(65534, 65534, 65534) < 0))
			_exit(1);
		execl(words[0], "victim", "am-privileged", NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return BROKEN;
	return WEXITSTATUS(status) == 0 ? 0 : WEXITSTATUS(status) == 10 ? EPERM : BROKEN;
}

static int is_host_root(char **words)
{
	char line[256];
	unsigned long inside = 1, outside = 1, count = 0;
	FILE *map = fopen("/proc/self/uid_map", "r");

	(void)words;
	if (!map || !fgets(line, sizeof(line), map) ||
	    sscanf(line, "%lu %lu %lu", &inside, &outside, &count) != 3)
		return BROKEN;
	fclose(map);
	return outside == 0 ? 0 : EPERM;
}

static int host_name(char **words)
{
	char name[256];

	if (gethostname(name, sizeof(name)) < 0)
		return BROKEN;
	return strcmp(name, words[0]) == 0 ? 0 : EPERM;
}

static int negative_nice(char **words)
{
	(void)words;
	errno = 0;
	return result_of(nice(-5) == -1 && errno ? -1 : 0);
}

/* More open files than the hard limit allows. */
static int raise_limit(char **words)
{
	struct rlimit limit;

	limit.rlim_cur = limit.rlim_max = strtoul(words[0], NULL, 0);
	return result_of(setrlimit(RLIMIT_NOFILE, &limit));
}

const struct attack identity_attacks[] = {
	{ "any-capability", 0, any_capability },
	{ "open-securebits", 0, open_securebits },
	{ "new-privileges", 0, new_privileges },
	{ "become-root", 0, become_root },
	{ "take-group", 1, take_group },
	{ "any-group", 0, any_group },
	{ "am-privileged", 0, am_privileged },
	{ "is-host-root", 0, is_host_root },
	{ "gain-by", 1, gain_by },
	{ "host-name", 1, host_name },
	{ "negative-nice", 0, negative_nice },
	{ "raise-limit", 1, raise_limit },
	{ NULL, 0, NULL },
};
