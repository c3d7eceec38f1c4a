/*
 * Where no namespaces are to be had: what a pid and a user namespace would do, as far as it can be had otherwise. See child.h for
 * what may be used here.
 */
#include "child.h"

#include <linux/capability.h>
#include <sys/prctl.h>

/* struct landlock_ruleset_attr of ABI 6 (linux/landlock.h), newer than some headers. */
struct scope_rules {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};
#define LANDLOCK_SCOPED_SIGNALS 2

/*
 * Init in a Landlock domain of its own, which the app is born into: signals leave it for nobody outside. So kill(-1), which no
 * fork outruns, reaches all that the app has started and nothing else of this user (landlock(7)).
 */
static int hold_signals(void)
{
	struct scope_rules rules = { 0, 0, LANDLOCK_SCOPED_SIGNALS };
	int saved, fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);

	if (fd < 0)
		return -1;
	saved = syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? errno : 0;
	(void)syscall(SYS_close, fd);
	errno = saved;
	return saved ? -1 : 0;
}

/* The bounding set and the securebits are root's to change; no_new_privs lets no program give what they would keep away. */
int child_stand_alone(struct child *c, const struct launch_step *s)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capset, &header, none) < 0)
		return -1;
	if (!s->value)
		return 0;
	/* What loses its parent becomes ours: finish_all waits for it. */
	if (syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 || hold_signals() < 0)
		return -1;
	c->holds_signals = 1;
	return 0;
}
