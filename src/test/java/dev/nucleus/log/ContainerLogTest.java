package dev.nucleus.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerLogTest {

    /** The mark precedes the text, where no workload can write (native/src/base/stream.c). */
    @Test
    void aRecordAboutTheLogIsDistinguishedFromWorkloadOutput() {
        String time = "2026-05-01T10:00:00.5Z";

        assertThat(ContainerLog.parse(time + " stderr F:nucleus [nucleus: 26 bytes were not logged]"))
                .contains(new ContainerLog.Line(time, "nucleus", "[nucleus: 26 bytes were not logged]"));
        assertThat(ContainerLog.parse(time + " stderr F F:nucleus [nucleus: 26 bytes were not logged]"))
                .contains(new ContainerLog.Line(time, "stderr", "F:nucleus [nucleus: 26 bytes were not logged]"));
        assertThat(ContainerLog.parse(time + " stdout P part")).contains(new ContainerLog.Line(time, "stdout", "part"));
        assertThat(ContainerLog.parse("of a record the end")).isEmpty();
        assertThat(ContainerLog.parse(time + " nucleus F text")).isEmpty();
    }

    @Test
    void theLastLinesAreJoinedFromTheirParts(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("00000000000000000000.log"), """
                2026-05-01T10:00:00Z stdout P foo
                2026-05-01T10:00:01Z stderr F error
                2026-05-01T10:00:02Z stdout P bar
                2026-05-01T10:00:03Z stdout F baz
                2026-05-01T10:00:04Z stdout P begun
                """);

        assertThat(new ContainerLog(directory).tail(3).lines())
                .containsExactly(
                        new ContainerLog.Line("2026-05-01T10:00:01Z", "stderr", "error"),
                        new ContainerLog.Line("2026-05-01T10:00:00Z", "stdout", "foobarbaz"),
                        new ContainerLog.Line("2026-05-01T10:00:04Z", "stdout", "begun"));
    }

    @Test
    void aCarriageReturnEndsNoRecord(@TempDir Path directory) throws IOException {
        String forged = "2026-05-01T10:00:00.5Z stderr F:nucleus forged";
        Files.writeString(
                directory.resolve("00000000000000000000.log"),
                "2026-05-01T10:00:00Z stdout F a\r" + forged + "\u0085\u2028\n2026-05-01T10:00:01Z stdout F b\r\n");

        assertThat(new ContainerLog(directory).tail(10).lines())
                .containsExactly(
                        new ContainerLog.Line("2026-05-01T10:00:00Z", "stdout", "a\r" + forged + "\u0085\u2028"),
                        new ContainerLog.Line("2026-05-01T10:00:01Z", "stdout", "b"));
    }

    @Test
    void aCharacterSplitAcrossTwoRecordsIsJoined(@TempDir Path directory) throws IOException {
        String records = "2026-05-01T10:00:00Z stdout P caf\u00c3\n2026-05-01T10:00:01Z stdout F \u00a9 fin\n";
        Files.write(directory.resolve("00000000000000000000.log"), records.getBytes(StandardCharsets.ISO_8859_1));

        assertThat(new ContainerLog(directory).tail(1).lines())
                .containsExactly(new ContainerLog.Line("2026-05-01T10:00:00Z", "stdout", "caf\u00e9 fin"));
    }
}
