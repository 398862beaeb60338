package dev.nucleus.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Seeds;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CriDecoderTest {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final CriDecoder decoder = new CriDecoder((stream, bytes, offset, length) ->
            (stream == OutputSink.Stream.STDOUT ? out : err).write(bytes, offset, length));

    /** The decoder returns the output byte for byte, wherever the chunks of the log end. */
    @ParameterizedTest
    @MethodSource("dev.nucleus.support.Seeds#seeds")
    void chunksMayEndAnywhere(long seed) throws IOException {
        var random = Seeds.random(seed);
        var log = new StringBuilder();
        var expected = new StringBuilder();
        for (int record = 0; record < 20; record++) {
            boolean whole = random.nextBoolean();
            String text = "x".repeat(random.nextInt(30)) + (random.nextBoolean() ? " ä F " : "");
            log.append("2026-11-25T01:02:03.123456789Z stdout ")
                    .append(whole ? 'F' : 'P')
                    .append(' ')
                    .append(text)
                    .append('\n');
            expected.append(text).append(whole ? "\n" : "");
        }
        byte[] bytes = log.toString().getBytes(StandardCharsets.UTF_8);

        for (int at = 0; at < bytes.length; ) {
            int next = Math.min(bytes.length, at + 1 + random.nextInt(40));
            decoder.accept(Arrays.copyOfRange(bytes, at, next));
            at = next;
        }

        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(expected.toString());
    }

    @Test
    void theTwoOutputsAreKeptApart() throws IOException {
        decoder.accept("T stdout F good\nT stderr F bad\nT stdout P part\nnonsense\n".getBytes(StandardCharsets.UTF_8));

        assertThat(out).hasToString("good\npart");
        assertThat(err).hasToString("bad\n");
    }

    @Test
    void theTailOfALogSpansItsFiles(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("00000000000000000000.log"), "T1 stdout F one\nT2 stdout F two\n");
        Files.writeString(directory.resolve("00000000000000000032.log"), "T3 stderr F three\n");
        Files.writeString(directory.resolve("other.txt"), "not a log");
        var log = new ContainerLog(directory);

        assertThat(log.tail(2))
                .isEqualTo(new ContainerLog.Tail(
                        List.of(
                                new ContainerLog.Line("T2", "stdout", "two"),
                                new ContainerLog.Line("T3", "stderr", "three")),
                        50));
        assertThat(log.tail(100).lines()).hasSize(3);
        assertThat(new ContainerLog(directory.resolve("none")).tail(5).lines()).isEmpty();
    }

    @Test
    void theTailOfALongLogBeginsWithAWholeLine(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("00000000000000001000.log"), "T stdout F 0123456789\n".repeat(10_000));

        ContainerLog.Tail tail = new ContainerLog(directory).tail(1_000_000);

        assertThat(tail.end()).isEqualTo(1000 + 22 * 10_000);
        assertThat(tail.lines())
                .hasSize(65_536 / 22)
                .allMatch(line -> line.text().equals("0123456789"));
    }
}
