#include "spare.h"

#include <errno.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "descriptors.h"
#include "launch.h"
#include "shim.h"

#define PAGE 4096U
#define STACK_USED 32768U /* bytes, by a shim's turn, with what it calls */

/* Waits for a connection. Its descriptor; -1 when the spawner has gone. */
static int receive(int control_fd, struct ucred *peer)
{
	size_t count;
	ssize_t got;
	int fd;

	do {
		got = descriptors_receive(control_fd, peer, sizeof(*peer), &fd, 1, &count);
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*peer) && count == 1 ? fd : -1;
}

/* A page's first use after fork(2) is a fault, and under a paravirtual hypervisor one costs
 * 10 us and more: the pages that a launch will use are made present at once (madvise(2);
 * without it, before Linux 5.14, they come one by one). */
static void populate(uintptr_t from, uintptr_t to, int advice)
{
	from -= from % PAGE;
	(void)madvise((void *)from, (to - from + PAGE - 1) / PAGE * PAGE, advice);
}

void spare_populate(void)
{
	extern const char __executable_start[];
	extern const char etext[];
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

	populate((uintptr_t)__executable_start, (uintptr_t)etext, MADV_POPULATE_READ);
	populate(stack - STACK_USED, stack, MADV_POPULATE_WRITE);
	launch_populate_pages();
}

static _Noreturn void run_spare(int control_fd)
{
	struct ucred peer = { 0 };
	int netns_fd;
	int connection_fd;

	(void)prctl(PR_SET_NAME, "nucleus-spare");
	spare_populate();
	/* Without root a network namespace can't be made ahead: the user namespace that it
	 * belongs to is the container's own. */
	netns_fd = geteuid() == 0 ? launch_prepare_network() : -1;
	connection_fd = receive(control_fd, &peer);
	(void)close(control_fd);
	if (connection_fd < 0)
		_exit(0);
	shim_run(connection_fd, peer.uid, peer.gid, netns_fd);
}

int spare_add(struct spares *spares, int listener_fd)
{
	int ends[2];
	pid_t pid;

	if (spares->count == SPARES)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		(void)close(listener_fd);
		(void)close(ends[0]);
		/* The others' would keep them waiting when the spawner has gone. */
		spares_close(spares);
		run_spare(ends[1]);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return -errno;
	}
	spares->controls[spares->count++] = ends[0];
	return 0;
}

bool spare_hand_over(struct spares *spares, int connection_fd, const struct ucred *peer)
{
	/* The oldest first: it has had the most time to get ready. One that was killed is
	 * passed over. */
	while (spares->count > 0) {
		owned_fd control_fd = spares->controls[0];

		spares->count--;
		memmove(spares->controls, spares->controls + 1,
			spares->count * sizeof(spares->controls[0]));
		if (descriptors_send(control_fd, peer, sizeof(*peer), &connection_fd, 1) == 0)
			return true;
	}
	return false;
}

void spares_close(struct spares *spares)
{
	while (spares->count > 0)
		(void)close(spares->controls[--spares->count]);
}
