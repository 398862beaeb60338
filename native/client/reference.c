#include "reference.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"

#define NAME_MAX_LENGTH 256
#define USAGE 2
#define NO_MANAGER 125

/* Pairs of name and text, each ended by NUL; nothing in a client that was built without them. */
extern const char reference_begin[];
extern const uint64_t reference_length;

/* Null: there is none of that name. */
static const char *find(const char *name)
{
	const char *at = reference_begin;

	while ((size_t)(at - reference_begin) < reference_length) {
		const char *text = at + strlen(at) + 1;

		if (strcmp(at, name) == 0)
			return text;
		at = text + strlen(text) + 1;
	}
	return NULL;
}

/* The text of a prefix and some words behind it; null: there is none. */
static const char *find_words(const char *prefix, int count, char *const words[])
{
	char name[NAME_MAX_LENGTH];
	size_t length = strlen(prefix);

	memcpy(name, prefix, length + 1);
	for (int i = 0; i < count; i++) {
		size_t word = strlen(words[i]);

		if (length + word + 2 > sizeof(name))
			return NULL;
		name[length] = ' ';
		memcpy(name + length + 1, words[i], word + 1);
		length += word + 1;
	}
	return find(name);
}

static int show(int fd, const char *text, int code)
{
	if (write_all(fd, text, strlen(text)) < 0) {
		(void)fprintf(stderr, "nucleus: can't write to standard output: %s\n",
			      strerror(errno));
		return NO_MANAGER;
	}
	return code;
}

static bool is(const char *word, const char *either, const char *other)
{
	return strcmp(word, either) == 0 || strcmp(word, other) == 0;
}

/* How many of the words are a command. */
static int command_length(int count, char *const arguments[])
{
	int length = 0;

	while (length < count && arguments[length][0] != '-' &&
	       find_words("--help", length + 1, arguments) != NULL)
		length++;
	return length;
}

static int refuse_unknown(const char *word)
{
	(void)fprintf(stderr, "nucleus: there is no command '%s'\nSee 'nucleus --help'.\n", word);
	return USAGE;
}

int reference_answer(int count, char *const arguments[])
{
	const char *help = find("--help");
	const char *text;
	int length;

	if (help == NULL)
		return -1;
	if (count == 0)
		return show(STDERR_FILENO, help, USAGE);
	if (count == 1 && is(arguments[0], "-V", "--version"))
		return show(STDOUT_FILENO, find("--version"), 0);
	if (is(arguments[0], "-h", "--help"))
		return show(STDOUT_FILENO, help, 0);
	if (is(arguments[0], "completion", "man") || strcmp(arguments[0], "help") == 0) {
		const char *prefix = strcmp(arguments[0], "help") == 0 ? "--help" : arguments[0];

		text = find_words(prefix, count - 1, arguments + 1);
		if (text != NULL)
			return show(STDOUT_FILENO, text, 0);
	}
	length = command_length(count, arguments);
	if (length > 0 && length < count && is(arguments[length], "-h", "--help"))
		return show(STDOUT_FILENO, find_words("--help", length, arguments), 0);
	if (length == 0 && count > 1 && is(arguments[1], "-h", "--help"))
		return refuse_unknown(arguments[0]);
	return -1;
}

/* $NUCLEUS_JAR, or nucleus.jar beside this program. Null: there is none. */
static const char *find_jar(char *path, size_t size)
{
	static const char name[] = "nucleus.jar";
	const char *given = getenv("NUCLEUS_JAR");
	ssize_t length;
	char *slash;

	if (given != NULL && given[0] != '\0')
		return given;
	length = readlink("/proc/self/exe", path, size - sizeof(name));
	if (length < 0)
		return NULL;
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return NULL;
	memcpy(slash + 1, name, sizeof(name));
	return access(path, R_OK) == 0 ? path : NULL;
}

/* Replaces this program by the jar's. Returns when there is no jar, or no Java. */
static void run_jar(int count, char *const arguments[])
{
	char path[PATH_MAX];
	char java[PATH_MAX] = "java";
	char option[] = "-jar";
	const char *home = getenv("JAVA_HOME");
	const char *jar = find_jar(path, sizeof(path));
	char **words = jar == NULL ? NULL : calloc((size_t)count + 4, sizeof(*words));

	if (words == NULL)
		return;
	if (home != NULL && home[0] != '\0')
		(void)snprintf(java, sizeof(java), "%s/bin/java", home);
	words[0] = java;
	words[1] = option;
	words[2] = (char *)(uintptr_t)jar;
	for (int i = 0; i < count; i++)
		words[3 + i] = arguments[i];
	(void)execvp(java, words);
	(void)fprintf(stderr, "nucleus: can't run %s: %s\n", java, strerror(errno));
	free(words);
}

int reference_without_manager(int count, char *const arguments[])
{
	int length = command_length(count, arguments);

	if (length == 0 && count > 0 && arguments[0][0] != '-' && find("--help") != NULL)
		return refuse_unknown(arguments[0]);
	for (int i = length; i < count && strcmp(arguments[i], "--") != 0; i++)
		if (is(arguments[i], "-h", "--help"))
			return show(STDOUT_FILENO, find_words("--help", length, arguments), 0);
	if (length > 0 && find_words("local", length, arguments) != NULL) {
		run_jar(count, arguments);
		(void)fprintf(
			stderr,
			"nucleus: no manager answers, and there is no nucleus.jar beside this "
			"program: name it in $NUCLEUS_JAR, or run\n  java -jar nucleus.jar");
		for (int i = 0; i < count; i++)
			(void)fprintf(stderr, " %s", arguments[i]);
		(void)fprintf(stderr, "\n");
		return NO_MANAGER;
	}
	return -1;
}
