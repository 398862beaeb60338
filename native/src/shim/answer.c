#include "shim/answer.h"

#include <errno.h>
#include <stdlib.h>

#include "shim/init_report.h"
#include "shim/sdnotify.h"

static void write_steps(struct writer *writer, const struct shim *shim)
{
	size_t frame = frame_begin(writer, ANSWER_STEPS);
	const struct timeline *timeline = &shim->report.timeline;
	uint8_t count = 0;

	for (size_t i = 0; i < STEP_COUNT; i++)
		count = (uint8_t)(count + (timeline->done[i] != 0));
	write_u8(writer, count);
	for (size_t i = 0; i < STEP_COUNT; i++) {
		if (timeline->done[i] == 0)
			continue;
		write_u8(writer, (uint8_t)i);
		write_u64(writer, timeline->done[i] - shim->requested_at);
	}
	frame_end(writer, frame);
}

void send_created(const struct shim *shim, struct connection *connection)
{
	uint8_t bytes[64];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame;

	if (!connection->subscribed)
		return;
	frame = frame_begin(&writer, ANSWER_CREATED);
	write_u32(&writer, (uint32_t)shim->pid);
	write_u64(&writer, shim->report.start_ticks);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void send_started(const struct shim *shim, struct connection *connection)
{
	uint8_t bytes[512];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame;

	if (!connection->subscribed)
		return;
	write_steps(&writer, shim);
	frame = frame_begin(&writer, ANSWER_STARTED);
	write_u32(&writer, (uint32_t)shim->pid);
	write_u64(&writer, shim->report.start_ticks);
	write_u64(&writer, shim->started_at);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void send_record(const struct shim *shim, struct connection *connection)
{
	struct writer writer = { .capacity = FRAME_HEADER + shim->plan.record_length };
	size_t frame;

	writer.data = malloc(writer.capacity);
	if (writer.data == NULL) {
		send_error(connection, ENOMEM, "send the container's record");
		return;
	}
	frame = frame_begin(&writer, ANSWER_RECORD);
	write_raw(&writer, shim->plan.record, shim->plan.record_length);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
	free(writer.data);
}

void send_exited(const struct shim *shim, struct connection *connection)
{
	uint8_t bytes[64];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_EXITED);

	write_u32(&writer, (uint32_t)shim->exit_status);
	write_u64(&writer, shim->exited_at);
	write_u8(&writer, shim->out_of_memory);
	write_u8(&writer, plan_has_hooks(&shim->plan, HOOK_POSTSTOP));
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void send_state(struct shim *shim, struct connection *connection)
{
	connection->subscribed = true;
	if (shim->created)
		send_created(shim, connection);
	if (shim->started)
		send_started(shim, connection);
	sdnotify_send(shim, connection);
	init_report_send(shim, connection);
	if (shim->exited)
		send_exited(shim, connection);
}

void send_ended(struct connection *connection, int status)
{
	uint8_t bytes[FRAME_HEADER + 4];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_ENDED);

	write_u32(&writer, (uint32_t)status);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void send_ended_to_clients(struct shim *shim, uint32_t id, int status)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->attached && at->attached_id == id)
			send_ended(at, status);
	}
}

void send_warning(struct shim *shim, const struct failure *failure)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		uint8_t bytes[512];
		struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };

		write_failure(&writer, ANSWER_WARNING, failure);
		if (at->subscribed && !at->dead)
			connection_send(at, &writer);
	}
}
