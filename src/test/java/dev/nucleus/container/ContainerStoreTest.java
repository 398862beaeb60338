package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.shim.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerStoreTest {

    private static final ContainerRecord RECORD = new ContainerRecord(
            ContainerId.next(),
            "shop/db-1",
            Instant.parse("2026-11-25T01:02:03Z"),
            new ContainerRecord.ReplicaRecord("shop", "db", 1, "hash", 2, 3),
            false);

    @TempDir
    private Path state;

    /** Creates the directory of a container and its record, as a shim does. */
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

        var found =
                (ContainerStore.Entry.Found) new ContainerStore(state).load().getFirst();

        assertThat(found.entry()).isEqualTo(RECORD);
        assertThat(found.exit())
                .contains(new ContainerState.Stopped(
                        Optional.of(Instant.ofEpochSecond(1)),
                        Instant.ofEpochSecond(2),
                        Optional.of(ExitStatus.ofWaitStatus(9))));
    }

    /** A container may outlive the version of the manager that wrote its plan. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"statements\": [], \"execution\": {\"command\": {\"arguments\": [\"sh\", \"-i\"]}},"
                        + " \"streams\": {\"console\": {\"rows\": 24}}}",
                "{\"statements\": [], \"command\": {\"arguments\": [\"sh\", \"-i\"]}, \"console\": {\"rows\": 24}}"
            })
    void aPlanInAnOlderFormatIsRead(String plan) throws IOException {
        var store = new ContainerStore(state);
        Path directory = create(store);
        Files.writeString(directory.resolve("plan.json"), plan);

        assertThat(store.description(directory))
                .isEqualTo(new Container.Description(List.of(), List.of("sh", "-i"), true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"id\":",
                "[]",
                "null",
                "{\"version\": 2, \"container\": {\"id\": \"ID\", \"name\": \"shop/db-1\"}}",
                "{\"id\": \"ID\", \"createdAt\": \"2026-11-25T01:02:03Z\", \"replica\": null, \"attached\": false}",
                "{\"id\": \"ID\", \"name\": \"db\", \"createdAt\": \"soon\", \"replica\": null, \"attached\": false}",
                "{\"id\": \"other\", \"name\": \"db\", \"createdAt\": \"2026-11-25T01:02:03Z\", \"replica\": null,"
                        + " \"attached\": false}"
            })
    void anUnreadableRecordIsReportedAndKept(String text) throws IOException {
        Path directory = create(new ContainerStore(state));
        Path file = directory.resolve("state.json");
        Files.writeString(file, text.replace("ID", RECORD.id()));

        var entry = (ContainerStore.Entry.Unreadable)
                new ContainerStore(state).load().getFirst();

        assertThat(entry.id()).isEqualTo(RECORD.id());
        assertThat(entry.why()).startsWith(file + " ");
        assertThat(file).exists();
    }

    @Test
    void aRecordOfALaterVersionIsReadIfItHasTheRequiredFields() throws IOException {
        Path directory = create(new ContainerStore(state));
        Path file = directory.resolve("state.json");
        String text = Files.readString(file);

        Files.writeString(file, "{\"version\": 2, \"region\": {}," + text.substring(1));
        assertThat(new ContainerStore(state).load().getFirst())
                .isInstanceOfSatisfying(
                        ContainerStore.Entry.Found.class,
                        found -> assertThat(found.entry()).isEqualTo(RECORD));

        Files.writeString(file, text.replace("\"replica\":{", "\"replicas\":{"));
        assertThat(new ContainerStore(state).load().getFirst())
                .isInstanceOfSatisfying(
                        ContainerStore.Entry.Unreadable.class,
                        unreadable -> assertThat(unreadable.name()).contains("shop/db-1"));
    }

    @Test
    void aRecordIsRestoredDespiteLeftoversAndItsSecondCopyIsReadable() throws Exception {
        var store = new ContainerStore(state);
        Path directory = create(store);
        store.restore(directory, RECORD);
        Files.writeString(directory.resolve("state.json.new"), "left by a crash");

        store.restore(directory, RECORD);

        assertThat(Files.readAllBytes(directory.resolve("state.json"))).isEqualTo(ContainerStore.encode(RECORD));
        assertThatThrownBy(() -> store.readCopy(RECORD.id()))
                .isInstanceOf(UnreadableRecordException.class)
                .hasMessageEndingWith("record.json is missing");
        Files.move(directory.resolve("state.json"), directory.resolve("record.json"));
        assertThat(store.readCopy(RECORD.id())).isEqualTo(RECORD);
        assertThat(store.load(RECORD.id())).isInstanceOf(ContainerStore.Entry.Unreadable.class);
    }

    @Test
    void onlyADirectoryWithoutOutputAndExitRecordIsBare() throws IOException {
        var store = new ContainerStore(state);
        Path directory = create(store);
        assertThat(store.isBare(directory)).isTrue();

        Path log = Files.createDirectory(directory.resolve("logs")).resolve("0");
        Files.writeString(log, "");
        assertThat(store.isBare(directory)).isTrue();
        Files.writeString(log, "a line");
        assertThat(store.isBare(directory)).isFalse();
        Files.delete(log);
        Files.writeString(directory.resolve("exit.json"), "{}");
        assertThat(store.isBare(directory)).isFalse();
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
    void deletionFollowsNoLinksAndIsIdempotent(@TempDir Path elsewhere) throws IOException {
        Path precious = Files.writeString(elsewhere.resolve("precious"), "x");
        var store = new ContainerStore(state);
        Path directory = create(store);
        Files.createSymbolicLink(directory.resolve("link"), elsewhere);

        ContainerStore.delete(directory);
        ContainerStore.delete(directory);

        assertThat(directory).doesNotExist();
        assertThat(precious).exists();
    }

    /** Deleted from removed/, since a directory in containers/ without a record could be that of a live container. */
    @Test
    void aDeletionInterruptedByACrashIsCompletedByTheNextManager() throws IOException {
        var store = new ContainerStore(state);
        Path left = Files.createDirectories(state.resolve("removed").resolve(ContainerId.next()));
        Files.writeString(left.resolve("exit.json"), "{}");

        assertThat(store.load()).isEmpty();
        assertThat(left).doesNotExist();
    }

    @Test
    void idsAre128RandomBits() {
        var ids = new HashSet<String>();
        for (int i = 0; i < 10_000; i++) {
            ids.add(ContainerId.next());
        }

        assertThat(ids).hasSize(10_000).allMatch(id -> id.matches("[0-9a-f]{32}"));
    }

    @Test
    void aDirectoryIsDeletedInPlaceWhenItCannotBeMoved() throws IOException {
        var store = new ContainerStore(state);
        Path directory = create(store);
        Files.delete(state.resolve("removed"));

        ContainerStore.delete(directory);

        assertThat(directory).doesNotExist();
    }

    @Test
    void anExitBeforeTheStartIsReadBackUnchanged() throws IOException {
        var store = new ContainerStore(state);
        Path directory = create(store);
        var end = new ContainerState.Stopped(
                Optional.empty(), Instant.ofEpochSecond(2, 5), Optional.of(ExitStatus.ofWaitStatus(9)));

        store.writeExit(directory, end);

        assertThat(store.exit(directory)).contains(end);
    }

    @Test
    void aTerminalIsKnownToTheNextManager() throws IOException {
        var store = new ContainerStore(state);
        Path directory = create(store);

        Files.writeString(directory.resolve("plan.json"), "{\"streams\": {\"console\": {\"socket\": null}}}");
        assertThat(store.description(directory).terminal()).isTrue();
        Files.writeString(directory.resolve("plan.json"), "{\"streams\": {\"console\": null}}");
        assertThat(store.description(directory).terminal()).isFalse();
    }
}
