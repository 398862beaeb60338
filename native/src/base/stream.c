#include "base/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/wire.h"

#define SEGMENT_NAME 32
/* Batch size after which records are written; may be exceeded by one record. */
#define BATCH 65536UL
/* What a record costs beyond its text, in bytes of the rate: an empty line is work too. */
#define RECORD_COST 256
/* Maximum length of the text of one record. */
#define TEXT_MAX 16384UL

static void segment_name(char name[SEGMENT_NAME], uint64_t offset)
{
	(void)snprintf(name, SEGMENT_NAME, "%020" PRIu64 ".log", offset);
}

static bool segment_offset(const char *name, uint64_t *offset)
{
	char *end;

	*offset = strtoull(name, &end, 10);
	return end == name + 20 && strcmp(end, ".log") == 0;
}

/* Creates the directory, which only the manager's user can use. */
static int ensure_directory(struct stream *stream)
{
	owned_fd fd = -1;

	if (stream->directory_fd >= 0)
		return 0;
	if (mkdirat(stream->parent_fd, STREAM_DIRECTORY, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(stream->parent_fd, STREAM_DIRECTORY,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (stream->owner != geteuid() && fchown(fd, stream->owner, stream->group) < 0))
		return -errno;
	stream->directory_fd = release(&fd);
	return 0;
}

static int open_segment(struct stream *stream)
{
	char name[SEGMENT_NAME];
	int result = ensure_directory(stream);

	if (result < 0)
		return result;
	segment_name(name, stream->end);
	stream->file_fd = openat(stream->directory_fd, name,
				 O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
				 0600);
	if (stream->file_fd < 0)
		return -errno;
	if (stream->owner != geteuid())
		(void)!fchown(stream->file_fd, stream->owner, stream->group);
	stream->segment = stream->end;
	return 0;
}

void stream_open(struct stream *stream, int parent_fd, uint64_t file_bytes, uint16_t files,
		 uint32_t owner, uint32_t group)
{
	*stream = (struct stream){
		.parent_fd = parent_fd,
		.directory_fd = -1,
		.is_log = true,
		.file_fd = -1,
		.file_bytes = file_bytes,
		.files = files,
		.owner = owner,
		.group = group,
	};
}

int stream_capture(struct stream *stream)
{
	*stream = (struct stream){ .parent_fd = -1, .directory_fd = -1, .file_fd = -1 };
	stream->captured = malloc(CAPTURE_MAX);
	return stream->captured == NULL ? -ENOMEM : 0;
}

/* Calls `visit` with each segment's offset, in no particular order. */
static void each_segment(const struct stream *stream, void (*visit)(void *, uint64_t),
			 void *context)
{
	int fd = openat(stream->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory == NULL) {
		close_owned(&fd);
		return;
	}
	for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
		uint64_t offset;

		if (segment_offset(entry->d_name, &offset))
			visit(context, offset);
	}
	(void)closedir(directory);
}

struct oldest {
	uint64_t offset;
	unsigned int count;
};

static void find_oldest(void *context, uint64_t offset)
{
	struct oldest *oldest = context;

	oldest->count++;
	if (offset < oldest->offset)
		oldest->offset = offset;
}

static void rotate(struct stream *stream)
{
	struct oldest oldest = { .offset = UINT64_MAX };
	char name[SEGMENT_NAME];

	if (stream->end - stream->segment < stream->file_bytes)
		return;
	close_fd(&stream->file_fd);
	if (open_segment(stream) < 0)
		return;
	each_segment(stream, find_oldest, &oldest);
	if (oldest.count > stream->files) {
		segment_name(name, oldest.offset);
		(void)unlinkat(stream->directory_fd, name, 0);
	}
}

/* A record about the log itself. */
struct report {
	size_t begin;
	size_t end;
	uint64_t bytes; /* 0: there is none */
};

/* Records to be written at once. */
struct batch {
	char bytes[2 * BATCH];
	size_t length;
	struct report skipped; /* reports bytes beyond the rate */
	struct report dropped; /* reports bytes that could not be written before */
};

/* Empty between calls. */
static struct batch unwritten;

/* Writes a batch and keeps only whole records of it. Returns how much of it is kept. */
static size_t write_whole_records(struct stream *stream, const struct batch *batch)
{
	ssize_t written;

	rotate(stream);
	if (stream->file_fd < 0 && open_segment(stream) < 0)
		return 0;
	written = write(stream->file_fd, batch->bytes, batch->length);
	if (written == (ssize_t)batch->length) {
		stream->end += batch->length;
		return batch->length;
	}
	while (written > 0 && batch->bytes[written - 1] != '\n')
		written--;
	written = written < 0 ? 0 : written;
	stream->end += (uint64_t)written;
	(void)!ftruncate(stream->file_fd, (off_t)(stream->end - stream->segment));
	return (size_t)written;
}

/* Whether a report is among the first bytes of its batch, which were written. */
static bool is_written(const struct report *report, size_t written)
{
	return report->bytes > 0 && report->end <= written;
}

/* The bytes of a report among those that were not written: they are not output of the workload. */
static size_t lost_report(const struct report *report, size_t written)
{
	return report->end <= written ? 0 : report->end - report->begin;
}

static void write_batch(struct stream *stream, struct batch *batch)
{
	size_t written;

	if (batch->length == 0)
		return;
	written = write_whole_records(stream, batch);
	if (is_written(&batch->dropped, written))
		stream->dropped -= batch->dropped.bytes;
	if (!is_written(&batch->skipped, written) && batch->skipped.bytes > 0) {
		stream->unreported += batch->skipped.bytes;
		/* Retried in a second. */
		stream->skipping = true;
		if (stream->room > 0)
			stream->room = 0;
	}
	stream->dropped += batch->length - written - lost_report(&batch->dropped, written) -
			   lost_report(&batch->skipped, written);
	batch->length = 0;
	batch->skipped = batch->dropped = (struct report){ 0 };
}

static void batch_append(struct batch *batch, const char *bytes, size_t length)
{
	memcpy(batch->bytes + batch->length, bytes, length);
	batch->length += length;
}

/* Formats the time and `rest`. Returns the length. All records of one read share a timestamp. */
static size_t format_header(char *head, size_t size, const char *rest)
{
	struct timespec now;
	struct tm utc;
	size_t length;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	length = strftime(head, size, "%Y-%m-%dT%H:%M:%S", &utc);
	return length +
	       (size_t)snprintf(head + length, size - length, ".%09ldZ %s ", now.tv_nsec, rest);
}

/* Whether the rate allows another record. */
static bool has_room(const struct stream *stream)
{
	return stream->rate == 0 || stream->room > 0;
}

/* Adds records of the whole text, or of as much as the rate allows. Returns how much that is. */
static size_t add_records(struct stream *stream, struct batch *batch, enum stream_tag tag,
			  const char *data, size_t length, bool whole)
{
	char head[64];
	size_t head_length = format_header(head, sizeof(head),
					   tag == STREAM_STDOUT ? "stdout F" : "stderr F");
	size_t left = length;

	while (left > 0 && (whole || has_room(stream))) {
		size_t part = left < TEXT_MAX ? left : TEXT_MAX;
		const char *newline = memchr(data, '\n', part);
		size_t text = newline == NULL ? part : (size_t)(newline - data);

		/* F: the end of a line; P: a part of one. */
		head[head_length - 2] = newline == NULL ? 'P' : 'F';
		stream->in_line[tag] = newline == NULL;
		batch_append(batch, head, head_length);
		batch_append(batch, data, text);
		batch_append(batch, "\n", 1);
		text += newline == NULL ? 0 : 1;
		data += text;
		left -= text;
		stream->room -= (int64_t)text + RECORD_COST;
		if (batch->length >= BATCH)
			write_batch(stream, batch);
	}
	return length - left;
}

/* The length of the rest of a line whose beginning is missing after a gap, if more text follows it.
 */
static size_t rest_of_line(const char *data, size_t length)
{
	const char *newline = length == 0 ? NULL : memchr(data, '\n', length);

	return newline == NULL || newline + 1 == data + length ? 0 : (size_t)(newline + 1 - data);
}

/* How much of a tag's gap was not kept. */
static uint64_t missing(const struct gap *gap)
{
	return gap->skipped - gap->length;
}

/* Ends unfinished lines where something is missing. */
static void end_lines(struct stream *stream, struct batch *batch)
{
	for (size_t i = 0; i < STREAM_TAGS; i++) {
		if (stream->in_line[i] && missing(&stream->gaps[i]) > 0)
			(void)add_records(stream, batch, (enum stream_tag)i, "\n", 1, true);
	}
}

/* A record about the log itself. */
static struct report add_own_record(struct stream *stream, struct batch *batch, uint64_t bytes,
				    const char *text)
{
	char record[256];
	size_t length = format_header(record, sizeof(record), "stderr F:nucleus");
	struct report report = { .begin = batch->length, .bytes = bytes };

	length += (size_t)snprintf(record + length, sizeof(record) - length,
				   "[nucleus: %" PRIu64 " %s]\n", bytes, text);
	batch_append(batch, record, length);
	report.end = batch->length;
	stream->room -= RECORD_COST;
	return report;
}

/* Adds a record of how much is missing there. */
static void add_gap_record(struct stream *stream, struct batch *batch, uint64_t bytes)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "bytes were not logged: more than %" PRIu32 " a second",
		       stream->rate);
	end_lines(stream, batch);
	batch->skipped = add_own_record(stream, batch, bytes, text);
}

