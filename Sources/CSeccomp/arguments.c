/* The words of the command line. */
#include "kernel.h"

static char **own_arguments;
static int own_count;

/* glibc hands main's arguments to constructors too. Elsewhere they would have to be read from /proc, which may be missing. */
__attribute__((constructor)) static void keep_arguments(int count, char **arguments)
{
	own_arguments = arguments;
	own_count = count;
}

char *const *kernel_arguments(void)
{
	return own_arguments;
}

#ifdef ISOLATED_STATIC
/*
 * What Swift's CommandLine asks. The runtime's own answer looks for the words' place in /proc/self/maps, at each start, whether
 * anybody asks or not: a tenth of the time that `isolated --version` takes. Linked statically, these two are found before the
 * runtime's (CommandLine.cpp), which is then left out; were there more than two, the linker would find them defined twice.
 */
char **_swift_stdlib_getUnsafeArgvArgc(int *count);
void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count);

char **_swift_stdlib_getUnsafeArgvArgc(int *count)
{
	*count = own_count;
	return own_arguments;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count)
{
	own_arguments = arguments;
	own_count = count;
}
#endif
