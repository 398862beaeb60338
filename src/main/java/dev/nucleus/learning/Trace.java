package dev.nucleus.learning;

import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The merged records of traced runs: each kind of call, path and address once, and how often each call was made if that
 * is known. The workload controls most of the content.
 *
 * @param counts by number of the system call; a run that has not ended has none yet
 * @param notes sentences about what was left out of the records, and why
 */
public record Trace(
        List<Call> calls,
        List<Use> paths,
        List<Address> addresses,
        SortedMap<Integer, Long> counts,
        List<String> notes) {

    /** @param arguments those that determine what the call does, by index; the others were not recorded */
    public record Call(int number, Map<Integer, Long> arguments) {}

    /** @param flags those of open(2), if the call has them */
    public record Use(int number, String path, int flags) {}

    public record Address(int number, String address, int port) {}

    private static final long X86_64 = 0xc000003eL;

    /**
     * Longest line in bytes: a path of PATH_MAX below a directory of PATH_MAX, with six bytes for each escaped byte.
     */
    private static final int MAX_LINE = 65_536;

    /** Largest record in bytes; native/src/shim/trace.c stops well before. */
    private static final long MAX_RECORD = 32L << 20;

    /** Limit of the length of all paths together, in characters. */
    private static final long MAX_PATHS = 16L << 20;

    /** As in open(2): a path is shorter. */
    private static final int PATH_MAX = 4_096;

    /**
     * Merges the records that shims wrote (native/src/shim/trace.c), ignoring a truncated last line.
     *
     * @throws IOException if one can't be read
     */
    public static Trace read(List<Path> files) throws IOException {
        var reading = new Reading();
        for (Path file : files) {
            lines(file, reading::line, reading);
        }
        return new Trace(
                List.copyOf(reading.calls),
                List.copyOf(reading.paths),
                List.copyOf(reading.addresses),
                reading.counts,
                reading.notes());
    }

    /** What was read so far. */
    private static final class Reading {
        private final Set<Call> calls = new LinkedHashSet<>();
        private final Set<Use> paths = new LinkedHashSet<>();
        private final Set<Address> addresses = new LinkedHashSet<>();
        private final SortedMap<Integer, Long> counts = new TreeMap<>();
        private long characters;
        private long oddPaths;
        private boolean cut;

        private void line(String line) {
            try {
                take(JsonMapper.shared().readTree(line));
            } catch (JacksonException | NumberFormatException e) {
                // Truncated, as the last line of a run that has not ended may be.
                return;
            }
        }

        private void take(JsonNode node) {
            int number = node.path("number").asInt(-1);
            if (node.has("full")) {
                cut = true;
            } else if (node.has("count")) {
                counts.merge(number, node.path("count").asLong(), Long::sum);
            } else if (node.has("path")) {
                path(node.path("path").asString(""))
                        .ifPresentOrElse(
                                path -> use(new Use(
                                        number, path, (int) node.path("flags").asLong())),
                                () -> oddPaths++);
            } else if (node.has("address")) {
                addresses.add(new Address(
                        number,
                        node.path("address").asString(),
                        node.path("port").asInt()));
            } else if (node.path("architecture").asLong(X86_64) == X86_64) {
                var arguments = new TreeMap<Integer, Long>();
                node.path("arguments")
                        .forEachEntry((index, value) -> arguments.put(
                                Integer.parseInt(index), value.bigIntegerValue().longValue()));
                calls.add(new Call(number, arguments));
            }
        }

        private void use(Use use) {
            if (characters + use.path().length() > MAX_PATHS) {
                cut = true;
            } else if (paths.add(use)) {
                characters += use.path().length();
            }
        }

        private List<String> notes() {
            var notes = new ArrayList<String>();
            if (cut) {
                notes.add("the trace is full: what the workload did afterwards was neither learnt nor listed");
            }
            if (oddPaths > 0) {
                notes.add("NOT granted, although attempted: " + oddPaths + " files whose paths are longer than "
                        + PATH_MAX + " characters, not UTF-8, or have control characters");
            }
            return notes;
        }
    }

    /**
     * Decodes a path, whose bytes beyond ASCII are escaped one by one.
     *
     * @return empty if a policy file can't express the path, or a terminal should not show it
     */
    private static Optional<String> path(String escaped) {
        try {
            String path = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(escaped.getBytes(StandardCharsets.ISO_8859_1)))
                    .toString();
            boolean plain = path.length() <= PATH_MAX && path.startsWith("/") && VisibleText.isVisible(path);
            return plain ? Optional.of(path) : Optional.empty();
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    /** Reads the terminated lines, skipping any that is too long, up to the largest size of a record. */
    private static void lines(Path file, Consumer<String> line, Reading reading) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            var buffer = new byte[MAX_LINE];
            int length = 0;
            boolean tooLong = false;
            long left = MAX_RECORD;
            var chunk = new byte[8_192];
            for (int got = in.read(chunk); got > 0 && left > 0; got = in.read(chunk)) {
                left -= got;
                for (int i = 0; i < got; i++) {
                    if (chunk[i] != '\n') {
                        tooLong |= length == buffer.length;
                        if (!tooLong) {
                            buffer[length++] = chunk[i];
                        }
                        continue;
                    }
                    if (!tooLong) {
                        line.accept(new String(buffer, 0, length, StandardCharsets.UTF_8));
                    }
                    length = 0;
                    tooLong = false;
                }
            }
            reading.cut |= left <= 0;
        } catch (NoSuchFileException e) {
            // A run that did nothing left no record.
            return;
        }
    }

    /** Whether no calls were recorded. */
    public boolean empty() {
        return calls.isEmpty();
    }

    /** The numbers of all recorded calls. */
    public List<Integer> numbers() {
        return calls.stream().map(Call::number).distinct().sorted().toList();
    }
}
