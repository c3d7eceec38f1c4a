/* Shared by the witness's files: what it knows of a process that is about to die. */
#ifndef WITNESS_H
#define WITNESS_H

#include "child.h"
#include "include/crash_core.h"

#include <signal.h>
#include <sys/procfs.h>

struct witness_thread {
	int tid;
	int status;   /* of the stop in which it is held, or 0: it could not be held */
	int is_awaited; /* asked to stop, and has not yet */
	int has_registers;
	uint64_t stack;
	char name[16];
	elf_gregset_t registers;
};

struct witness_mapping {
	uint64_t start, end, offset, inode;
	uint32_t name, name_length; /* in the text */
	uint8_t readable, writable, executable;
	int32_t file;               /* among the files, or -1 */
};

struct witness_segment {
	uint64_t start;
	uint64_t stored; /* bytes in the core */
	uint64_t size;   /* bytes in the process */
};

/* In memory of its own, mapped while a process is looked at. */
struct capture {
	int proc_fd;
	int tid, process;
	int signal;
	uint32_t total_threads, by_filter;
	uint32_t thread_count, mapping_count, segment_count, file_count;
	uint32_t text_size;
	siginfo_t info;
	int files[CRASH_FILES_MAX];
	uint64_t file_starts[CRASH_FILES_MAX];
	struct witness_thread threads[CRASH_THREADS_MAX];
	struct witness_mapping mappings[CRASH_MAPPINGS_MAX];
	struct witness_segment segments[CRASH_SEGMENTS_MAX];
	uint64_t auxv[64];
	uint32_t auxv_size;
	char text[CRASH_MAPS_MAX];
};

/* A path beneath /proc: a number, and what follows it. */
void witness_path(char *path, int number, const char *rest, int second, const char *end);
/* The content of a file beneath /proc, at most size bytes. Returns how many, or -1. */
long witness_read(int proc_fd, const char *path, void *to, unsigned long size);
/* The number behind a label of /proc/PID/status, in that base; 0 when there is none. */
uint64_t witness_status(const char *text, const char *label, unsigned base);
/* Reads and understands the mappings, and opens the programs and libraries among them. */
void witness_read_mappings(struct capture *c);
/* Chooses what is stored of the memory. */
void witness_choose_segments(struct capture *c);
/* Writes the core. Returns a sealed memory file, or -1. */
int witness_write_core(struct capture *c);

#endif