/* The same for what could not be written to the disk, once it can be written to again. */
static void add_dropped(struct stream *stream, struct batch *batch)
{
	if (stream->dropped > 0 && batch->dropped.bytes == 0)
		batch->dropped = add_own_record(
			stream, batch, stream->dropped,
			"bytes of the log could not be written: is the disk full?");
}

static void skip(struct stream *stream, enum stream_tag tag, size_t length)
{
	stream->gaps[tag].skipped += length;
	stream->skipping = true;
	/* Text appended whole may have overdrawn the rate by far; the debt is limited to one
	 * second, or the log would stay silent for minutes. */
	if (stream->room < -(int64_t)stream->rate)
		stream->room = -(int64_t)stream->rate;
}

/* Where the last line before `end` begins, not before `from`. */
static size_t line_before(const char *data, size_t from, size_t end)
{
	const char *newline = memrchr(data + from, '\n', end - from - 1);

	return newline == NULL ? from : (size_t)(newline + 1 - data);
}

/* Where in the kept output the lines begin that are logged: as many of the last ones as cost no
 * more than `most`, but at least one. */
static size_t first_logged(const struct gap *gap, int64_t most)
{
	size_t from = missing(gap) == 0 ? 0 : rest_of_line(gap->kept, gap->length);
	size_t at = gap->length;

	while (at > from) {
		size_t line = line_before(gap->kept, from, at);

		most -= (int64_t)(at - line) + RECORD_COST;
		if (most < 0 && at < gap->length)
			break;
		at = line;
	}
	return at;
}

