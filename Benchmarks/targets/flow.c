/* Waits until somebody writes a word to a FIFO, then prints lines of 100 bytes with that word as fast as they are taken; the last
 * begins with "last".
 *
 *   flow FIFO LINES
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 100, AT_ONCE = 40 };

static void put(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t done = write(1, bytes, size);

		if (done <= 0)
			exit(1);
		bytes += done;
		size -= (size_t)done;
	}
}

int main(int argc, char **argv)
{
	static char block[LINE * AT_ONCE];
	char word[16] = "";
	long lines, next = 0;
	int fifo;

	if (argc != 3)
		return 125;
	lines = strtol(argv[2], NULL, 10);
	fifo = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (lines <= 0 || fifo < 0 || read(fifo, word, sizeof word - 1) <= 0)
		return 1;
	word[strcspn(word, "\n")] = 0;
	while (next < lines) {
		size_t size = 0;

		for (int at = 0; at < AT_ONCE && next < lines; at++, next++) {
			char *line = block + size;

			memset(line, 'x', LINE);
			snprintf(line, LINE, "%s %s %ld", next == lines - 1 ? "last" : "line", word, next);
			line[strlen(line)] = ' ';
			line[LINE - 1] = '\n';
			size += LINE;
		}
		put(block, size);
	}
	return 0;
}
