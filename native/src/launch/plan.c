#include "launch/plan.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "base/wire.h"
#include "net/decode.h"

#define MAX_ERRNO 4095

struct block {
	struct block *next;
	_Alignas(max_align_t) uint8_t data[];
};

void *arena_take(void **arena, size_t count, size_t size)
{
	struct block *block;
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*block), &bytes))
		return NULL;
	block = calloc(1, bytes);
	if (block == NULL)
		return NULL;
	block->next = *arena;
	*arena = block;
	return block->data;
}

static void *allocate(struct reader *reader, void **arena, size_t count, size_t size)
{
	void *memory = reader->faulty ? NULL : arena_take(arena, count, size);

	if (memory == NULL)
		reader->faulty = true;
	return memory;
}

void arena_free(void **arena)
{
	struct block *block = *arena;

	while (block != NULL) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
	*arena = NULL;
}

char **read_vector(struct reader *reader, void **arena, size_t *count)
{
	char **vector;

	*count = read_count(reader, 5);
	vector = (char **)allocate(reader, arena, *count + 1, sizeof(*vector));
	if (vector == NULL) {
		*count = 0;
		return NULL;
	}
	for (size_t i = 0; i < *count; i++)
		vector[i] = (char *)(uintptr_t)read_string(reader);
	return vector;
}

static struct id_map *read_maps(struct reader *reader, void **arena, size_t *count)
{
	struct id_map *maps;

	*count = read_count(reader, 12);
	maps = allocate(reader, arena, *count, sizeof(*maps));
	for (size_t i = 0; maps != NULL && i < *count; i++) {
		maps[i].inside = read_u32(reader);
		maps[i].outside = read_u32(reader);
		maps[i].count = read_u32(reader);
	}
	return maps;
}

static void read_cgroup(struct reader *reader, struct plan *plan)
{
	struct cgroup_plan *cgroup = &plan->cgroup;

	cgroup->required = read_u8(reader) != 0;
	cgroup->limits_memory = read_u8(reader) != 0;
	cgroup->unified = read_string(reader);
	cgroup->directories = (const char **)read_vector(reader, &plan->arena,
							 &cgroup->directory_count);
	cgroup->write_count = read_count(reader, 10);
	cgroup->writes = allocate(reader, &plan->arena, cgroup->write_count,
				  sizeof(*cgroup->writes));
	for (size_t i = 0; cgroup->writes != NULL && i < cgroup->write_count; i++) {
		cgroup->writes[i].path = read_string(reader);
		cgroup->writes[i].value = read_string(reader);
	}
	cgroup->joins = (const char **)read_vector(reader, &plan->arena, &cgroup->join_count);
	cgroup->freezer = read_string(reader);
	cgroup->devices = read_bytes(reader, &cgroup->devices_length);
	if (cgroup->devices_length % 8 != 0 || cgroup->devices_length / 8 > UINT16_MAX)
		reader->faulty = true;
}

static void read_rootfs(struct reader *reader, struct plan *plan)
{
	plan->root_options = read_string(reader);
	plan->rootfs_count = read_count(reader, 51);
	plan->rootfs = allocate(reader, &plan->arena, plan->rootfs_count, sizeof(*plan->rootfs));
	for (size_t i = 0; plan->rootfs != NULL && i < plan->rootfs_count; i++) {
		struct rootfs_step *step = &plan->rootfs[i];

		step->action = read_u8(reader);
		step->target = read_string(reader);
		step->source = read_string(reader);
		step->attributes = read_u64(reader);
		step->mode = read_u32(reader);
		step->uid = read_u32(reader);
		step->gid = read_u32(reader);
		step->flags = read_u32(reader);
		step->device = read_u64(reader);
		step->inode = read_u64(reader);
		step->content = read_bytes(reader, &step->content_length);
		if (step->action < ROOTFS_DIRECTORY || step->action > ROOTFS_LAST ||
		    step->target[0] != '/' || (step->mode & ~07777U) != 0)
			reader->faulty = true;
		if ((step->flags & ROOTFS_SERVED) != 0 && step->action != ROOTFS_BIND &&
		    step->action != ROOTFS_VOLUME)
			reader->faulty = true;
	}
}

static void read_audit(struct reader *reader, struct plan *plan)
{
	plan->audit = read_u8(reader) != 0;
	plan->writable = (const char **)read_vector(reader, &plan->arena, &plan->writable_count);
}

