package dev.nucleus.log;

import java.io.IOException;

/** Takes the output of a workload. */
@FunctionalInterface
public interface OutputSink {

    /** Which of a process's two outputs. */
    enum Stream {
        STDOUT,
        STDERR
    }

    void write(Stream stream, byte[] bytes, int offset, int length) throws IOException;
}
