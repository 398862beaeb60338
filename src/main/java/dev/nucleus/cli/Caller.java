package dev.nucleus.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;

/** The origin of a command: the directory of its relative paths, and the destination of its output. */
interface Caller {

    /** Resolves a path against the caller's working directory. */
    Path resolve(Path path);

    /** Prints a line to standard output. */
    void print(String line) throws IOException;

    /** Returns a writer to standard output or standard error. */
    PrintWriter writer(boolean error);
}
