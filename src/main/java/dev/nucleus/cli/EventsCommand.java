package dev.nucleus.cli;

import dev.nucleus.failure.Callbacks;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** {@code nucleus events}: shows events of containers and replicas. */
@CommandLine.Command(
        name = "events",
        description = "Show events of containers and replicas: those the manager still keeps, or new ones with -f.")
final class EventsCommand implements Callable<Integer> {

    /** Escapes untrusted text, which must not control the terminal. */
    private static final ObjectWriter JSON = JsonMapper.shared().writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);

    private final EventLog events;
    private final Session session;

    @CommandLine.Option(
            names = {"-f", "--follow"},
            description = "show new events as they happen; earlier ones only with --since")
    private boolean follow;

    @CommandLine.Option(
            names = "--since",
            paramLabel = "TIME",
            description = "time of the first event to show, such as 2026-05-01T12:00:00Z, or a duration such as 10m")
    private @Nullable String since;

    @CommandLine.Option(names = "--json", description = "print each event as a JSON object on a line of its own")
    private boolean json;

    EventsCommand(EventLog events, Session session) {
        this.events = events;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Optional<Instant> first =
                Optional.ofNullable(since).map(text -> TimeOption.parse("--since", text, Instant.now()));
        EventLog.Batch batch = events.from(0);
        if (!follow || first.isPresent()) {
            print(batch, first);
        }
        if (follow) {
            CompletableFuture<Void> left = ClientDisconnect.of(session);
            Callbacks.thenRun(left, "stop following events", events::wake);
            while (!left.isDone()) {
                batch = events.await(batch.next(), left);
                print(batch, Optional.empty());
            }
        }
        return 0;
    }

    private void print(EventLog.Batch batch, Optional<Instant> first) throws IOException {
        if (batch.missed() > 0) {
            session.writer(true)
                    .println("nucleus: " + batch.missed() + " events were dropped before they could be shown");
        }
        for (EventLog.Event event : batch.events()) {
            if (first.filter(event.time()::isBefore).isEmpty()) {
                session.print(json ? JSON.writeValueAsString(event) : line(event));
            }
        }
    }

    private static String line(EventLog.Event event) {
        String line = event.time() + " " + event.type() + " " + event.name() + " " + event.event()
                + (event.id().isEmpty() ? "" : " (" + event.id().substring(0, PsCommand.SHORT_ID) + ")")
                + (event.detail().isEmpty() ? "" : ": " + event.detail());
        return VisibleText.line(line);
    }
}
