package dev.nucleus.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Counters of the host's interfaces (proc_pid_net(5)), read at most twice a second. Thread-safe. */
final class InterfaceCounters {

    private static final Path FILE = Path.of("/proc/net/dev");
    private static final Duration AGE = Duration.ofMillis(500);
    private static final int HEADER_LINES = 2;
    private static final int RECEIVED_BYTES = 0;
    private static final int RECEIVED_PACKETS = 1;
    private static final int RECEIVED_DROPPED = 3;
    private static final int SENT_BYTES = 8;
    private static final int SENT_PACKETS = 9;
    private static final int SENT_DROPPED = 11;

    private Map<String, List<Long>> counters = Map.of();
    private long readAt = System.nanoTime() - AGE.toNanos();

    /**
     * The traffic of a veth pair; empty if its host end does not exist.
     *
     * @param name of the end in the container, which receives what the host's end sends
     */
    synchronized Optional<InterfaceUsage> of(String hostEnd, String name) throws IOException {
        long now = System.nanoTime();
        if (now - readAt >= AGE.toNanos()) {
            counters = parse(Files.readAllLines(FILE));
            readAt = now;
        }
        return Optional.ofNullable(counters.get(hostEnd))
                .map(values -> new InterfaceUsage(
                        name,
                        values.get(SENT_BYTES),
                        values.get(RECEIVED_BYTES),
                        values.get(SENT_PACKETS),
                        values.get(RECEIVED_PACKETS),
                        values.get(SENT_DROPPED) + values.get(RECEIVED_DROPPED)));
    }

    /** The values of each interface. */
    static Map<String, List<Long>> parse(List<String> lines) {
        Map<String, List<Long>> counters = new HashMap<>();
        for (String line : lines.subList(Math.min(HEADER_LINES, lines.size()), lines.size())) {
            int colon = line.indexOf(':');
            String[] words = line.substring(colon + 1).strip().split("\\s+");
            counters.put(
                    line.substring(0, colon).strip(),
                    List.of(words).stream().map(Long::parseLong).toList());
        }
        return counters;
    }
}
