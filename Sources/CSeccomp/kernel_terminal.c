/* Thin wrappers for the supervisor, one a call: terminals. */
#include "kernel.h"

#include <sys/ioctl.h>
#include <termios.h>

#define TERMIOS_GET 0x5401 /* TCGETS and TCSETS: the kernel's struct termios; at once, a stopped terminal never drains */
#define TERMIOS_SET 0x5402

int kernel_terminal_get(int fd, uint8_t modes[36])
{
	return ioctl(fd, TERMIOS_GET, modes);
}

int kernel_terminal_set(int fd, const uint8_t modes[36])
{
	return ioctl(fd, TERMIOS_SET, modes);
}

int kernel_terminal_raw(int fd)
{
	struct termios modes;

	if (tcgetattr(fd, &modes) < 0)
		return -1;
	cfmakeraw(&modes);
	return tcsetattr(fd, TCSANOW, &modes);
}

int kernel_window_get(int fd, uint16_t size[4])
{
	return ioctl(fd, TIOCGWINSZ, size);
}

int kernel_window_set(int fd, const uint16_t size[4])
{
	return ioctl(fd, TIOCSWINSZ, size);
}
