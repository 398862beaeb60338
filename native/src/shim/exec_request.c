#include "shim/exec_request.h"

#include <string.h>
#include <unistd.h>

#include "shim/gvisor.h"
#include "shim/ticket.h"

/* Whether two "NAME=value" strings have the same name. */
static bool same_name(const char *one, const char *other)
{
	size_t length = strcspn(one, "=");

	return strncmp(one, other, length) == 0 && other[length] == '=';
}

/* The workload's environment, with the variables that the request adds or overrides. NULL: no
 * memory. */
static char **merge(struct exec_request *request, char *const own[], size_t variables)
{
	size_t count = 0;
	size_t at = 0;
	char **merged;

	while (own[count] != NULL)
		count++;
	merged = arena_take(&request->arena, count + variables + 1, sizeof(*merged));
	for (size_t i = 0; merged != NULL && i < count; i++) {
		bool replaced = false;

		for (size_t j = 0; j < variables; j++)
			replaced |= same_name(own[i], request->envp[j]);
		if (!replaced)
			merged[at++] = own[i];
	}
	for (size_t i = 0; merged != NULL && i < variables; i++)
		merged[at++] = request->envp[i];
	return merged;
}

/* u8 whether a user is given, then u32 uid, u32 gid, and a list of u32 groups. */
static void read_user(struct reader *reader, struct exec_request *request)
{
	request->has_user = read_u8(reader) != 0;
	if (!request->has_user)
		return;
	request->uid = read_u32(reader);
	request->gid = read_u32(reader);
	request->group_count = read_count(reader, 4);
	request->groups = arena_take(&request->arena, request->group_count, sizeof(uint32_t));
	for (size_t i = 0; request->groups != NULL && i < request->group_count; i++)
		request->groups[i] = read_u32(reader);
	if (request->groups == NULL && request->group_count > 0) {
		request->group_count = 0;
		reader->faulty = true;
	}
}

static bool has_root_group(const struct exec_request *request)
{
	bool found = request->gid == 0;

	for (size_t i = 0; i < request->group_count; i++)
		found |= request->groups[i] == 0;
	return found;
}

const char *exec_request_refusal(const struct plan *plan, const struct exec_request *request)
{
	if (!request->has_user)
		return NULL;
	if (plan_uses_gvisor(plan))
		return "with gVisor, a command can only run as the workload's user";
	if ((request->uid == 0 && plan->uid != 0) || (plan->gid != 0 && has_root_group(request)))
		return "in a container whose workload isn't root, no command may run as root or "
		       "in root's group";
	return NULL;
}

bool exec_request_read(const struct plan *plan, struct reader *reader, struct exec_request *request)
{
	size_t count = 0;
	size_t variables = 0;
	uint8_t kind;

	*request = (struct exec_request){ .stdio_fd = -1, .process_fd = -1 };
	/* Without root, a process that is undumpable for its container is inaccessible to its shim
	 * too, which then can't fetch the listener: calls that nobody can answer fail with
	 * ENOSYS. */
	request->listen = geteuid() == 0;
	kind = read_u8(reader);
	request->capture = kind == EXEC_CAPTURED;
	request->copies = kind == EXEC_COPY;
	request->keep_stdin = read_u8(reader) != 0;
	request->terminal = read_u8(reader) != 0;
	request->size.rows = read_u16(reader);
	request->size.columns = read_u16(reader);
	request->timeout = read_u32(reader);
	request->workdir = read_string(reader);
	request->argv = read_vector(reader, &request->arena, &count);
	request->envp = read_vector(reader, &request->arena, &variables);
	read_user(reader, request);
	if (!request->capture && reader->end - reader->at == TICKET_BYTES)
		request->ticket = reader->at;
	/* With gVisor, the plan's environment is runsc's. */
	request->envp = merge(request, plan_uses_gvisor(plan) ? plan->gvisor.envp : plan->envp,
			      variables);
	/* The workload's directory may be its home, which no other user can enter. */
	if (!plan_uses_gvisor(plan) && request->workdir[0] == '\0')
		request->workdir = request->has_user ? "/" : plan->workdir;
	if (plan_uses_gvisor(plan) && request->argv != NULL)
		request->argv = request->copies ? gvisor_copying(&request->arena, request->argv)
						: gvisor_confined(&request->arena, request->argv);
	return !reader->faulty && count > 0 && request->argv != NULL && request->envp != NULL;
}