static void read_identity(struct reader *reader, struct plan *plan)
{
	plan->uid = read_u32(reader);
	plan->gid = read_u32(reader);
	plan->group_count = read_count(reader, 4);
	plan->groups = allocate(reader, &plan->arena, plan->group_count, sizeof(*plan->groups));
	for (size_t i = 0; plan->groups != NULL && i < plan->group_count; i++)
		plan->groups[i] = read_u32(reader);
	plan->capabilities.bounding = read_u64(reader);
	plan->capabilities.permitted = read_u64(reader);
	plan->capabilities.inheritable = read_u64(reader);
	plan->capabilities.ambient = read_u64(reader);
}

static void read_rlimits(struct reader *reader, struct plan *plan)
{
	plan->rlimits_required = read_u8(reader) != 0;
	plan->rlimit_count = read_count(reader, 17);
	plan->rlimits = allocate(reader, &plan->arena, plan->rlimit_count, sizeof(*plan->rlimits));
	for (size_t i = 0; plan->rlimits != NULL && i < plan->rlimit_count; i++) {
		plan->rlimits[i].resource = read_u8(reader);
		plan->rlimits[i].soft = read_u64(reader);
		plan->rlimits[i].hard = read_u64(reader);
	}
}

static void read_landlock(struct reader *reader, struct plan *plan)
{
	struct landlock_plan *landlock = &plan->landlock;

	landlock->required = read_u8(reader) != 0;
	landlock->handled_fs = read_u64(reader);
	landlock->handled_net = read_u64(reader);
	landlock->scoped = read_u64(reader);
	landlock->flags = read_u32(reader);
	landlock->path_count = read_count(reader, 14);
	landlock->paths = allocate(reader, &plan->arena, landlock->path_count,
				   sizeof(*landlock->paths));
	for (size_t i = 0; landlock->paths != NULL && i < landlock->path_count; i++) {
		landlock->paths[i].path = read_string(reader);
		landlock->paths[i].access = read_u64(reader);
		landlock->paths[i].optional = read_u8(reader) != 0;
	}
	landlock->port_count = read_count(reader, 10);
	landlock->ports = allocate(reader, &plan->arena, landlock->port_count,
				   sizeof(*landlock->ports));
	for (size_t i = 0; landlock->ports != NULL && i < landlock->port_count; i++) {
		landlock->ports[i].port = read_u16(reader);
		landlock->ports[i].access = read_u64(reader);
	}
}

static void read_seccomp(struct reader *reader, struct plan *plan)
{
	plan->seccomp = read_bytes(reader, &plan->seccomp_length);
	plan->seccomp_mode = read_u8(reader);
	plan->seccomp_errno = read_u16(reader);
	if (plan->seccomp_mode > SECCOMP_LAST || plan->seccomp_errno > MAX_ERRNO ||
	    plan->seccomp_length % 8 != 0 || plan->seccomp_length / 8 > UINT16_MAX)
		reader->faulty = true;
}

static void read_head(struct reader *reader, struct plan *plan)
{
	plan->id = read_string(reader);
	plan->hostname = read_string(reader);
	plan->directory = read_string(reader);
	plan->socket = read_string(reader);
	plan->staging = read_string(reader);
	plan->reserved = (const char **)read_vector(reader, &plan->arena, &plan->reserved_count);
	plan->record = read_bytes(reader, &plan->record_length);
	plan->namespaces = read_u32(reader);
	plan->time_namespace = read_u8(reader) != 0;
	plan->uid_maps = read_maps(reader, &plan->arena, &plan->uid_map_count);
	plan->gid_maps = read_maps(reader, &plan->arena, &plan->gid_map_count);
	plan->deny_setgroups = read_u8(reader) != 0;
	plan->map_programs[0] = read_string(reader);
	plan->map_programs[1] = read_string(reader);
	plan->init = read_u8(reader) != 0;
	plan->keep_stdin = read_u8(reader) != 0;
	plan->ticket = read_bytes(reader, &plan->ticket_length);
	plan->hold = read_u8(reader) != 0;
	plan->terminal = read_u8(reader) != 0;
	plan->terminal_size.rows = read_u16(reader);
	plan->terminal_size.columns = read_u16(reader);
	plan->console_socket = read_string(reader);
	plan->oom_score_adj = read_u32(reader);
}

static void read_command(struct reader *reader, struct plan *plan)
{
	size_t count;

	plan->workdir = read_string(reader);
	plan->argv = read_vector(reader, &plan->arena, &count);
	if (count == 0)
		reader->faulty = true;
	plan->envp = read_vector(reader, &plan->arena, &count);
	plan->log_bytes = read_u64(reader);
	plan->log_files = read_u16(reader);
	plan->log_rate = read_u32(reader);
	plan->log_blocks = read_u8(reader) != 0;
	if (plan->log_bytes < 4096 || plan->log_files == 0)
		reader->faulty = true;
}

