#include "base/descriptors.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/syscalls.h"

union rights {
	struct cmsghdr head;
	char space[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

/* The lowest kept descriptor at or above `from`, or -1. */
static int next_kept(const int *kept, size_t count, int from)
{
	int lowest = -1;

	for (size_t i = 0; i < count; i++) {
		if (kept[i] >= from && (lowest < 0 || kept[i] < lowest))
			lowest = kept[i];
	}
	return lowest;
}

void descriptors_close_standard(void)
{
	owned_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
}

int descriptors_keep(const int *kept, size_t count)
{
	int from = STDERR_FILENO + 1;

	for (int next = next_kept(kept, count, from); next >= 0;
	     next = next_kept(kept, count, from)) {
		if (next > from &&
		    sys_close_range((unsigned int)from, (unsigned int)next - 1, 0) < 0)
			return -errno;
		from = next + 1;
	}
	return sys_close_range((unsigned int)from, ~0U, 0) < 0 ? -errno : 0;
}

int descriptors_send(int socket_fd, const void *bytes, size_t size, const int *fds, size_t count)
{
	union rights rights;
	struct iovec data = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t sent;

	if (count > DESCRIPTORS_MAX)
		return -E2BIG;
	if (count > 0) {
		memset(&rights, 0, CMSG_SPACE(count * sizeof(int)));
		rights.head.cmsg_level = SOL_SOCKET;
		rights.head.cmsg_type = SCM_RIGHTS;
		rights.head.cmsg_len = (socklen_t)CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&rights.head), fds, count * sizeof(int));
		message.msg_control = &rights;
		message.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof(int));
	}
	sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
	if (sent < 0)
		return -errno;
	return sent == (ssize_t)size ? 0 : -EMSGSIZE;
}

ssize_t descriptors_receive(int socket_fd, void *bytes, size_t size, int *fds, size_t room,
			    size_t *count)
{
	union rights rights;
	struct iovec data = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &rights,
		.msg_controllen = (socklen_t)CMSG_SPACE(room * sizeof(int)),
	};
	const struct cmsghdr *head;
	ssize_t got = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);

	*count = 0;
	head = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
	if (head == NULL || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
		return got;
	for (; *count < (head->cmsg_len - CMSG_LEN(0)) / sizeof(int); (*count)++) {
		int fd;

		memcpy(&fd, CMSG_DATA(head) + *count * sizeof(int), sizeof(fd));
		/* Padding of the buffer may have let in one more than there is room for. */
		if (*count == room) {
			(void)close(fd);
			break;
		}
		fds[*count] = fd;
	}
	return got;
}
