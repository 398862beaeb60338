/* What the build wrote about the commands (dev.nucleus.cli.Reference): help, manual pages,
 * completion. So the client answers these without a manager. */
#ifndef NUCLEUS_CLIENT_REFERENCE_H
#define NUCLEUS_CLIENT_REFERENCE_H

/* Answers what needs no manager. The exit code, or -1: the manager is to be asked. */
int reference_answer(int count, char *const arguments[]);
/* Where no manager answers: help that was asked for behind other arguments, or the jar's own
 * program for a command that needs no manager, which replaces this one. The exit code, or -1:
 * neither. */
int reference_without_manager(int count, char *const arguments[]);

#endif
