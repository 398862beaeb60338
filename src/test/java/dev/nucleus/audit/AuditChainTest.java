package dev.nucleus.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditChainTest {

    private static final long LARGE = 1 << 20;

    @TempDir
    private Path directory;

    private Path file = Path.of("/");

    private static AuditRecord record(String detail) {
        return AuditRecord.about(AuditKind.CONTAINER_START, "c0ffee", "shop/web-1", detail, false, "agent");
    }

    @BeforeEach
    void writeFiveLines() throws IOException {
        try (AuditChain chain = AuditChain.open(directory, LARGE)) {
            chain.append(List.of(record("a"), record("b \"quoted\",\"hash\":\"x\"}"), record("c")));
        }
        try (AuditChain chain = AuditChain.open(directory, LARGE)) {
            chain.append(List.of(record("d"), record("e\nf")));
        }
        file = directory.resolve("audit-000000000001.jsonl");
    }

    private String fault() throws IOException {
        return AuditChain.verify(directory).fault().orElseThrow();
    }

    private void rewrite(List<String> lines) throws IOException {
        Files.write(file, lines);
    }

    @Test
    void anUnmodifiedChainVerifies() throws IOException {
        AuditChain.Verification found = AuditChain.verify(directory);

        assertThat(found.fault()).isEmpty();
        assertThat(found.lines()).isEqualTo(5);
        assertThat(found.head().number()).isEqualTo(5);
        assertThat(Files.readAllLines(file).getFirst())
                .matches(
                        "\\{\"number\":1,\"at\":\"[0-9T:.-]+Z\",\"kind\":\"container-start\",\"principal\":\"nucleus\","
                                + "\"container\":\\{\"id\":\"c0ffee\",\"name\":\"shop/web-1\"\\},\"detail\":\"a\",\"error\":false,"
                                + "\"posture\":\"agent\",\"previous\":\"0{64}\",\"hash\":\"[0-9a-f]{64}\"\\}");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void aChangedLineIsDetected() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.set(2, lines.get(2).replace("\"detail\":\"c\"", "\"detail\":\"x\""));
        rewrite(lines);

        assertThat(fault()).isEqualTo(file + ":3: was changed: its hash does not match its content");
    }

    @Test
    void aRemovedLineIsDetected() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.remove(2);
        rewrite(lines);

        assertThat(fault()).contains(":3: is number 4 after 2: lines are missing");
    }

    @Test
    void removedFirstLinesAreDetected() throws IOException {
        rewrite(Files.readAllLines(file).subList(2, 5));

        assertThat(fault()).contains(":1: is number 3; lines before it are missing");
    }

    /** The replacement comes from another chain, and its own hash is valid. */
    @Test
    void aReplacedLineIsDetected(@TempDir Path other) throws IOException {
        try (AuditChain chain = AuditChain.open(other, LARGE)) {
            chain.append(List.of(record("1"), record("2"), record("3")));
        }
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.set(2, Files.readAllLines(other.resolve(file.getFileName())).get(2));
        rewrite(lines);

        assertThat(fault()).contains(":3: does not match the hash of the line before it");
    }

    @Test
    void truncationIsDetectedWithARecordedHead() throws IOException {
        String head = AuditChain.verify(directory).head().toString();
        assertThat(AuditTrail.report(directory, Optional.of(head))).contains("5 lines in 1 file, the chain is intact");

        rewrite(Files.readAllLines(file).subList(0, 4));

        assertThat(AuditChain.verify(directory).fault()).isEmpty();
        assertThatThrownBy(() -> AuditTrail.report(directory, Optional.of(head)))
                .hasMessageContaining("is not in it: lines were cut off its end, or the whole chain was rewritten");
    }

    @Test
    void anInvalidLineIsDetected() throws IOException {
        Files.writeString(file, "hello\n", StandardOpenOption.APPEND);

        assertThat(fault()).contains(":6: is not a line of an audit trail");
    }

    @Test
    void aPartiallyWrittenLineIsNotCounted() throws IOException {
        Files.writeString(file, "{\"number\":6,\"at\":\"20", StandardOpenOption.APPEND);

        assertThat(AuditChain.verify(directory).fault()).isEmpty();
        assertThat(AuditChain.verify(directory).lines()).isEqualTo(5);
    }

    @Test
    void aPartialLineOfAKilledManagerIsSetAside() throws IOException {
        Files.writeString(file, "{\"number\":6,\"at\":\"20", StandardOpenOption.APPEND);

        try (AuditChain chain = AuditChain.open(directory, LARGE)) {
            chain.append(List.of(record("g")));
        }

        assertThat(AuditChain.verify(directory).fault()).isEmpty();
        assertThat(AuditChain.verify(directory).lines()).isEqualTo(6);
        assertThat(directory.resolve(file.getFileName() + ".torn")).hasContent("{\"number\":6,\"at\":\"20");
    }

    @Test
    void aChainSpansFilesAndOldFilesAreDeleted() throws IOException {
        for (int i = 0; i < 3; i++) {
            try (AuditChain chain = AuditChain.open(directory, 1)) {
                chain.append(List.of(record("x"), record("y")));
            }
        }
        assertThat(AuditChain.files(directory)).hasSize(4);
        assertThat(AuditChain.verify(directory).lines()).isEqualTo(11);
        assertThat(AuditChain.verify(directory).fault()).isEmpty();

        Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH));
        try (AuditChain chain = AuditChain.open(directory, LARGE)) {
            chain.forget(Instant.now().minusSeconds(3600));
        }
        assertThat(AuditChain.files(directory)).hasSize(3);
        assertThat(AuditChain.verify(directory).fault()).isEmpty();

        Files.delete(AuditChain.files(directory).toList().get(1));
        assertThat(fault()).contains("is number 10 after 7: lines are missing");
    }

    @Test
    void theChainContinuesInAnEmptyFile() throws IOException {
        Files.createFile(directory.resolve("audit-000000000006.jsonl"));

        try (AuditChain chain = AuditChain.open(directory, LARGE)) {
            chain.append(List.of(record("g")));
        }

        assertThat(AuditChain.verify(directory).fault()).isEmpty();
        assertThat(AuditChain.verify(directory).lines()).isEqualTo(6);
    }
}
