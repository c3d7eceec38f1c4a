#include "victim.h"

#include <sys/wait.h>

static const struct attack *const attacks[] = {
	call_attacks,	     descriptor_attacks, file_attacks,	   identity_attacks, inheritance_attacks,
	ipc_attacks,	     memory_attacks,	 network_attacks,  process_attacks,  terminal_attacks,
	crash_attacks,	     steering_attacks,
};
static const struct wrapper *const wrappers[] = { host_wrappers, leak_wrappers, namespace_wrappers };

static char *substitute(const char *word, const char *const *values, int count)
{
	static char text[8192];
	size_t used = 0;

	for (; *word && used + 1 < sizeof(text); word++) {
		if (word[0] == '%' && word[1] >= '1' && word[1] - '1' < count) {
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", values[word[1] - '1']);
			word++;
		} else {
			text[used++] = *word;
		}
	}
	text[used] = 0;
	return strdup(text);
}

int exec_command(char **command, const char *const *values, int count)
{
	char *words[256];
	int i;

	for (i = 0; command[i] && i < 255; i++)
		words[i] = substitute(command[i], values, count);
	words[i] = NULL;
	execv(words[0], words);
	perror(words[0]);
	return 127;
}

static int code_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_command(char **command, const char *const *values, int count)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(exec_command(command, values, count));
	return pid < 0 ? 1 : code_of(pid);
}

int in_child(int (*run)(char **words), char **words)
{
	pid_t pid = fork();

	if (pid < 0)
		return BROKEN;
	if (pid == 0)
		_exit(run(words) & 0xff);
	return code_of(pid);
}

static int report(const char *name, int result)
{
	if (result == BROKEN) {
		printf("%s: broken: %s\n", name, strerror(errno));
		return 1;
	}
	if (result == 0) {
		printf("%s: done\n", name);
		return 0;
	}
	printf("%s: refused %s\n", name, strerrorname_np(result) ? strerrorname_np(result) : "?");
	return 10;
}

static int wrap(const struct wrapper *w, char **words)
{
	char **command = words + w->words;
	int i;

	for (i = 0; i < w->words; i++)
		if (!words[i])
			return 2;
	if (!*command || strcmp(*command, "--") != 0 || !command[1])
		return 2;
	return w->run(words, command + 1);
}

int main(int argc, char **argv)
{
	size_t table, i;
	int have = argc - 2;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		return 2;
	for (table = 0; table < sizeof(attacks) / sizeof(attacks[0]); table++)
		for (i = 0; attacks[table][i].name; i++)
			if (strcmp(attacks[table][i].name, argv[1]) == 0)
				return have < attacks[table][i].words ?
					       2 :
					       report(argv[1], attacks[table][i].run(argv + 2));
	for (table = 0; table < sizeof(wrappers) / sizeof(wrappers[0]); table++)
		for (i = 0; wrappers[table][i].name; i++)
			if (strcmp(wrappers[table][i].name, argv[1]) == 0)
				return wrap(&wrappers[table][i], argv + 2);
	fprintf(stderr, "victim: no such mode: %s\n", argv[1]);
	return 2;
}
