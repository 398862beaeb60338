package dev.nucleus.container;

import dev.nucleus.log.ContainerLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * How the run before a restart ended, stored beside the log of the run after it: the last lines before a crash are what
 * an operator needs first, and the container that wrote them is gone.
 *
 * @param end how it ended, in words
 * @param lines its last lines, oldest first
 */
public record PreviousRun(String end, Instant endedAt, List<ContainerLog.Line> lines) {

    private static final Logger log = LoggerFactory.getLogger(PreviousRun.class);
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int LINES = 20;
    static final String FILE = "previous-run.json";

    public PreviousRun {
        lines = List.copyOf(lines);
    }

    /** @param why the reason it was stopped; empty if it ended by itself */
    static PreviousRun of(Container ended, Optional<String> why) throws IOException {
        var stopped = (ContainerState.Stopped) ended.state();
        return new PreviousRun(
                why.map(words -> words + "; ").orElse("") + stopped,
                stopped.exitedAt(),
                ended.log().tail(LINES).lines());
    }

    /** Its lines between two marker lines, which have the stream {@code nucleus}. */
    public List<ContainerLog.Line> marked() {
        String time = endedAt.toString();
        String what = lines.isEmpty()
                ? "the previous run wrote nothing"
                : "last " + (lines.size() == 1 ? "line" : lines.size() + " lines") + " of the previous run";
        var head = new ContainerLog.Line(
                time,
                ContainerLog.NUCLEUS,
                "----- " + what + "; it ended at " + endedAt.truncatedTo(ChronoUnit.SECONDS) + ": " + end + " -----");
        var foot = new ContainerLog.Line(time, ContainerLog.NUCLEUS, "----- this run -----");
        return Stream.of(Stream.of(head), lines.stream(), Stream.of(foot))
                .flatMap(each -> each)
                .toList();
    }

    byte[] encode() {
        return JSON.writeValueAsBytes(this);
    }

    static Optional<PreviousRun> read(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readValue(file.toFile(), PreviousRun.class));
        } catch (JacksonException e) {
            log.warn("can't read {}, so the log begins without the previous run: {}", file, e.getMessage());
            return Optional.empty();
        }
    }
}