static void forget_kept(struct gap *gap, size_t length)
{
	if (length == 0)
		return;
	gap->length -= length;
	memmove(gap->kept, gap->kept + length, gap->length);
}

static bool is_unlimited(const struct stream *stream, bool whole)
{
	return whole || stream->rate == 0;
}

/* Divides the room equally among the tags that have kept output. */
static int64_t share_of_room(const struct stream *stream, int64_t room)
{
	unsigned int sharers = 0;

	for (size_t i = 0; i < STREAM_TAGS; i++)
		sharers += stream->gaps[i].length > 0;
	return sharers == 0 ? room : room / sharers;
}

/* Adds a record of the gaps of all tags, and the newest of their kept output, for that much of the
 * rate. */
static void add_gaps(struct stream *stream, struct batch *batch, int64_t room)
{
	int64_t most = share_of_room(stream, room);
	uint64_t bytes = stream->unreported;

	stream->unreported = 0;
	for (size_t i = 0; i < STREAM_TAGS; i++) {
		struct gap *gap = &stream->gaps[i];

		forget_kept(gap, first_logged(gap, most));
		bytes += missing(gap);
	}
	if (bytes > 0)
		add_gap_record(stream, batch, bytes);
	for (size_t i = 0; i < STREAM_TAGS; i++) {
		struct gap *gap = &stream->gaps[i];
		size_t length = gap->length;

		gap->skipped = gap->length = 0;
		(void)add_records(stream, batch, (enum stream_tag)i, gap->kept, length, true);
	}
}

