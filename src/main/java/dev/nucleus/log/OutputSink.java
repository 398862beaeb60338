package dev.nucleus.log;

import java.io.IOException;

/** Receives the output of a workload. */
@FunctionalInterface
public interface OutputSink {

    /** The two output streams of a process. */
    enum Stream {
        STDOUT,
        STDERR
    }

    void write(Stream stream, byte[] bytes, int offset, int length) throws IOException;
}
