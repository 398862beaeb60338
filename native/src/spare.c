#include "spare.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "descriptors.h"
#include "launch.h"
#include "shim.h"

#define PAGE 4096U
#define STACK_USED 32768U /* bytes, by a shim's turn, with what it calls */

/* Room for one descriptor. */
union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

/* Waits for a connection. Its descriptor; -1 when the spawner has gone. */
static int receive(int control_fd, struct ucred *peer)
{
	union control control;
	struct iovec data = { .iov_base = peer, .iov_len = sizeof(*peer) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *head;
	ssize_t got;
	int fd;

	do {
		got = recvmsg(control_fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	head = CMSG_FIRSTHDR(&message);
	if (got != (ssize_t)sizeof(*peer) || head == NULL || head->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

/* A page's first use after fork(2) is a fault, and under a paravirtual hypervisor one costs
 * 10 us and more: the pages that a launch will use are touched while nobody waits. */
static void __attribute__((noinline)) touch_pages(void)
{
	extern const char __executable_start[];
	extern const char etext[];
	volatile char stack[STACK_USED];
	static volatile char sum;

	for (size_t at = 0; at < sizeof(stack); at += PAGE)
		stack[at] = 0;
	for (const volatile char *at = __executable_start; at < etext; at += PAGE)
		sum = (char)(sum + *at);
	launch_touch_pages();
}

static _Noreturn void run_spare(int control_fd)
{
	struct ucred peer = { 0 };
	int netns_fd;
	int connection_fd;

	(void)prctl(PR_SET_NAME, "nucleus-spare");
	touch_pages();
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
	union control control = { 0 };
	struct ucred copy = *peer;
	struct iovec data = { .iov_base = &copy, .iov_len = sizeof(copy) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(connection_fd));
	memcpy(CMSG_DATA(head), &connection_fd, sizeof(connection_fd));
	/* The oldest first: it has had the most time to get ready. One that was killed is
	 * passed over. */
	while (spares->count > 0) {
		owned_fd control_fd = spares->controls[0];

		spares->count--;
		memmove(spares->controls, spares->controls + 1,
			spares->count * sizeof(spares->controls[0]));
		if (sendmsg(control_fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(copy))
			return true;
	}
	return false;
}

void spares_close(struct spares *spares)
{
	while (spares->count > 0)
		(void)close(spares->controls[--spares->count]);
}
