#include "shim/network_helper.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/title.h"
#include "base/wire.h"
#include "net/changes.h"
#include "net/conntrack.h"
#include "net/queries.h"
#include "shim/shim_capabilities.h"

#define NOBODY 65534U
#define BODY_TIMEOUT 30000 /* ms for the rest of a request that has begun */
#define ANSWER_BYTES (1U << 20)

#define FIELD(name) ((unsigned int)offsetof(struct seccomp_data, name))
#define ALLOW(number)                                                                              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                       \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* The system calls of the serving loop, once the netlink sockets are open: no other socket, no
 * program. */
static int install_seccomp_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(nr)),
		ALLOW(SYS_read),
		ALLOW(SYS_write),
		ALLOW(SYS_sendto),
		ALLOW(SYS_recvfrom),
		ALLOW(SYS_poll),
		ALLOW(SYS_close),
		ALLOW(SYS_openat), /* settings below /proc/sys/net */
		ALLOW(SYS_setsockopt),
		ALLOW(SYS_brk),
		ALLOW(SYS_mmap),
		ALLOW(SYS_munmap),
		ALLOW(SYS_mremap),
		ALLOW(SYS_madvise),
		ALLOW(SYS_clock_gettime),
		ALLOW(SYS_restart_syscall),
		ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_exit),
		ALLOW(SYS_exit_group),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIOCGIFINDEX, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	const struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]),
					    .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

/* Switches to user nobody and keeps only CAP_NET_ADMIN. -EPERM unless run by root. */
static int drop_privileges(void)
{
	const uint64_t kept = 1ULL << CAP_NET_ADMIN;
	const uint64_t changing = 1ULL << CAP_SETUID | 1ULL << CAP_SETGID | 1ULL << CAP_SETPCAP;
	int result;

	if (geteuid() != 0)
		return -EPERM;
	result = shim_keep_capabilities(kept | changing);
	if (result < 0)
		return result;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	/* The change of user has cleared the effective set (capabilities(7)). */
	return capabilities_limit(kept);
}

static void answer(int fd, const struct writer *writer)
{
	size_t sent = 0;

	while (sent < writer->length) {
		ssize_t count = send(fd, writer->data + sent, writer->length - sent, MSG_NOSIGNAL);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			_exit(0);
		sent += (size_t)count;
	}
}

static void answer_error(int fd, struct writer *writer, int error, const char *text)
{
	writer->length = 0;
	writer->overflowed = false;
	write_error(writer, error, text);
	answer(fd, writer);
}

static void answer_result(int fd, struct writer *writer, int result, const struct failure *failure)
{
	if (result < 0) {
		answer_error(fd, writer, -result, failure->detail);
		return;
	}
	frame_end(writer, frame_begin(writer, ANSWER_OK));
	answer(fd, writer);
}

static struct ip_address *read_address_list(struct reader *reader, size_t *count)
{
	struct ip_address *addresses;

	*count = read_count(reader, 8);
	addresses = calloc(*count + 1, sizeof(*addresses));
	for (size_t i = 0; addresses != NULL && i < *count; i++) {
		size_t length;
		const uint8_t *bytes = read_bytes(reader, &length);

		if (reader->faulty || (length != 4 && length != 16)) {
			reader->faulty = true;
			break;
		}
		addresses[i].length = (uint8_t)length;
		memcpy(addresses[i].bytes, bytes, length);
	}
	return addresses;
}

static struct policy_rule *read_rules(struct reader *reader, size_t *count)
{
	struct policy_rule *rules;

	*count = read_count(reader, 12);
	rules = calloc(*count + 1, sizeof(*rules));
	for (size_t i = 0; rules != NULL && i < *count; i++)
		policy_read_rule(reader, &rules[i]);
	return rules;
}

