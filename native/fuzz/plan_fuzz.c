/* libFuzzer target: for any input, reading a plan returns a plan or an error, and never accesses
 * memory out of bounds. `make fuzz SECONDS=60`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "launch/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touched;

/* Reads a string to its end, so that the sanitizer detects one that is out of bounds. */
static void touch(const char *text)
{
	touched += strlen(text);
}

static void touch_vector(char *const *vector)
{
	for (size_t i = 0; vector[i] != NULL; i++)
		touch(vector[i]);
}

static void touch_bytes(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		touched += bytes[i];
}

static void touch_rootfs(const struct plan *plan)
{
	touch(plan->root_options);
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		const struct rootfs_step *step = &plan->rootfs[i];

		touch(step->target);
		touch(step->source);
		if (step->target[0] != '/' || step->action < ROOTFS_DIRECTORY ||
		    step->action > ROOTFS_LAST)
			abort();
		touch_bytes(step->content, step->content_length);
	}
}

static void touch_hooks(const struct hooks_plan *hooks)
{
	touch(hooks->state);
	for (size_t i = 0; i < hooks->count; i++) {
		touch(hooks->list[i].path);
		touch_vector(hooks->list[i].argv);
		touch_vector(hooks->list[i].envp);
		if (hooks->list[i].phase == HOOK_NONE || hooks->list[i].phase > HOOK_LAST)
			abort();
	}
}

static void touch_maps(const struct id_map *maps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		touched += maps[i].inside + maps[i].outside + maps[i].count;
}

static void touch_gvisor(const struct plan *plan)
{
	const struct gvisor_plan *gvisor = &plan->gvisor;

	touch_bytes(gvisor->config, gvisor->config_length);
	touch(gvisor->process);
	touch_vector(gvisor->envp);
	touch_vector(gvisor->exec);
	touch_vector(gvisor->kill);
	if (plan_uses_gvisor(plan) && (gvisor->exec[0] == NULL || gvisor->kill[0] == NULL))
		abort();
}

static void touch_links(const struct plan *plan)
{
	for (size_t i = 0; i < plan->link_count; i++) {
		touch(plan->links[i].host_name);
		touch(plan->links[i].alias);
	}
}

static void touch_plan(const struct plan *plan)
{
	touch(plan->id);
	touch(plan->hostname);
	touch(plan->directory);
	touch(plan->socket);
	touch(plan->staging);
	for (size_t i = 0; i < plan->reserved_count; i++)
		touch(plan->reserved[i]);
	touch_bytes(plan->ticket, plan->ticket_length);
	touch_maps(plan->uid_maps, plan->uid_map_count);
	touch_maps(plan->gid_maps, plan->gid_map_count);
	touch_bytes(plan->record, plan->record_length);
	touch(plan->workdir);
	touch(plan->cgroup.unified);
	touch(plan->cgroup.freezer);
	for (size_t i = 0; i < plan->cgroup.directory_count; i++)
		touch(plan->cgroup.directories[i]);
	for (size_t i = 0; i < plan->cgroup.write_count; i++) {
		touch(plan->cgroup.writes[i].path);
		touch(plan->cgroup.writes[i].value);
	}
	for (size_t i = 0; i < plan->cgroup.join_count; i++)
		touch(plan->cgroup.joins[i]);
	touch_rootfs(plan);
	touch(plan->console_socket);
	touch_gvisor(plan);
	touch_hooks(&plan->hooks);
	touch(plan->notify);
	touch_links(plan);
	for (size_t i = 0; i < plan->landlock.path_count; i++)
		touch(plan->landlock.paths[i].path);
	for (size_t i = 0; i < plan->landlock.port_count; i++)
		touched += plan->landlock.ports[i].port;
	for (size_t i = 0; i < plan->group_count; i++)
		touched += plan->groups[i];
	for (size_t i = 0; i < plan->rlimit_count; i++)
		touched += plan->rlimits[i].resource;
	touch_bytes(plan->seccomp, plan->seccomp_length);
	if (plan->seccomp_mode > SECCOMP_LAST)
		abort();
	touch_bytes(plan->cgroup.devices, plan->cgroup.devices_length);
	for (size_t i = 0; i < plan->writable_count; i++)
		touch(plan->writable[i]);
	touch(plan->map_programs[0]);
	touch(plan->map_programs[1]);
	touch_vector(plan->argv);
	touch_vector(plan->envp);
	if (plan->argv[0] == NULL || strchr(plan->id, '/') != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that a read past its end is detected. */
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	struct plan plan;
	struct failure failure = { 0 };

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	if (plan_read(&plan, copy, size, &failure) == 0) {
		touch_plan(&plan);
		plan_free(&plan);
	} else if (failure.error == 0 || failure.detail[0] == '\0') {
		abort();
	}
	free(copy);
	return 0;
}
