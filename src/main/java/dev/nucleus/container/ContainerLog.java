package dev.nucleus.container;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * A container's output on disk: files in the CRI format, each named by the offset of its first byte. The shim
 * writes them; this reads.
 *
 * @param directory where they lie
 */
public record ContainerLog(Path directory) {

    /**
     * A line of output.
     *
     * @param time RFC 3339, UTC
     * @param stream stdout or stderr
     */
    public record Line(String time, String stream, String text) {}

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

    /** The last lines, oldest first; at most those within the last 64 KiB. */
    public List<Line> tail(int count) throws IOException {
        var bytes = new ByteArrayOutputStream();
        List<Path> segments = segments();
        int first = segments.size();
        long gathered = 0;
        while (first > 0 && gathered < TAIL_BYTES) {
            gathered += Files.size(segments.get(--first));
        }
        for (Path segment : segments.subList(first, segments.size())) {
            bytes.write(readFrom(segment, Math.max(0, gathered - TAIL_BYTES)));
            gathered = Math.min(gathered, TAIL_BYTES);
        }
        List<Line> lines = bytes.toString(StandardCharsets.UTF_8).lines()
                .flatMap(line -> parse(line).stream())
                .toList();
        return lines.subList(Math.max(0, lines.size() - count), lines.size());
    }

    /** One line of a log in the CRI format. */
    public static java.util.Optional<Line> parse(String line) {
        String[] parts = line.split(" ", 4);
        return parts.length == 4 && parts[2].length() == 1
                ? java.util.Optional.of(new Line(parts[0], parts[1], parts[3]))
                : java.util.Optional.empty();
    }

    private static byte[] readFrom(Path segment, long offset) throws IOException {
        try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.READ)) {
            long start = Math.min(offset, channel.size());
            ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(TAIL_BYTES, channel.size() - start));
            channel.read(buffer, start);
            return java.util.Arrays.copyOf(buffer.array(), buffer.position());
        }
    }

    /** Everything that is still kept, decoded. */
    public void copyTo(OutputSink sink) throws IOException {
        var decoder = new CriDecoder(sink);
        for (Path segment : segments()) {
            decoder.accept(Files.readAllBytes(segment));
        }
    }
}
