/* The texts that the build generates from the commands (dev.nucleus.cli.Reference): help, manual
 * pages and completion. The client shows these without a manager. */
#ifndef NUCLEUS_CLIENT_REFERENCE_H
#define NUCLEUS_CLIENT_REFERENCE_H

/* Answers what needs no manager. Returns the exit code, or -1 if the command is for the manager. */
int reference_answer(int count, char *const arguments[]);
/* Called when no manager answers: shows help that is requested after other arguments, or replaces
 * this process by the jar's program for a command that needs no manager. Returns the exit code, or
 * -1 if neither applies. */
int reference_without_manager(int count, char *const arguments[]);

#endif