static int delete_conntrack_entries(struct network *network, struct reader *reader)
{
	struct conntrack_policy policy = { .count = 0 };
	bool has_policy = read_u8(reader) != 0;
	size_t count;
	struct ip_address *addresses = read_address_list(reader, &count);
	struct policy_rule *rules = has_policy ? read_rules(reader, &policy.count) : NULL;
	int result = addresses == NULL || (has_policy && rules == NULL) ? -ENOMEM : 0;

	policy.rules = rules;
	policy.open = has_policy && read_u8(reader) != 0;
	if (result == 0 && reader->faulty)
		result = -EBADMSG;
	if (result == 0)
		result = conntrack_delete(network->netfilter_fd, addresses, count,
					  has_policy ? &policy : NULL);
	free(addresses);
	free(rules);
	return result;
}

static void serve(int fd, struct network *network, enum request type, struct reader *reader,
		  struct writer *writer)
{
	struct failure failure = { 0 };
	size_t start;
	int result;

	switch (type) {
	case REQUEST_NETWORK_CHANGES:
		answer_result(fd, writer, network_apply(network, reader, &failure), &failure);
		return;
	case REQUEST_NETWORK_FORGET:
		result = delete_conntrack_entries(network, reader);
		if (result < 0)
			(void)fail(&failure, STEP_NETWORK, -result, "delete conntrack entries");
		answer_result(fd, writer, result, &failure);
		return;
	case REQUEST_NETWORK_LIST:
	case REQUEST_NETWORK_DENIED:
		start = frame_begin(writer, ANSWER_NETWORK);
		result = type == REQUEST_NETWORK_LIST ? network_list(network, writer)
						      : network_denied(network, writer);
		if (result == 0 && writer->overflowed)
			result = -EMSGSIZE;
		if (result < 0) {
			answer_error(fd, writer, -result, "read the state of the network");
			return;
		}
		frame_end(writer, start);
		answer(fd, writer);
		return;
	default:
		answer_error(fd, writer, EBADMSG, "read a network request of unknown type");
	}
}

static void await_request(int fd)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	while (poll(&polled, 1, -1) < 0 && errno == EINTR) {
	}
}

/* False once the connection ends. */
static bool serve_one(int fd, struct network *network, struct writer *writer)
{
	uint8_t header[FRAME_HEADER];
	struct reader reader = { .at = header, .end = header + sizeof(header) };
	enum request type;
	size_t length;
	uint8_t *body;

	await_request(fd);
	if (read_exactly(fd, header, sizeof(header), BODY_TIMEOUT) < 0)
		return false;
	length = read_u32(&reader);
	type = (enum request)read_u8(&reader);
	body = length > FRAME_MAX ? NULL : malloc(length + 1);
	if (body == NULL || read_exactly(fd, body, length, BODY_TIMEOUT) < 0) {
		free(body);
		return false;
	}
	reader = (struct reader){ .at = body, .end = body + length };
	writer->length = 0;
	writer->overflowed = false;
	serve(fd, network, type, &reader, writer);
	free(body);
	return true;
}

_Noreturn void network_helper_serve(int connection_fd, const uint8_t *bytes, size_t length)
{
	struct reader reader = { .at = bytes, .end = bytes + length };
	struct failure failure = { 0 };
	struct network network;
	struct writer writer = { .data = malloc(ANSWER_BYTES), .capacity = ANSWER_BYTES };
	int result = network_open(&network, &reader, &failure);

	(void)prctl(PR_SET_NAME, "nucleus-network");
	if (writer.data == NULL)
		_exit(1);
	if (result == 0)
		result = network_check_owner(&network, &failure);
	if (result == 0) {
		result = drop_privileges();
		if (result == 0)
			result = install_seccomp_filter();
		if (result < 0)
			(void)fail(&failure, STEP_CAPABILITIES, -result,
				   "confine the network helper, which needs root");
	}
	answer_result(connection_fd, &writer, result, &failure);
	while (result == 0 && serve_one(connection_fd, &network, &writer)) {
	}
	_exit(0);
}
