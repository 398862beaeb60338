package dev.nucleus.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.fleet.Cause;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.Transition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

class HistoryStoreTest {

    private static final Instant START = Instant.parse("2026-11-01T00:00:00Z");

    @TempDir
    private Path state;

    private HistoryStore open() throws IOException {
        Files.createDirectories(state.resolve("bin"));
        return HistoryStore.open(
                new HistoryProperties(null, null, null, Duration.ofDays(90), DataSize.ofMegabytes(1)), state);
    }

    private static Entry entry(String service, int second, String cause) {
        var transition = new Transition(
                START.plusSeconds(second), ReplicaStatus.READY, ReplicaStatus.CRASHED, false, Cause.Kind.EXIT, cause);
        return new Entry("shop", service, 1, transition, "c0ffee", second);
    }

    @Test
    void entriesSurviveARestart() throws IOException {
        List<Entry> written = List.of(entry("web", 1, "exit code 1"), entry("web", 2, "it's \"quoted\" \u2026\u0000"));
        try (HistoryStore store = open()) {
            store.write(written);
            store.write(List.of(entry("db", 3, "x".repeat(10_000))));
        }
        try (HistoryStore store = open()) {
            assertThat(store.since("shop", "web", START))
                    .containsExactly(written.getFirst(), entry("web", 2, "it's \"quoted\" \u2026 "));
            assertThat(store.before("shop", "web", 1, START.plusSeconds(2), 10)).containsExactly(written.getFirst());
            assertThat(store.since("shop", "db", START).getFirst().transition().cause())
                    .as("truncated")
                    .hasSize(4_000);
        }
    }

    @Test
    void oldEntriesAreDeletedExceptTheLastOfEachReplica() throws IOException {
        try (HistoryStore store = open()) {
            store.write(List.of(entry("web", 1, "a"), entry("web", 2, "b"), entry("db", 1, "c"), entry("web", 9, "d")));

            assertThat(store.forget(START.plusSeconds(5))).isEqualTo(1);

            assertThat(store.since("shop", "web", START))
                    .extracting(entry -> entry.transition().cause())
                    .containsExactly("b", "d");
            assertThat(store.since("shop", "db", START)).hasSize(1);
        }
    }

    @Test
    void aTooLargeFileLosesItsOldestEntries() throws IOException {
        try (HistoryStore store = open()) {
            var entries = new ArrayList<Entry>();
            for (int i = 0; i < 1_000; i++) {
                entries.add(entry("web", i, "x".repeat(3_000)));
            }
            store.write(entries);
            store.limitSize(1 << 20);

            List<Entry> left = store.since("shop", "web", START);
            assertThat(left).hasSizeBetween(200, 350);
            assertThat(left.getLast()).isEqualTo(entries.getLast());
        }
    }

    @Test
    void observationPeriodsAreStored() throws IOException {
        try (HistoryStore store = open()) {
            store.seen(START, START.plusSeconds(10));
            store.seen(START, START.plusSeconds(20));
            store.seen(START.plusSeconds(60), START.plusSeconds(70));

            assertThat(store.watches(START))
                    .containsExactly(
                            new Watch(START, START.plusSeconds(20)),
                            new Watch(START.plusSeconds(60), START.plusSeconds(70)));
            assertThat(store.watches(START.plusSeconds(30))).hasSize(1);
        }
    }
}
