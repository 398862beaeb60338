package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.log.OutputSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LogViewTest {

    private static final String LOG = """
            2026-05-01T10:00:00.5Z stdout F one
            2026-05-01T10:00:01.5Z stderr P tw
            2026-05-01T10:00:02.5Z stdout F three
            2026-05-01T10:00:03.5Z stderr F o
            2026-05-01T10:00:04.5Z stdout P fou
            """;

    private final StringBuilder shown = new StringBuilder();

    private final OutputSink sink =
            (stream, bytes, offset, length) -> shown.append(stream == OutputSink.Stream.STDOUT ? "" : "!")
                    .append(new String(bytes, offset, length, StandardCharsets.UTF_8));

    private static final LogView.Selection ALL =
            new LogView.Selection(Optional.empty(), Optional.empty(), Optional.empty(), false);

    private String show(LogView.Selection selection, int chunk) throws IOException {
        var view = new LogView(selection, sink);
        byte[] bytes = LOG.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < bytes.length; at += chunk) {
            view.accept(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + chunk)));
        }
        view.flush();
        view.accept("2026-05-01T10:00:05Z stdout F r\n".getBytes(StandardCharsets.UTF_8));
        return shown.toString();
    }

    @Test
    void outputIsShownAsItWasWritten() throws IOException {
        assertThat(show(ALL, 7)).isEqualTo("one\n!twthree\n!o\nfour\n");
    }

    @Test
    void aNucleusRecordIsOnItsOwnLine() throws IOException {
        var view = new LogView(new LogView.Selection(Optional.empty(), Optional.empty(), Optional.empty(), true), sink);

        view.accept("""
                2026-05-01T10:00:00Z stderr P begun
                2026-05-01T10:00:01Z stderr F:nucleus [nucleus: 5 bytes]
                2026-05-01T10:00:02Z stderr F  rest
                """.getBytes(StandardCharsets.UTF_8));

        assertThat(shown.toString().replace("!", ""))
                .isEqualTo("2026-05-01T10:00:00Z begun\n2026-05-01T10:00:01Z [nucleus: 5 bytes]\n"
                        + "2026-05-01T10:00:02Z  rest\n");
    }

    @Test
    void tailShowsWholeLinesAndThenNewOutput() throws IOException {
        assertThat(show(new LogView.Selection(Optional.of(2), Optional.empty(), Optional.empty(), false), 1000))
                .isEqualTo("!two\nfour\n");
    }

    @Test
    void tailOfZeroShowsOnlyNewOutput() throws IOException {
        assertThat(show(new LogView.Selection(Optional.of(0), Optional.empty(), Optional.empty(), false), 1000))
                .isEqualTo("r\n");
    }

    @Test
    void eachLineIsTimestampedOnce() throws IOException {
        assertThat(show(
                        new LogView.Selection(
                                Optional.empty(),
                                Optional.of(Instant.parse("2026-05-01T10:00:01.6Z")),
                                Optional.of(Instant.parse("2026-05-01T10:00:04.9Z")),
                                true),
                        1000))
                .isEqualTo("2026-05-01T10:00:02.5Z three\n!2026-05-01T10:00:03.5Z !o\n2026-05-01T10:00:04.5Z fou");
    }

    @Test
    void timeOptionsAreTimesOrDurations() {
        Instant now = Instant.parse("2026-05-01T12:00:00Z");

        assertThat(TimeOption.parse("--since", "10m", now)).isEqualTo("2026-05-01T11:50:00Z");
        assertThat(TimeOption.parse("--since", "2026-05-01T12:00:00+02:00", now))
                .isEqualTo("2026-05-01T10:00:00Z");
        assertThat(TimeOption.parse("--since", "2026-05-01T12:00", now))
                .isEqualTo(LocalDateTime.of(2026, 5, 1, 12, 0)
                        .atZone(ZoneId.systemDefault())
                        .toInstant());
        assertThat(TimeOption.parse("--since", "2026-05-01", now))
                .isEqualTo(LocalDate.of(2026, 5, 1)
                        .atStartOfDay(ZoneId.systemDefault())
                        .toInstant());
        assertThatThrownBy(() -> TimeOption.parse("--since", "2026-02-30", now)).hasMessageContaining("neither a time");
        assertThatThrownBy(() -> TimeOption.parse("--since", "yesterday", now))
                .hasMessageContaining("--since: 'yesterday' is neither a time such as");
    }
}
