package dev.nucleus.learning;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What traced runs did, merged: each kind of call, path and address once, and how often each call was made where that is
 * known.
 *
 * @param counts by number of the system call; of a run that goes on, there are none yet
 */
public record Trace(List<Call> calls, List<Use> paths, List<Address> addresses, SortedMap<Integer, Long> counts) {

    /** @param argument the one that tells what the call is for, where the number alone doesn't; else 0 */
    public record Call(int number, long argument) {}

    /** @param flags those of open(2), where the call has them */
    public record Use(int number, String path, int flags) {}

    public record Address(int number, String address, int port) {}

    private static final long X86_64 = 0xc000003eL;

    /**
     * Merges the records that shims wrote (native/src/trace.c). The last line of a run that was cut short is left out.
     *
     * @throws IOException when one can't be read
     */
    public static Trace read(List<Path> files) throws IOException {
        var calls = new ArrayList<Call>();
        var paths = new ArrayList<Use>();
        var addresses = new ArrayList<Address>();
        var counts = new TreeMap<Integer, Long>();
        for (Path file : files) {
            for (String line : lines(file)) {
                JsonNode node;
                try {
                    node = JsonMapper.shared().readTree(line);
                } catch (JacksonException e) {
                    continue;
                }
                int number = node.path("number").asInt();
                if (node.has("count")) {
                    counts.merge(number, node.path("count").asLong(), Long::sum);
                } else if (node.has("path")) {
                    paths.add(new Use(number, text(node.path("path").asString()), (int)
                            node.path("flags").asLong()));
                } else if (node.has("address")) {
                    addresses.add(new Address(
                            number,
                            node.path("address").asString(),
                            node.path("port").asInt()));
                } else if (node.path("architecture").asLong(X86_64) == X86_64) {
                    calls.add(new Call(
                            number, node.path("argument").bigIntegerValue().longValue()));
                }
            }
        }
        return new Trace(
                calls.stream().distinct().toList(),
                paths.stream().distinct().toList(),
                addresses.stream().distinct().toList(),
                counts);
    }

    /** Bytes beyond ASCII are escaped one by one: they are put together again. */
    private static String text(String escaped) {
        return new String(escaped.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static List<String> lines(Path file) throws IOException {
        try {
            return Files.readAllLines(file);
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    /** Whether nothing was seen at all. */
    public boolean empty() {
        return calls.isEmpty();
    }

    /** Numbers of all calls that were made. */
    public List<Integer> numbers() {
        return calls.stream().map(Call::number).distinct().sorted().toList();
    }
}
