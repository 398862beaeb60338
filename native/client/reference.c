#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"

#define NAME_MAX_LENGTH 256
#define USAGE 2
#define NO_MANAGER 125
/* The Java version that nucleus.jar is compiled for. */
#define JAVA_NEEDED 25

/* Pairs of name and text, each terminated by NUL; empty in a client that was built without them. */
extern const char reference_begin[];
extern const uint64_t reference_length;

/* Returns the text of that name, or NULL. */
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

/* Returns the text named by a prefix and the words after it, or NULL. */
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

/* The number of leading words that form a command. */
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

/* $NUCLEUS_JAR, or nucleus.jar beside this program, or where the build puts it: target/nucleus.jar
 * for target/native/nucleus. NULL if there is none. */
static const char *find_jar(char *path, size_t size)
{
	static const char name[] = "nucleus.jar";
	static const char built[] = "/target/native";
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
	if (access(path, R_OK) == 0)
		return path;
	slash -= sizeof(built) - 1;
	if (slash < path || strncmp(slash, built, sizeof(built) - 1) != 0)
		return NULL;
	slash += sizeof("/target") - 1;
	memcpy(slash + 1, name, sizeof(name));
	return access(path, R_OK) == 0 ? path : NULL;
}

/* Opens the file `release` in a directory, the first `length` bytes of the path. NULL if there is
 * none. */
static FILE *open_release_in(const char *path, size_t length)
{
	char name[PATH_MAX + sizeof("/release")];
	struct stat status;
	FILE *file;
	int fd;

	(void)snprintf(name, sizeof(name), "%.*s/release", (int)length, path);
	/* The file may be anybody's: opening a named pipe must not block. */
	fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
	if (file == NULL)
		(void)close(fd);
	return file;
}

/* Opens the release file of the JDK or JRE whose bin directory contains java, once all links are
 * resolved. NULL if there is none. A JDK before Java 9 has it above its jre directory. */
static FILE *open_release(const char *java)
{
	static const char *const programs[] = { "/bin/java", "/jre/bin/java" };
	char path[PATH_MAX];
	FILE *file = NULL;

	if (realpath(java, path) == NULL)
		return NULL;
	for (size_t i = 0; i < 2 && file == NULL; i++) {
		size_t length = strlen(path);
		size_t end = strlen(programs[i]);

		if (length > end && strcmp(path + length - end, programs[i]) == 0)
			file = open_release_in(path, length - end);
	}
	return file;
}

/* 25 for 25.0.1, 8 for 1.8.0_392. */
static long feature_version(const char *text)
{
	return strncmp(text, "1.", 2) == 0 ? strtol(text + 2, NULL, 10) : strtol(text, NULL, 10);
}

/* The version in the release file; 0 if unknown. */
static long java_version(const char *java)
{
	static const char key[] = "JAVA_VERSION=\"";
	char line[256];
	long version = 0;
	FILE *release = open_release(java);

	if (release == NULL)
		return 0;
	while (version == 0 && fgets(line, sizeof(line), release) != NULL)
		if (strncmp(line, key, sizeof(key) - 1) == 0)
			version = feature_version(line + sizeof(key) - 1);
	(void)fclose(release);
	return version;
}

struct java {
	char path[PATH_MAX];
	long version;
};

/* A search for a java that is recent enough, and what it has found besides. */
struct search {
	char found[PATH_MAX];
	struct java old;        /* the first that is too old */
	char unknown[PATH_MAX]; /* the first of unknown version */
};

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Whether `found` is known to be recent enough. */
static bool is_recent_enough(struct search *search)
{
	long version;

	if (!is_program(search->found))
		return false;
	version = java_version(search->found);
	if (version >= JAVA_NEEDED)
		return true;
	if (version == 0 && search->unknown[0] == '\0')
		memcpy(search->unknown, search->found, sizeof(search->unknown));
	if (version != 0 && search->old.version == 0) {
		memcpy(search->old.path, search->found, sizeof(search->old.path));
		search->old.version = version;
	}
	return false;
}

static bool find_on_path(struct search *search)
{
	const char *at = getenv("PATH");

	while (at != NULL && *at != '\0') {
		size_t length = strcspn(at, ":");
		int printed = snprintf(search->found, PATH_MAX, "%.*s/java", (int)length, at);

		if (length > 0 && printed < PATH_MAX && is_recent_enough(search))
			return true;
		at += length + (at[length] == ':');
	}
	return false;
}

/* Searches where distributions install JDKs. */
static bool find_installed(struct search *search)
{
	glob_t found;
	bool any = false;

	if (glob("/usr/lib/jvm/*/bin/java", 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc && !any; i++) {
		(void)snprintf(search->found, PATH_MAX, "%s", found.gl_pathv[i]);
		any = is_recent_enough(search);
	}
	globfree(&found);
	return any;
}

/* $JAVA_HOME, unless it is too old; else the first that is known to be recent enough, on the PATH
 * or installed; else the first of unknown version, such as a script of a version manager. */
static bool find_java(struct search *search)
{
	const char *home = getenv("JAVA_HOME");

	if (home != NULL && home[0] != '\0' &&
	    snprintf(search->found, PATH_MAX, "%s/bin/java", home) < PATH_MAX &&
	    (is_recent_enough(search) || search->unknown[0] != '\0'))
		return true;
	if (find_on_path(search) || find_installed(search))
		return true;
	memcpy(search->found, search->unknown, sizeof(search->found));
	return search->unknown[0] != '\0';
}

static void report_unsuitable_java(const struct java *old)
{
	(void)fprintf(
		stderr,
		"nucleus: no manager is running, and without one this command needs Java %d or "
		"later. ",
		JAVA_NEEDED);
	if (old->version != 0)
		(void)fprintf(stderr, "%s is Java %ld", old->path, old->version);
	else
		(void)fprintf(stderr, "No Java was found");
	(void)fprintf(stderr, ". Install Java %d, or set JAVA_HOME.\n", JAVA_NEEDED);
}

/* Replaces this process by the jar's program. Returns only if that fails. */
static void run_jar(const char *jar, int count, char *const arguments[])
{
	static char option[] = "-jar";
	static struct search search;
	char **words;

	if (!find_java(&search)) {
		report_unsuitable_java(&search.old);
		return;
	}
	words = calloc((size_t)count + 4, sizeof(*words));
	if (words != NULL) {
		words[0] = search.found;
		words[1] = option;
		words[2] = (char *)(uintptr_t)jar;
		for (int i = 0; i < count; i++)
			words[3 + i] = arguments[i];
		(void)execv(search.found, words);
	}
	(void)fprintf(stderr, "nucleus: can't run %s: %s\n", search.found, strerror(errno));
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
		char path[PATH_MAX];
		const char *jar = find_jar(path, sizeof(path));

		if (jar != NULL) {
			run_jar(jar, count, arguments);
			return NO_MANAGER;
		}
		(void)fprintf(
			stderr,
			"nucleus: no manager answers, and there is no nucleus.jar beside this "
			"program: set $NUCLEUS_JAR, or run\n  java -jar nucleus.jar");
		for (int i = 0; i < count; i++)
			(void)fprintf(stderr, " %s", arguments[i]);
		(void)fprintf(stderr, "\n");
		return NO_MANAGER;
	}
	return -1;
}
