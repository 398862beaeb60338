/* One stream of output, kept as log files in the CRI format and addressed by offset: a reader that
 * disconnects can resume without losing a byte. Files are named by the offset of their first byte,
 * so the offset of any byte survives rotation.
 *
 * A line is "TIME stdout|stderr F|P TEXT\n": F ends a line of the workload, P is a part of one
 * (kubernetes design-proposals, kubelet-cri-logging). "F:nucleus" is a record about the log itself,
 * which no workload can write. */
#ifndef NUCLEUS_STREAM_H
#define NUCLEUS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name of the directory of the log files. */
#define STREAM_DIRECTORY "logs"
/* How much is kept of a stream that is only captured: its beginning, in bytes. */
#define CAPTURE_MAX 4096U
/* How much is kept of the last output that was not logged, in bytes: its last lines are logged when
 * a flood ends. */
#define STREAM_KEPT_MAX 4096U

enum stream_tag { STREAM_STDOUT, STREAM_STDERR, STREAM_TAGS };

/* Output of one tag beyond the rate that has not been reported in the log yet. */
struct gap {
	uint64_t skipped; /* bytes */
	char *kept;       /* the last of them, in a buffer of STREAM_KEPT_MAX; or NULL */
	size_t length;    /* of the kept bytes */
};

struct stream {
	int parent_fd;    /* parent of the directory, which is created with the first file */
	int directory_fd; /* of the log files; -1: not created yet */
	bool is_log;      /* else captured only, or neither */
	int file_fd;
	uint64_t segment;    /* offset of the current file's first byte */
	uint64_t end;        /* offset after the last byte written */
	uint64_t file_bytes; /* a larger file is followed by a new one */
	uint16_t files;
	uint64_t dropped; /* bytes that could not be written (disk full) */
	uint32_t rate;    /* maximum bytes logged per second; 0: no limit */
	bool blocks;      /* beyond the rate the writer is blocked; else output is not logged */
	int64_t room; /* bytes that may be logged now; negative: text appended whole overdrew it */
	int64_t filled;      /* CLOCK_MONOTONIC ms when there was that much room */
	uint64_t unreported; /* bytes skipped whose report could not be written */
	bool skipping;       /* has skipped, and resumes when there is room for a second's worth */
	bool in_line[STREAM_TAGS]; /* per tag: the last record is a part of a line */
	struct gap gaps[STREAM_TAGS];
	uint32_t owner;
	uint32_t group;
	char *captured;
	size_t captured_length;
};

/* Opens a stream that is logged in a directory below `parent_fd`, which it takes over. The
 * directory and the first file are created only with the first record: they are most of what a
 * short command leaves on the disk. */
void stream_open(struct stream *stream, int parent_fd, uint64_t file_bytes, uint16_t files,
		 uint32_t owner, uint32_t group);
/* Opens a stream that keeps only its beginning, in memory. */
int stream_capture(struct stream *stream);
/* Appends the text: all of it if `whole`, which may overdraw the rate; else as much as the rate
 * allows, and counts the rest as skipped. */
void stream_append(struct stream *stream, enum stream_tag tag, const char *data, size_t length,
		   bool whole);
/* Whether the rate allows appending now: `whole`, or else with a gap after it. */
bool stream_admits(struct stream *stream, bool whole);
/* How much to read at once for a log that must be complete: at most a minute's worth of the rate,
 * even if every byte is a line feed. */
size_t stream_share(const struct stream *stream, size_t most);
/* The earliest time at which a whole text is admitted, in ms of CLOCK_MONOTONIC. */
int64_t stream_admits_at(const struct stream *stream);
/* Counts bytes that are not appended: a record about them precedes the next record. */
void stream_skip(struct stream *stream, enum stream_tag tag, size_t length);
/* The same for bytes that were read: the last of them are appended after that record. */
void stream_keep(struct stream *stream, enum stream_tag tag, const char *data, size_t length);
/* Reports skipped bytes now, if there are any, and appends what was kept of them: all of it if
 * `whole`, else as much as the rate allows. */
void stream_report_gap(struct stream *stream, bool whole);
/* When stream_report_gap() is due if no output follows, in ms of CLOCK_MONOTONIC; 0: nothing was
 * skipped. */
int64_t stream_gap_due_at(const struct stream *stream);
/* Reads at `*offset`, which moves past a part that has been rotated away. Returns the number of
 * bytes, 0 at the end, or a negative errno. `*file_fd` and `*file_segment` cache the open file
 * between calls. */
long stream_read(const struct stream *stream, uint64_t *offset, int *file_fd,
		 uint64_t *file_segment, char *buffer, size_t size);
/* Deletes the files. */
void stream_remove(const struct stream *stream);
void stream_close(struct stream *stream);

#endif
