package dev.nucleus.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;

/** Where a command was given: where its relative paths begin, and where its output goes. */
interface Caller {

    /** A path as the caller means it. */
    Path resolve(Path path);

    /** A line for standard output. */
    void print(String line) throws IOException;

    /** A writer on standard output or error. */
    PrintWriter writer(boolean error);
}
