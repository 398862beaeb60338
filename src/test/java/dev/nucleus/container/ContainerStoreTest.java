package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.spawner.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerStoreTest {

    private static final ContainerRecord RECORD = new ContainerRecord(
            ContainerId.next(),
            "shop/db-1",
            Instant.parse("2026-11-25T01:02:03Z"),
            new ContainerRecord.ReplicaRecord("shop", "db", 1, "hash", 2, 3),
            false);

    @TempDir
    private Path state;

    /** As a shim does. */
    private static Path create(ContainerStore store) throws IOException {
        Path directory = Files.createDirectory(store.directory(RECORD.id()));
        Files.write(directory.resolve("state.json"), ContainerStore.encode(RECORD));
        return directory;
    }

    @Test
    void aRecordIsReadBackByTheNextManager() throws IOException {
        Path directory = create(new ContainerStore(state));
        Files.writeString(
                directory.resolve("exit.json"),
                "{\"pid\":7,\"startTicks\":1,\"startedAt\":1000000000,\"exitedAt\":2000000000,\"code\":137,\"signal\":9}");

        ContainerStore.Found found = new ContainerStore(state).load().getFirst();

        assertThat(found.entry()).isEqualTo(RECORD);
        assertThat(found.exit())
                .contains(new ContainerState.Stopped(
                        Optional.of(Instant.ofEpochSecond(1)),
                        Instant.ofEpochSecond(2),
                        Optional.of(ExitStatus.ofWaitStatus(9))));
    }

    @Test
    void aRecordCutShortByACrashIsRemovedNotTripped() throws IOException {
        var store = new ContainerStore(state);
        Path broken = create(store);
        Files.writeString(broken.resolve("state.json"), "{\"id\":");

        assertThat(new ContainerStore(state).load()).isEmpty();
        assertThat(broken).doesNotExist();
    }

    @Test
    void stateFilesAreNeverReadThroughALink(@TempDir Path elsewhere) throws IOException {
        var store = new ContainerStore(state);
        Path directory = create(store);
        Path forged = Files.writeString(elsewhere.resolve("exit.json"), "{\"code\":0}");
        Files.createSymbolicLink(directory.resolve("exit.json"), forged);

        assertThat(store.exit(directory)).isEmpty();
    }

    @Test
    void deletingFollowsNoLinkAndMayHappenTwice(@TempDir Path elsewhere) throws IOException {
        Path precious = Files.writeString(elsewhere.resolve("precious"), "x");
        var store = new ContainerStore(state);
        Path directory = create(store);
        Files.createSymbolicLink(directory.resolve("link"), elsewhere);

        ContainerStore.delete(directory);
        ContainerStore.delete(directory);

        assertThat(directory).doesNotExist();
        assertThat(precious).exists();
    }

    @Test
    void idsAre128RandomBits() {
        var ids = new HashSet<String>();
        for (int i = 0; i < 10_000; i++) {
            ids.add(ContainerId.next());
        }

        assertThat(ids).hasSize(10_000).allMatch(id -> id.matches("[0-9a-f]{32}"));
    }
}
