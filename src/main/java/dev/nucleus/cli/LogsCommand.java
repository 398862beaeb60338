package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.PreviousRun;
import dev.nucleus.failure.Callbacks;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.log.ContainerLog;
import dev.nucleus.log.LogFeed;
import dev.nucleus.log.OutputSink;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** {@code nucleus logs}. */
@CommandLine.Command(name = "logs", description = "Show the output of a container.")
final class LogsCommand implements Callable<Integer> {

    private static final Logger log = LoggerFactory.getLogger(LogsCommand.class);

    private static final String ALL = "all";

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Option(
            names = {"-f", "--follow"},
            description = "follow log output until the container stops")
    private boolean follow;

    @CommandLine.Option(
            names = {"-n", "--tail"},
            paramLabel = "LINES",
            description = "number of lines to show from the end of the log, or all; default: all")
    private String tail = ALL;

    @CommandLine.Option(
            names = "--since",
            paramLabel = "TIME",
            description =
                    "start of the output to show: a time such as 2026-05-01T12:00:00Z or 2026-05-01T12:00, or how long ago, such"
                            + " as 10m")
    private @Nullable String since;

    @CommandLine.Option(
            names = "--until",
            paramLabel = "TIME",
            description = "end of the output to show: a time, or how long ago, such as 1h")
    private @Nullable String until;

    @CommandLine.Option(names = "--previous", description = "show the log of the run before the last restart")
    private boolean previous;

    @CommandLine.Option(
            names = {"-t", "--timestamps"},
            description = "begin each line with its time")
    private boolean timestamps;

    @CommandLine.Parameters(paramLabel = "CONTAINER", description = "container name or ID prefix")
    private String reference = "";

    LogsCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Container container = Target.container(containers, fleets, reference);
        LogView.Selection selection = selection();
        OutputSink sink = (stream, bytes, offset, length) ->
                session.output(stream == OutputSink.Stream.STDERR, bytes, offset, length);
        if (selection.isEverything() && !previous) {
            for (ContainerLog.Line line :
                    container.previousRun().map(PreviousRun::marked).orElse(List.of())) {
                byte[] bytes = (line.text() + "\n").getBytes(StandardCharsets.UTF_8);
                session.output(line.stream().equals("stderr"), bytes, 0, bytes.length);
            }
        }
        var view = new LogView(selection, sink);
        long end = copy(log(container), selection, view);
        view.flush();
        if (follow && !previous && container.isRunning()) {
            follow(container, selection, view, end);
        }
        return 0;
    }

    private LogView.Selection selection() {
        if (follow && until != null) {
            throw new InvalidSpecException("--until can't be combined with --follow");
        }
        if (follow && previous) {
            throw new InvalidSpecException("--previous can't be combined with --follow: the previous run has ended");
        }
        Instant now = Instant.now();
        Optional<Instant> from = Optional.ofNullable(since).map(text -> TimeOption.parse("--since", text, now));
        Optional<Instant> to = Optional.ofNullable(until).map(text -> TimeOption.parse("--until", text, now));
        if (from.isPresent() && to.isPresent() && to.get().isBefore(from.get())) {
            throw new InvalidSpecException("--until " + until + " is before --since " + since);
        }
        return new LogView.Selection(lines(), from, to, timestamps);
    }

    private Optional<Integer> lines() {
        if (tail.equals(ALL)) {
            return Optional.empty();
        }
        if (!tail.matches("\\d{1,9}")) {
            throw new InvalidSpecException("--tail is a number of lines or " + ALL + ", was '" + tail + "'");
        }
        return Optional.of(Integer.parseInt(tail));
    }

    private ContainerLog log(Container container) {
        return previous
                ? container
                        .previousLog()
                        .orElseThrow(() -> new InvalidSpecException("no log of an earlier run of '" + container.name()
                                + "' is kept: it has not been restarted since it was launched"))
                : container.log();
    }

    /** @return the offset after what was copied */
    private long copy(ContainerLog log, LogView.Selection selection, LogView view) throws IOException {
        long offset = 0;
        Optional<ContainerLog.Chunk> chunk = log.read(offset, Long.MAX_VALUE);
        while (chunk.isPresent()) {
            offset = show(chunk.get(), offset, selection, view);
            chunk = log.read(offset, Long.MAX_VALUE);
        }
        return offset;
    }

    /** @return the offset after the chunk */
    private long show(ContainerLog.Chunk chunk, long expected, LogView.Selection selection, LogView view)
            throws IOException {
        if (expected < chunk.offset()) {
            if (expected > 0 || selection.isFromTheBeginning()) {
                session.note((chunk.offset() - expected) + " bytes of the log were rotated away and can't be shown");
            }
            view.skip();
        }
        view.accept(chunk.bytes());
        return chunk.offset() + chunk.bytes().length;
    }

    /** A slow client gets everything that is still kept when it reads again. */
    private void follow(Container container, LogView.Selection selection, LogView view, long begin)
            throws IOException, InterruptedException {
        try (LogFeed.Reader reader = container.feed().open(begin)) {
            // Following ends when the client disconnects or is interrupted.
            Callbacks.thenRun(ClientDisconnect.of(session), "stop following the log", reader::close);
            long expected = begin;
            Optional<ContainerLog.Chunk> chunk = reader.next();
            while (chunk.isPresent()) {
                expected = show(chunk.get(), expected, selection, view);
                chunk = reader.next();
            }
        } catch (ClientDisconnectedException e) {
            log.debug("the client disconnected: {}", e.toString());
        }
    }
}
