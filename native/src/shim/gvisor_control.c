#include "shim/gvisor_control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "shim/exec.h"
#include "shim/gvisor.h"
#include "shim/relay.h"

/* How long the runtime may take to deliver a signal, in ms. */
#define SIGNAL_TIMEOUT 10000

int gvisor_signal(struct shim *shim, uint32_t exec_id, int number)
{
	struct exec_request request = {
		.capture = true, .timeout = SIGNAL_TIMEOUT, .stdio_fd = -1, .process_fd = -1
	};
	char process[32];
	char name[16];
	size_t at = gvisor_count(shim->plan.gvisor.kill);
	char **argv = arena_take(&request.arena, at + 4, sizeof(*argv));
	long pid = exec_id == 0 ? 0 : gvisor_pid(shim, exec_id);
	int result;

	if (argv == NULL || pid < 0) {
		arena_free(&request.arena);
		return argv == NULL ? -ENOMEM : (int)pid;
	}
	memcpy(argv, shim->plan.gvisor.kill, at * sizeof(*argv));
	(void)snprintf(process, sizeof(process), "--pid=%ld", pid);
	(void)snprintf(name, sizeof(name), "%d", number);
	if (exec_id != 0)
		argv[at++] = process;
	argv[at++] = (char *)(uintptr_t)shim->plan.id;
	argv[at] = name;
	request.argv = argv;
	request.envp = shim->plan.envp;
	request.workdir = shim->plan.workdir;
	result = exec_run(shim, &request);
	arena_free(&request.arena);
	return result;
}

int gvisor_dial(struct shim *shim, uint16_t port)
{
	char number[8];
	char relay[] = RELAY_PATH;
	char role[] = RELAY_ROLE;
	char *argv[] = { relay, role, number, NULL };
	char *envp[] = { NULL };
	struct exec_request request = { .capture = true,
					.workdir = "/",
					.argv = argv,
					.envp = envp,
					.stdio_fd = -1,
					.process_fd = -1 };
	owned_fd here = -1;
	owned_fd there = -1;
	int pair[2];
	int result;

	(void)snprintf(number, sizeof(number), "%u", port);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	here = pair[0];
	there = pair[1];
	(void)fcntl(here, F_SETFL, O_NONBLOCK);
	request.stdio_fd = there;
	result = gvisor_exec(shim, &request, shim->next_exec + 1);
	if (result == 0)
		result = exec_run(shim, &request);
	close_fd(&request.process_fd);
	arena_free(&request.arena);
	return result < 0 ? result : release(&here);
}
