/* Waits for a signal: the app in the memory rows. */
#include <unistd.h>

int main(void)
{
	pause();
	return 0;
}
