#include "shim/forced_stop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "base/wire.h"
#include "launch/cgroup.h"

#define KILL_TIMEOUT 5000 /* ms that SIGKILL may take */
#define REAP_TIMEOUT 2000 /* ms for the shim to reap its children, or to report the exit */
#define SHIM_NAME "nucleus-shim"

struct target {
	pid_t pid;
	uint64_t start_ticks;
	int signal;
	uint32_t grace; /* ms */
	bool silent;    /* the shim did not answer */
	char group[64]; /* the name of the container's cgroups */
};

static bool read_target(struct target *target, const uint8_t *bytes, size_t length)
{
	struct reader reader = { .at = bytes, .end = bytes + length };
	const char *id;

	target->pid = (pid_t)read_u32(&reader);
	target->start_ticks = read_u64(&reader);
	target->signal = (int)read_u32(&reader);
	target->grace = read_u32(&reader);
	target->silent = read_u8(&reader) != 0;
	id = read_string(&reader);
	if (reader.faulty || reader.at != reader.end || target->pid <= 1 || strchr(id, '/') != NULL)
		return false;
	return snprintf(target->group, sizeof(target->group), "/nucleus-%s", id) <
	       (int)sizeof(target->group);
}

static bool ends_within(int pidfd, uint32_t milliseconds)
{
	struct pollfd polled = { .fd = pidfd, .events = POLLIN };
	int64_t deadline = monotonic_ms() + milliseconds;
	int64_t left = milliseconds;
	int ready = 0;

	/* poll(2) takes an int, half the range of a grace period. */
	do {
		ready = poll(&polled, 1, left > INT_MAX ? INT_MAX : (int)left);
		left = deadline - monotonic_ms();
	} while ((ready == 0 || (ready < 0 && errno == EINTR)) && left > 0);
	return ready == 1;
}

/* Root and the process's own user may end it. So may the manager's user, if the process is in the
 * container's cgroups. */
static bool may_end(const struct target *target, uid_t peer)
{
	owned_fd member = -1;

	/* Without root, the kernel allows signals only to processes of the same user. */
	if (peer == 0 || geteuid() != 0 || process_is_of(target->pid, peer))
		return true;
	member = cgroup_open_member(target->group, target->pid);
	return member >= 0;
}

/* A pidfd of the container's supervisor; -1 if it has exited. */
static int open_shim(pid_t container)
{
	char name[32];
	pid_t parent = process_parent(container);
	owned_fd pidfd = parent <= 1 ? -1 : sys_pidfd_open(parent);

	/* Still the parent, so its pid had not been reused when the pidfd was opened. */
	if (pidfd < 0 || process_parent(container) != parent ||
	    !process_name(parent, name, sizeof(name)) || strcmp(name, SHIM_NAME) != 0)
		return -1;
	return release(&pidfd);
}

/* 0, or a negative errno: -ESRCH if the process no longer exists. */
static int end_container(const struct target *target, uid_t peer)
{
	owned_fd pidfd = sys_pidfd_open(target->pid);
	owned_fd shim = -1;

	if (pidfd < 0)
		return -errno;
	if (process_start_ticks(target->pid) != target->start_ticks)
		return -ESRCH;
	if (!may_end(target, peer))
		return -EPERM;
	shim = open_shim(target->pid);
	(void)sys_pidfd_send_signal(pidfd, target->signal);
	if (!ends_within(pidfd, target->grace) && sys_pidfd_send_signal(pidfd, SIGKILL) < 0 &&
	    errno != ESRCH)
		return -errno;
	/* PID 1 exits last, once every process in its namespace has been reaped
	 * (pid_namespaces(7)). Processes that the shim started inside are reaped by the shim or,
	 * once it is gone, by a subreaper or the host's init. A shim that still answers is never
	 * killed before PID 1 has exited: without its report, a container stuck in disk I/O could
	 * be taken for stopped. */
	if (target->silent && !ends_within(pidfd, REAP_TIMEOUT) && shim >= 0)
		(void)sys_pidfd_send_signal(shim, SIGKILL);
	if (!ends_within(pidfd, KILL_TIMEOUT))
		return -ETIMEDOUT;
	/* A shim that still works gets time to report the exit. */
	if (shim >= 0 && !ends_within(shim, REAP_TIMEOUT))
		(void)sys_pidfd_send_signal(shim, SIGKILL);
	return 0;
}

_Noreturn void forced_stop_serve(int connection_fd, uid_t peer, const uint8_t *bytes, size_t length)
{
	uint8_t answer[256];
	struct writer writer = { .data = answer, .capacity = sizeof(answer) };
	struct target target;
	int result = read_target(&target, bytes, length) ? end_container(&target, peer) : -EBADMSG;

	if (result < 0)
		write_error(&writer, -result, "end the container without its shim");
	else
		frame_end(&writer, frame_begin(&writer, ANSWER_OK));
	(void)send(connection_fd, answer, writer.length, MSG_NOSIGNAL);
	_exit(0);
}
