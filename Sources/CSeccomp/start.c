/* What the static executable leaves out of what Swift's runtime does before main. */
#ifdef ISOLATED_STATIC
#include <stdbool.h>

/*
 * Swift's start-up code refers to the first of these, and its fatal errors to the second: with them comes the runtime's back-tracer
 * (Backtrace.cpp). At each start it looks for a program "swift-backtrace" in eight places, and the environment (SWIFT_BACKTRACE) can
 * name another one, which a crash would start. A supervisor must do neither. Defined here, both are found before the runtime's,
 * which is left out; were there more of them, the linker would find these defined twice.
 */
bool _swift_backtrace_isThunkFunction(const char *name);

bool _swift_backtrace_isThunkFunction(const char *name)
{
	(void)name;
	return false;
}

/* The runtime reads its first words: all zero is "off". It has less than 128 bytes. */
extern long _swift_backtraceSettings[];
long _swift_backtraceSettings[32];
#endif
