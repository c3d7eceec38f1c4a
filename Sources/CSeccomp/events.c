#include "events.h"

#include <sys/epoll.h>
#include <time.h>

int kernel_events_make(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

int kernel_events_set(int events, int fd, uint64_t token, uint32_t wanted, int change)
{
	struct epoll_event event = { 0 };

	event.events = (wanted & EVENT_READABLE ? EPOLLIN : 0U) | (wanted & EVENT_WRITABLE ? EPOLLOUT : 0U);
	event.data.u64 = token;
	return epoll_ctl(events, change ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

int kernel_events_remove(int events, int fd)
{
	struct epoll_event event = { 0 };

	return epoll_ctl(events, EPOLL_CTL_DEL, fd, &event);
}

int kernel_events_wait(int events, struct kernel_event out[EVENTS_AT_ONCE], int64_t timeout_ms)
{
	struct epoll_event ready[EVENTS_AT_ONCE];
	int i, count;

	if (timeout_ms > 0x7fffffff)
		timeout_ms = 0x7fffffff;
	count = epoll_wait(events, ready, EVENTS_AT_ONCE, (int)timeout_ms);
	for (i = 0; i < count; i++) {
		out[i].token = ready[i].data.u64;
		out[i].ready = (ready[i].events & EPOLLIN ? EVENT_READABLE : 0U) |
			       (ready[i].events & EPOLLOUT ? EVENT_WRITABLE : 0U) |
			       (ready[i].events & (EPOLLHUP | EPOLLERR) ? EVENT_HUNG_UP : 0U);
	}
	return count;
}

int64_t kernel_boot_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
