/* What an app might inherit from its caller. */
#include "victim.h"

#include <signal.h>
#include <sys/stat.h>

static int has_variable(char **words)
{
	return getenv(words[0]) ? 0 : ABSENT;
}

static int has_ignored(char **words)
{
	struct sigaction action;
	int sig;

	(void)words;
	for (sig = 1; sig <= 64; sig++)
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			return 0;
	return ABSENT;
}

static int has_blocked(char **words)
{
	sigset_t set;
	int sig;

	(void)words;
	if (sigprocmask(SIG_BLOCK, NULL, &set) < 0)
		return BROKEN;
	for (sig = 1; sig <= 64; sig++)
		if (sigismember(&set, sig) == 1)
			return 0;
	return ABSENT;
}

static int has_umask(char **words)
{
	return umask(0) == (mode_t)strtoul(words[0], NULL, 8) ? 0 : ABSENT;
}

static int has_personality(char **words)
{
	unsigned long want = strtoul(words[0], NULL, 0);

	return ((unsigned long)syscall(SYS_personality, 0xffffffffUL) & want) == want ? 0 : ABSENT;
}

const struct attack inheritance_attacks[] = {
	{ "has-variable", 1, has_variable },
	{ "has-ignored", 0, has_ignored },
	{ "has-blocked", 0, has_blocked },
	{ "has-umask", 1, has_umask },
	{ "has-personality", 1, has_personality },
	{ NULL, 0, NULL },
};
