#include "spawner/spare.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/descriptors.h"
#include "launch/launch.h"
#include "shim/supervise.h"

/* Waits for a connection. Returns its descriptor, or -1 if the spawner has exited. */
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

static _Noreturn void run_spare(int control_fd)
{
	struct ucred peer = { 0 };
	int netns_fd;
	int connection_fd;

	(void)prctl(PR_SET_NAME, "nucleus-spare");
	shim_populate_pages();
	/* Without root a network namespace can't be created in advance: the user namespace that it
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
		/* Inherited sockets would keep the other spares waiting after the spawner has
		 * exited. */
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
	/* The oldest first: it has had the most time to get ready. Killed spares are skipped. */
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
