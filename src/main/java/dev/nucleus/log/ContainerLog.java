package dev.nucleus.log;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A container's output on disk: files in the CRI format, each named after the offset of its first byte. The shim
 * writes them; this class reads them.
 *
 * @param directory that contains them
 */
public record ContainerLog(Path directory) {

    /**
     * A line of output.
     *
     * @param time RFC 3339, UTC
     * @param stream stdout, stderr, or {@link #NUCLEUS}
     */
    public record Line(String time, String stream, String text) {}

    /**
     * The end of a log.
     *
     * @param lines oldest first
     * @param end offset after the last line, from which the log can be followed without a gap
     */
    public record Tail(List<Line> lines, long end) {}

    /**
     * A part of a log, as stored in its files; it may begin and end within a line.
     *
     * @param offset of the first byte
     */
    public record Chunk(long offset, byte[] bytes) {}

    /** The stream of lines about the log itself, which no workload can write. */
    public static final String NUCLEUS = "nucleus";

    /** The tag of such a line in the files (native/src/base/stream.c). */
    private static final String OWN_RECORD = "F:nucleus";

    private static final Set<String> STREAMS = Set.of("stdout", "stderr");
    private static final Pattern RECORD_END = Pattern.compile("\n", Pattern.LITERAL);

    private static final int TAIL_BYTES = 65_536;

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".log"))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static long offset(Path segment) {
        String name = segment.getFileName().toString();
        return Long.parseLong(name.substring(0, name.length() - ".log".length()));
    }

    /** Offset after the last byte at present. */
    long end() throws IOException {
        List<Path> segments = segments();
        try {
            return segments.isEmpty() ? 0 : offset(segments.getLast()) + Files.size(segments.getLast());
        } catch (NoSuchFileException e) {
            return offset(segments.getLast());
        }
    }

    /**
     * Reads from an offset, or from the first byte kept after it; at most 64 KiB of one file.
     *
     * @param until offset to read up to
     * @return empty if there is nothing to read
     */
    public Optional<Chunk> read(long offset, long until) throws IOException {
        for (Path segment : segments()) {
            long begin = offset(segment);
            long from = Math.max(offset, begin);
            byte[] bytes = from < until ? readFrom(segment, from - begin, until - from) : new byte[0];
            if (bytes.length > 0) {
                return Optional.of(new Chunk(from, bytes));
            }
        }
        return Optional.empty();
    }

    /** The last lines; at most those within the last 64 KiB. */
    public Tail tail(int count) throws IOException {
        List<Path> segments = segments();
        if (segments.isEmpty()) {
            return new Tail(List.of(), 0);
        }
        var bytes = new ByteArrayOutputStream();
        long from = Math.max(0, offset(segments.getLast()) + Files.size(segments.getLast()) - TAIL_BYTES);
        long end = from;
        for (Path segment : segments) {
            byte[] part = readFrom(segment, Math.max(0, from - offset(segment)));
            bytes.write(part);
            end = part.length > 0 ? Math.max(from, offset(segment)) + part.length : end;
        }
        // A character may be in two records: bytes are decoded once the parts of a line are joined.
        String text = bytes.toString(StandardCharsets.ISO_8859_1);
        // Records are written whole, so the text ends with a whole one; it may begin within one.
        // Not String.lines(), which also splits at carriage returns: a workload could forge a record with one.
        List<Line> lines = lines(RECORD_END.split(text.substring(from > 0 ? text.indexOf('\n') + 1 : 0)));
        return new Tail(lines.subList(Math.max(0, lines.size() - count), lines.size()), end);
    }

    /** The lines of records; parts of a line are joined. */
    private static List<Line> lines(String[] records) {
        var lines = new ArrayList<Line>();
        Map<String, Line> begun = new LinkedHashMap<>();
        for (String record : records) {
            Optional<Line> parsed = parse(record);
            if (parsed.isEmpty()) {
                continue;
            }
            Line line = begun.merge(
                    parsed.get().stream(),
                    parsed.get(),
                    (first, next) -> new Line(first.time(), first.stream(), first.text() + next.text()));
            if (!isPart(record)) {
                lines.add(decoded(line));
                begun.remove(line.stream());
            }
        }
        begun.values().forEach(line -> lines.add(decoded(line)));
        return lines;
    }

    /** Decodes UTF-8, and drops the carriage return with which a terminal ends its lines. */
    private static Line decoded(Line line) {
        String text = new String(line.text().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        return new Line(line.time(), line.stream(), text.endsWith("\r") ? text.substring(0, text.length() - 1) : text);
    }

    private static boolean isPart(String record) {
        return record.split(" ", 4)[2].equals("P");
    }

    /** Parses one line of a log in the CRI format. */
    public static Optional<Line> parse(String line) {
        String[] parts = line.split(" ", 4);
        if (parts.length < 4 || !STREAMS.contains(parts[1])) {
            return Optional.empty();
        }
        return switch (parts[2]) {
            case "F", "P" -> Optional.of(new Line(parts[0], parts[1], parts[3]));
            case OWN_RECORD -> Optional.of(new Line(parts[0], NUCLEUS, parts[3]));
            default -> Optional.empty();
        };
    }

    /** The bytes of a file from an offset on; none if it ends before, or was rotated away meanwhile. */
    private static byte[] readFrom(Path segment, long offset) throws IOException {
        return readFrom(segment, offset, TAIL_BYTES);
    }

    private static byte[] readFrom(Path segment, long offset, long most) throws IOException {
        try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.READ)) {
            long length = Math.min(Math.min(TAIL_BYTES, most), channel.size() - offset);
            if (length <= 0) {
                return new byte[0];
            }
            ByteBuffer buffer = ByteBuffer.allocate((int) length);
            channel.read(buffer, offset);
            return Arrays.copyOf(buffer.array(), buffer.position());
        } catch (NoSuchFileException e) {
            return new byte[0];
        }
    }

    /** Copies everything that is still kept, decoded. */
    public void copyTo(OutputSink sink) throws IOException {
        copyTo(new CriDecoder(sink), 0);
    }

    /** Copies what is kept from an offset on. */
    void copyTo(CriDecoder decoder, long offset) throws IOException {
        for (Path segment : segments()) {
            long at = Math.max(0, offset - offset(segment));
            byte[] part = readFrom(segment, at);
            while (part.length > 0) {
                decoder.accept(part);
                at += part.length;
                part = readFrom(segment, at);
            }
        }
    }
}
