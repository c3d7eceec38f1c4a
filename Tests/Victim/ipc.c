/* What processes of one machine share by key or name. */
#include "victim.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static int open_shm(char **words)
{
	return result_of(shmget((key_t)atol(words[0]), 1, 0));
}

/* By number: no key is needed. */
static int attach_shm(char **words)
{
	return result_of((long)shmat(atoi(words[0]), NULL, SHM_RDONLY));
}

static int open_sem(char **words)
{
	return result_of(semget((key_t)atol(words[0]), 1, 0));
}

static int open_msg(char **words)
{
	return result_of(msgget((key_t)atol(words[0]), 0));
}

static int open_mq(char **words)
{
	return result_of((long)mq_open(words[0], O_RDONLY));
}

/* Looks for a key of the caller in the session keyring; needs the calls to be allowed. */
static int find_key(char **words)
{
	return result_of(syscall(SYS_keyctl, 10 /* KEYCTL_SEARCH */, -3, "user", words[0], 0));
}

const struct attack ipc_attacks[] = {
	{ "open-shm", 1, open_shm },   { "attach-shm", 1, attach_shm }, { "open-sem", 1, open_sem },
	{ "open-msg", 1, open_msg },   { "open-mq", 1, open_mq },	{ "find-key", 1, find_key },
	{ NULL, 0, NULL },
};
