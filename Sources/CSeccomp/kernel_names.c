/* The names of errors and signals. */
#include "kernel.h"

#include <signal.h>
#include <string.h>

const char *kernel_error_name(int number)
{
	const char *name = strerrorname_np(number);

	return name ? name : "unknown error";
}

const char *kernel_error_text(int number)
{
	const char *text = strerrordesc_np(number);

	return text ? text : "unknown error";
}

static const char *const signal_names[] = {
	[SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",	  [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",	  [SIGBUS] = "SIGBUS",	 [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1",	  [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",	  [SIGTERM] = "SIGTERM", [SIGSTKFLT] = "SIGSTKFLT",
	[SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT",	  [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP",
	[SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU",	  [SIGURG] = "SIGURG",	 [SIGXCPU] = "SIGXCPU",
	[SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH",
	[SIGIO] = "SIGIO",     [SIGPWR] = "SIGPWR",	  [SIGSYS] = "SIGSYS",
};

const char *kernel_signal_name(int number)
{
	if (number < 1 || number >= (int)(sizeof(signal_names) / sizeof(signal_names[0])))
		return NULL;
	return signal_names[number];
}

int kernel_signal_number(const char *name)
{
	int i;

	for (i = 1; i < (int)(sizeof(signal_names) / sizeof(signal_names[0])); i++)
		if (strcmp(name, signal_names[i]) == 0 || strcmp(name, signal_names[i] + 3) == 0)
			return i;
	return 0;
}
