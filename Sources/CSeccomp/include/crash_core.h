/*
 * What a witness hands over of a process that a signal is about to end: an ELF core file (elf(5)), as small as unwinders
 * need it, with notes of its own. Swift reads it through the Clang importer.
 *
 * Beside NT_PRSTATUS for each thread (the one with the signal first), NT_SIGINFO, NT_AUXV and NT_FILE, whose names are
 * those that the reporter has for the files: /proc/self/fd/N, N counted from CRASH_FILES_FIRST in the order in which they
 * were sent, or CRASH_NO_FILE.
 */
#ifndef CRASH_CORE_H
#define CRASH_CORE_H

#include <stdint.h>

#define CRASH_CORE_MAX (12u << 20)      /* bytes of a core */
#define CRASH_STACK_MAX (256u << 10)    /* bytes of the stack of the thread with the signal */
#define CRASH_OTHER_STACK_MAX (32u << 10)
#define CRASH_THREADS_MAX 256
#define CRASH_MAPPINGS_MAX 4096
#define CRASH_SEGMENTS_MAX 4352
#define CRASH_FILES_MAX 64
#define CRASH_FILES_FIRST 16
#define CRASH_MAPS_MAX (512u << 10)     /* bytes of /proc/PID/maps */
#define CRASH_NO_FILE "/proc/self/fd/0"
#define CRASH_SECONDS 5                 /* that a witness may take */
#define CRASHES_MAX 16                  /* that a witness hands over in its life */

/* Notes of the owner CRASH_NOTE_OWNER. */
#define CRASH_NOTE_OWNER "isolated"
enum crash_note {
	CRASH_NOTE_FACTS = 0x69730001, /* struct crash_facts */
	CRASH_NOTE_MAPS,      /* the text of /proc/PID/maps, perhaps cut */
	CRASH_NOTE_THREADS,   /* struct crash_thread, as many as there are */
	CRASH_NOTE_FILES,     /* for each file that was sent the start of its first mapping, 8 bytes */
};

struct crash_facts {
	int32_t process; /* ids as the app sees them */
	int32_t thread;
	int32_t signal;
	int32_t code;     /* si_code */
	int32_t sender;   /* si_pid, where the code says that somebody sent it; 0: from outside */
	uint32_t machine; /* EM_* */
	uint64_t address; /* si_addr, where the code says that the kernel found a fault */
	uint32_t threads; /* that there were, listed or not */
	uint32_t by_filter; /* 1: the filter ended it */
};

struct crash_thread {
	int32_t thread;
	uint32_t has_registers;
	char name[16];
};

#endif
