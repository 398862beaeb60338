package dev.nucleus.cli;

import dev.nucleus.log.OutputSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Selects a part of a log in the CRI format, {@code TIME stdout|stderr F|P|F:nucleus TEXT\n}: a time range or the last
 * lines, with or without timestamps. Accepts chunks that end anywhere. Confined to one thread.
 */
final class LogView {

    /**
     * The part of a log to show.
     *
     * @param tail number of existing lines to show; empty: all
     * @param timestamps whether each line begins with its time
     */
    record Selection(Optional<Integer> tail, Optional<Instant> since, Optional<Instant> until, boolean timestamps) {

        boolean isEverything() {
            return isFromTheBeginning() && until.isEmpty() && !timestamps;
        }

        boolean isFromTheBeginning() {
            return tail.isEmpty() && since.isEmpty();
        }
    }

    private static final byte[] NEWLINE = {'\n'};

    private record Piece(OutputSink.Stream stream, byte[] bytes) {}

    private final Selection selection;
    private final OutputSink sink;
    private byte[] rest = {};
    /** The unfinished line of each stream, while lines are held back. */
    private final Map<OutputSink.Stream, ByteArrayOutputStream> begun = new EnumMap<>(OutputSink.Stream.class);

    private final Map<OutputSink.Stream, Boolean> withinLine = new EnumMap<>(OutputSink.Stream.class);
    private final Deque<Piece> last = new ArrayDeque<>();
    private boolean holding;

    LogView(Selection selection, OutputSink sink) {
        this.selection = selection;
        this.sink = sink;
        this.holding = selection.tail().isPresent();
    }

    void accept(byte[] chunk) throws IOException {
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

    /** Drops a partial record whose end was rotated away. */
    void skip() {
        rest = new byte[0];
    }

    private void record(byte[] bytes, int start, int newline) throws IOException {
        int afterTime = indexOfSpace(bytes, start, newline) + 1;
        int afterStream = indexOfSpace(bytes, afterTime, newline) + 1;
        int afterTag = indexOfSpace(bytes, afterStream, newline) + 1;
        if (afterTime == 0 || afterStream == 0 || afterTag == 0) {
            return;
        }
        String time = new String(bytes, start, afterTime - 1 - start, StandardCharsets.US_ASCII);
        if (!selects(time)) {
            return;
        }
        boolean whole = bytes[afterStream] == 'F';
        var stream = bytes[afterTime + 3] == 'o' ? OutputSink.Stream.STDOUT : OutputSink.Stream.STDERR;
        if (whole && bytes[afterStream + 1] == ':' && withinLine.getOrDefault(stream, false)) {
            // A record of Nucleus within an unfinished line of the workload.
            write(stream, NEWLINE, 0, 1, true);
            withinLine.put(stream, false);
        }
        if (selection.timestamps() && !withinLine.getOrDefault(stream, false)) {
            byte[] shown = (time + " ").getBytes(StandardCharsets.US_ASCII);
            write(stream, shown, 0, shown.length, false);
        }
        withinLine.put(stream, !whole);
        // The newline of a record that ends a line is also the newline of that line.
        write(stream, bytes, afterTag, newline - afterTag + (whole ? 1 : 0), whole);
    }

    private boolean selects(String time) {
        if (selection.since().isEmpty() && selection.until().isEmpty()) {
            return true;
        }
        try {
            Instant at = Instant.parse(time);
            return selection.since().filter(at::isBefore).isEmpty()
                    && selection.until().filter(at::isAfter).isEmpty();
        } catch (DateTimeException e) {
            return false;
        }
    }

    private void write(OutputSink.Stream stream, byte[] bytes, int offset, int length, boolean endsLine)
            throws IOException {
        if (!holding) {
            sink.write(stream, bytes, offset, length);
            return;
        }
        ByteArrayOutputStream line = begun.computeIfAbsent(stream, _ -> new ByteArrayOutputStream());
        line.write(bytes, offset, length);
        if (endsLine) {
            hold(stream, line);
            begun.remove(stream);
        }
    }

    private void hold(OutputSink.Stream stream, ByteArrayOutputStream line) {
        last.add(new Piece(stream, line.toByteArray()));
        if (last.size() > selection.tail().orElseThrow()) {
            last.removeFirst();
        }
    }

    /** Writes the held last lines at the end of the existing log; later output is written as it arrives. */
    void flush() throws IOException {
        if (!holding) {
            return;
        }
        begun.forEach(this::hold);
        begun.clear();
        holding = false;
        for (Piece piece : last) {
            sink.write(piece.stream(), piece.bytes(), 0, piece.bytes().length);
        }
        last.clear();
    }

    private static int indexOfSpace(byte[] bytes, int from, int to) {
        for (int at = from; at < to; at++) {
            if (bytes[at] == ' ') {
                return at;
            }
        }
        return -1;
    }
}