void stream_skip(struct stream *stream, enum stream_tag tag, size_t length)
{
	if (!stream->is_log || length == 0)
		return;
	skip(stream, tag, length);
	stream->gaps[tag].length = 0;
}

/* Adds to the kept output, and drops its beginning if it is too long. */
static void keep(struct gap *gap, const char *data, size_t length)
{
	size_t old = gap->length;

	if (length > STREAM_KEPT_MAX) {
		data += length - STREAM_KEPT_MAX;
		length = STREAM_KEPT_MAX;
	}
	if (old + length > STREAM_KEPT_MAX) {
		size_t excess = old + length - STREAM_KEPT_MAX;

		memmove(gap->kept, gap->kept + excess, old - excess);
		old -= excess;
	}
	memcpy(gap->kept + old, data, length);
	gap->length = old + length;
}

void stream_keep(struct stream *stream, enum stream_tag tag, const char *data, size_t length)
{
	struct gap *gap = &stream->gaps[tag];

	if (!stream->is_log || length == 0)
		return;
	skip(stream, tag, length);
	if (gap->kept == NULL)
		gap->kept = malloc(STREAM_KEPT_MAX);
	if (gap->kept != NULL)
		keep(gap, data, length);
}

void stream_append(struct stream *stream, enum stream_tag tag, const char *data, size_t length,
		   bool whole)
{
	size_t added;

	if (stream->captured != NULL) {
		size_t room = CAPTURE_MAX - stream->captured_length;
		size_t kept = length < room ? length : room;

		memcpy(stream->captured + stream->captured_length, data, kept);
		stream->captured_length += kept;
		return;
	}
	if (!stream->is_log)
		return;
	/* The text begins within a line, unless the output before it was kept. */
	if (missing(&stream->gaps[tag]) > 0 && stream->gaps[tag].length == 0) {
		size_t rest = rest_of_line(data, length);

		stream->gaps[tag].skipped += rest;
		data += rest;
		length -= rest;
	}
	add_dropped(stream, &unwritten);
	/* Half, so that there is room for the text. */
	add_gaps(stream, &unwritten, is_unlimited(stream, whole) ? INT64_MAX : stream->room / 2);
	added = add_records(stream, &unwritten, tag, data, length, whole);
	write_batch(stream, &unwritten);
	stream_keep(stream, tag, data + added, length - added);
}

static void refill(struct stream *stream)
{
	int64_t now = monotonic_ms();
	int64_t passed = now - stream->filled;

	/* No more than a second's worth is saved up. Eleven days pay off any debt, and do not
	 * overflow. */
	passed = passed < 0 ? 0 : passed > 1000000000 ? 1000000000 : passed;
	stream->room += passed * (int64_t)stream->rate / 1000;
	if (stream->room > (int64_t)stream->rate)
		stream->room = (int64_t)stream->rate;
	stream->filled = now;
}

bool stream_admits(struct stream *stream, bool whole)
{
	/* After a skip the log waits for a full second's worth, so that there is one gap a second
	 * instead of one between any two lines. What is logged whole has no gaps. */
	int64_t needed = stream->skipping && !whole ? (int64_t)stream->rate : 1;

	if (!stream->is_log)
		return stream->captured != NULL;
	if (stream->rate == 0)
		return true;
	refill(stream);
	if (stream->room < needed)
		return false;
	stream->skipping = false;
	return true;
}