/* Whether runsc mounts any of the steps. */
static bool serves_any(const struct plan *plan)
{
	for (size_t i = 0; plan->rootfs != NULL && i < plan->rootfs_count; i++) {
		if ((plan->rootfs[i].flags & ROOTFS_SERVED) != 0)
			return true;
	}
	return false;
}

static void read_gvisor(struct reader *reader, struct plan *plan)
{
	size_t variable_count;
	size_t exec_count;
	size_t kill_count;

	plan->gvisor.config = read_bytes(reader, &plan->gvisor.config_length);
	plan->gvisor.process = read_string(reader);
	plan->gvisor.envp = read_vector(reader, &plan->arena, &variable_count);
	plan->gvisor.exec = read_vector(reader, &plan->arena, &exec_count);
	plan->gvisor.kill = read_vector(reader, &plan->arena, &kill_count);
	plan->gvisor.uid = read_u32(reader);
	plan->gvisor.gid = read_u32(reader);
	if (plan_uses_gvisor(plan) ? exec_count == 0 || kill_count == 0 || plan->init ||
					     plan->gvisor.process[0] != '{'
				   : plan->seccomp_length == 0 || serves_any(plan))
		reader->faulty = true;
}

static void read_hooks(struct reader *reader, struct plan *plan)
{
	struct hooks_plan *hooks = &plan->hooks;

	hooks->state = read_string(reader);
	hooks->count = read_count(reader, 34);
	hooks->list = allocate(reader, &plan->arena, hooks->count, sizeof(*hooks->list));
	for (size_t i = 0; hooks->list != NULL && i < hooks->count; i++) {
		struct hook *hook = &hooks->list[i];
		size_t words;
		size_t variables;

		hook->phase = read_u8(reader);
		hook->path = read_string(reader);
		hook->device = read_u64(reader);
		hook->inode = read_u64(reader);
		hook->argv = read_vector(reader, &plan->arena, &words);
		hook->envp = read_vector(reader, &plan->arena, &variables);
		hook->timeout = read_u32(reader);
		if (hook->phase == HOOK_NONE || hook->phase > HOOK_LAST || words == 0 ||
		    hook->path[0] != '/')
			reader->faulty = true;
	}
}

static bool safe_id(const char *id)
{
	for (const char *at = id; *at != '\0'; at++) {
		bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
			     (*at >= '0' && *at <= '9') || *at == '-' || *at == '_';

		if (!plain)
			return false;
	}
	return id[0] != '\0';
}

static void read_links(struct reader *reader, struct plan *plan)
{
	plan->link_count = read_count(reader, 50);
	plan->links = allocate(reader, &plan->arena, plan->link_count, sizeof(*plan->links));
	for (size_t i = 0; plan->links != NULL && i < plan->link_count; i++)
		read_link(reader, &plan->links[i]);
	/* They would be the host's. */
	if (plan->link_count > 0 && (plan->namespaces & CLONE_NEWNET) == 0)
		reader->faulty = true;
}

int plan_read(struct plan *plan, const uint8_t *data, size_t length, struct failure *failure)
{
	struct reader reader = { .at = data, .end = data + length };
	uint32_t magic = read_u32(&reader);
	uint16_t version = read_u16(&reader);

	*plan = (struct plan){ 0 };
	if (reader.faulty || magic != PLAN_MAGIC)
		return fail(failure, STEP_PLAN, EBADMSG, "these bytes are not a launch plan");
	if (version != PLAN_VERSION)
		return fail(failure, STEP_PLAN, EPROTO,
			    "launch plan of version %u; this spawner reads version %u: restart the "
			    "spawner",
			    version, PLAN_VERSION);
	read_head(&reader, plan);
	read_cgroup(&reader, plan);
	read_rootfs(&reader, plan);
	read_audit(&reader, plan);
	read_identity(&reader, plan);
	read_rlimits(&reader, plan);
	read_landlock(&reader, plan);
	read_seccomp(&reader, plan);
	read_command(&reader, plan);
	read_gvisor(&reader, plan);
	read_hooks(&reader, plan);
	plan->notify = read_string(&reader);
	read_links(&reader, plan);
	if (reader.faulty || reader.at != reader.end || !safe_id(plan->id)) {
		plan_free(plan);
		return fail(failure, STEP_PLAN, EBADMSG, "malformed launch plan at byte %zu of %zu",
			    (size_t)(reader.at - data), length);
	}
	return 0;
}

void plan_free(struct plan *plan)
{
	arena_free(&plan->arena);
}

bool plan_has_hooks(const struct plan *plan, enum hook_phase phase)
{
	for (size_t i = 0; i < plan->hooks.count; i++) {
		if (plan->hooks.list[i].phase == phase)
			return true;
	}
	return false;
}
