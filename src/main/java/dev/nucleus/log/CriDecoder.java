package dev.nucleus.log;

import java.io.IOException;
import java.util.Arrays;

/**
 * Turns a log in the CRI format back into the bytes that were written: {@code TIME stdout|stderr F|P|F:nucleus TEXT\n}.
 * Takes chunks that end anywhere.
 */
public final class CriDecoder {

    private static final byte SPACE = ' ';

    private final OutputSink sink;
    private byte[] rest = {};

    public CriDecoder(OutputSink sink) {
        this.sink = sink;
    }

    /** Decodes the whole records, and keeps an incomplete one for the next chunk. */
    public void accept(byte[] chunk) throws IOException {
        byte[] bytes = chunk;
        if (rest.length > 0) {
            bytes = Arrays.copyOf(rest, rest.length + chunk.length);
            System.arraycopy(chunk, 0, bytes, rest.length, chunk.length);
        }
        int start = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == '\n') {
                record(bytes, start, at);
                start = at + 1;
            }
        }
        rest = Arrays.copyOfRange(bytes, start, bytes.length);
    }

    private void record(byte[] bytes, int start, int newline) throws IOException {
        int afterTime = indexOf(bytes, start, newline) + 1;
        int afterStream = indexOf(bytes, afterTime, newline) + 1;
        int afterTag = indexOf(bytes, afterStream, newline) + 1;
        if (afterTime == 0 || afterStream == 0 || afterTag == 0) {
            return;
        }
        boolean whole = bytes[afterStream] == 'F';
        var stream = bytes[afterTime + 3] == 'o' ? OutputSink.Stream.STDOUT : OutputSink.Stream.STDERR;
        // The record's own newline serves as the one that ends a whole line, so nothing needs to be copied.
        sink.write(stream, bytes, afterTag, newline - afterTag + (whole ? 1 : 0));
    }

    private static int indexOf(byte[] bytes, int from, int to) {
        for (int at = from; at < to; at++) {
            if (bytes[at] == SPACE) {
                return at;
            }
        }
        return -1;
    }
}
