/* Message numbers between manager or client and spawner or shim. Java has them in
 * dev.nucleus.shim.Request and Answer; a test compares them with this file. */
#ifndef NUCLEUS_SHIM_MESSAGES_H
#define NUCLEUS_SHIM_MESSAGES_H

/* A frame is: u32 payload length, u8 type, payload. */
#define FRAME_HEADER 5U
/* Largest plan accepted, in bytes: it contains the arguments and the environment, of which the
 * kernel accepts at most 6 MiB (execve(2)), and a record of them in JSON. */
#define FRAME_MAX (32U << 20)
/* Largest payload of any other request, in bytes: a command and its environment. */
#define REQUEST_MAX (8U << 20)

enum request {
	REQUEST_PLAN = 0x01,
	REQUEST_SUBSCRIBE = 0x02,
	REQUEST_SIGNAL = 0x03,
	REQUEST_STOP = 0x04,
	REQUEST_STREAM = 0x05,
	REQUEST_STDIN_END = 0x07, /* 0x06 is no longer used */
	REQUEST_EXEC = 0x08,
	REQUEST_DIAL = 0x09,
	REQUEST_DENIALS = 0x0a,
	REQUEST_FREEZE = 0x0b,
	REQUEST_RESIZE = 0x0c,
	REQUEST_START = 0x0d,
	REQUEST_FORCE_STOP = 0x0e, /* to the spawner, instead of a plan; see forced_stop.h */
	REQUEST_TICKET = 0x0f,
	REQUEST_ATTACH = 0x10,
	REQUEST_RECORD = 0x11,
	REQUEST_NETWORK = 0x12, /* to the spawner, instead of a plan; see network_helper.h */
	REQUEST_NETWORK_CHANGES = 0x13,
	REQUEST_NETWORK_LIST = 0x14,
	REQUEST_NETWORK_DENIED = 0x15,
	REQUEST_NETWORK_FORGET = 0x16,
};

/* The first byte of a REQUEST_EXEC. */
enum exec_kind {
	EXEC_ATTACHED = 0,
	EXEC_CAPTURED = 1,
	EXEC_COPY = 2, /* attached, and no command: see copy.h */
};

enum answer {
	ANSWER_STEPS = 0x81,
	ANSWER_STARTED = 0x82,
	ANSWER_FAILED = 0x83,
	ANSWER_EXITED = 0x84,
	ANSWER_DATA = 0x85,
	ANSWER_END = 0x86,
	ANSWER_EXEC_STARTED = 0x87,
	ANSWER_EXEC_EXITED = 0x88,
	ANSWER_OK = 0x89,
	ANSWER_ERROR = 0x8a,
	ANSWER_DIALED = 0x8b,
	ANSWER_WARNING = 0x8c,
	ANSWER_DENIAL = 0x8d,
	ANSWER_CREATED = 0x8e,
	ANSWER_NOTIFIED = 0x8f,
	ANSWER_INIT = 0x90,
	ANSWER_ATTACHED = 0x91,
	ANSWER_ENDED = 0x92,
	ANSWER_RECORD = 0x93,
	ANSWER_NETWORK = 0x94,
};

/* The bits of ANSWER_ATTACHED that describe the streams of a process. */
enum attached_stream { ATTACHED_ERR = 1, ATTACHED_INPUT = 2 };

#endif