size_t stream_share(const struct stream *stream, size_t most)
{
	size_t share = stream->rate / 4;

	return stream->rate == 0 || share > most ? most : share;
}

int64_t stream_admits_at(const struct stream *stream)
{
	return stream->rate == 0 || stream->room > 0
		       ? stream->filled
		       : stream->filled + 1 - stream->room * 1000 / (int64_t)stream->rate;
}

void stream_report_gap(struct stream *stream, bool whole)
{
	if (!stream->is_log)
		return;
	add_dropped(stream, &unwritten);
	add_gaps(stream, &unwritten, is_unlimited(stream, whole) ? INT64_MAX : stream->room);
	write_batch(stream, &unwritten);
}

int64_t stream_gap_due_at(const struct stream *stream)
{
	bool skipped = stream->unreported > 0;

	for (size_t i = 0; i < STREAM_TAGS; i++)
		skipped |= stream->gaps[i].skipped > 0;
	if (!skipped)
		return 0;
	return stream->rate == 0 ? stream->filled
				 : stream->filled + 1 +
					   ((int64_t)stream->rate - stream->room) * 1000 /
						   (int64_t)stream->rate;
}

struct search {
	uint64_t wanted;
	uint64_t holder; /* the last segment that begins at or before `wanted` */
	uint64_t next;   /* the first that begins after it */
	bool found;
};

static void find_holder(void *context, uint64_t offset)
{
	struct search *search = context;

	if (offset <= search->wanted) {
		if (!search->found || offset > search->holder)
			search->holder = offset;
		search->found = true;
	} else if (offset < search->next) {
		search->next = offset;
	}
}

static int open_at(const struct stream *stream, uint64_t *offset, int *file_fd,
		   uint64_t *file_segment)
{
	struct search search = { .wanted = *offset, .next = UINT64_MAX };
	char name[SEGMENT_NAME];

	each_segment(stream, find_holder, &search);
	if (!search.found) {
		if (search.next == UINT64_MAX)
			return -ENOENT;
		search.holder = search.next;
		*offset = search.next;
	}
	segment_name(name, search.holder);
	close_fd(file_fd);
	*file_fd = openat(stream->directory_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	*file_segment = search.holder;
	return *file_fd < 0 ? -errno : 0;
}

long stream_read(const struct stream *stream, uint64_t *offset, int *file_fd,
		 uint64_t *file_segment, char *buffer, size_t size)
{
	if (*offset >= stream->end)
		return 0;
	for (int attempt = 0; attempt < 2; attempt++) {
		ssize_t got;

		if (*file_fd < 0) {
			int result = open_at(stream, offset, file_fd, file_segment);

			if (result < 0)
				return result;
		}
		got = pread(*file_fd, buffer, size, (off_t)(*offset - *file_segment));
		if (got != 0)
			return got < 0 ? -errno : got;
		close_fd(file_fd);
	}
	return 0;
}

static void remove_segment(void *context, uint64_t offset)
{
	const struct stream *stream = context;
	char name[SEGMENT_NAME];

	segment_name(name, offset);
	(void)unlinkat(stream->directory_fd, name, 0);
}

void stream_remove(const struct stream *stream)
{
	if (stream->directory_fd >= 0)
		each_segment(stream, remove_segment, (void *)(uintptr_t)stream);
}

void stream_close(struct stream *stream)
{
	close_fd(&stream->file_fd);
	close_fd(&stream->directory_fd);
	close_fd(&stream->parent_fd);
	free(stream->captured);
	stream->captured = NULL;
	for (size_t i = 0; i < STREAM_TAGS; i++) {
		free(stream->gaps[i].kept);
		stream->gaps[i] = (struct gap){ 0 };
	}
}
