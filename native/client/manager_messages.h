/* Message numbers between client and manager. Java has them in dev.nucleus.cli.ClientMessage; a
 * test compares them with this file. */
#ifndef NUCLEUS_CLIENT_MANAGER_MESSAGES_H
#define NUCLEUS_CLIENT_MANAGER_MESSAGES_H

enum message {
	/* To the manager. */
	MESSAGE_COMMAND = 0x01,
	MESSAGE_TERMINAL = 0x05,
	MESSAGE_DESCRIPTOR = 0x06,
	/* From the manager. */
	MESSAGE_OUTPUT = 0x11,
	MESSAGE_ERROR_OUTPUT = 0x12,
	MESSAGE_EXIT = 0x13,
	MESSAGE_WANT_TERMINAL = 0x15,
	MESSAGE_WANT_DESCRIPTOR = 0x16,
	MESSAGE_STREAMS = 0x17,
};

/* How MESSAGE_STREAMS wants the streams treated, in bits: dev.nucleus.cli.AttachOption. */
enum attach_option {
	ATTACH_INPUT = 1,
	ATTACH_DETACH_KEYS = 2,
	ATTACH_WORKSPACE = 4,
};

#endif
