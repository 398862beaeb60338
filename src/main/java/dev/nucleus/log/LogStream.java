package dev.nucleus.log;

import dev.nucleus.shim.ShimMessage;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Passes a container's output from its shim to a sink. A shim exits a moment after its container, even if its reader is
 * behind; what it could not deliver is read from the files it wrote. A sink that fails gets nothing more, and the
 * container is followed all the same.
 */
public final class LogStream {

    private static final Logger log = LoggerFactory.getLogger(LogStream.class);

    private final ContainerLog files;
    private final OutputSink sink;
    private final CriDecoder decoder = new CriDecoder(this::write);
    private long offset;
    private boolean ended;
    private boolean sinkFailed;

    /** @param offset where the stream begins in the log */
    public LogStream(ContainerLog files, OutputSink sink, long offset) {
        this.files = files;
        this.sink = sink;
        this.offset = offset;
    }

    private void write(OutputSink.Stream stream, byte[] bytes, int from, int length) {
        if (!sinkFailed) {
            try {
                sink.write(stream, bytes, from, length);
            } catch (IOException e) {
                log.debug("the reader of the output has disconnected: {}", e.toString());
                sinkFailed = true;
            }
        }
    }

    /** @return whether the message was about output */
    public boolean accept(ShimMessage message) throws IOException {
        switch (message) {
            case ShimMessage.Data(var start, var bytes) -> {
                decoder.accept(bytes);
                offset = start + bytes.length;
            }
            case ShimMessage.End() -> ended = true;
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Whether all output has arrived. */
    public boolean ended() {
        return ended;
    }

    /** Reads what the shim could not deliver; called once it has exited. */
    public void finish() throws IOException {
        if (!ended) {
            files.copyTo(decoder, offset);
            ended = true;
        }
    }
}
