package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerLog;
import dev.nucleus.container.Containers;
import dev.nucleus.container.CriDecoder;
import dev.nucleus.container.LogFeed;
import dev.nucleus.container.OutputSink;
import dev.nucleus.container.PreviousRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** {@code nucleus logs}. */
@CommandLine.Command(name = "logs", mixinStandardHelpOptions = true, description = "Show a container's output.")
final class LogsCommand implements Callable<Integer> {

    private static final Logger log = LoggerFactory.getLogger(LogsCommand.class);

    private final Containers containers;
    private final Session session;

    @CommandLine.Option(
            names = {"-f", "--follow"},
            description = "and what comes, until it ends")
    private boolean follow;

    @CommandLine.Parameters(index = "0", paramLabel = "CONTAINER", description = "name, id, or beginning of an id")
    private String reference = "";

    LogsCommand(Containers containers, Session session) {
        this.containers = containers;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Container container = containers.find(reference);
        OutputSink sink = (stream, bytes, offset, length) ->
                session.output(stream == OutputSink.Stream.STDERR, bytes, offset, length);
        for (ContainerLog.Line line :
                container.previousRun().map(PreviousRun::marked).orElse(List.of())) {
            byte[] bytes = (line.text() + "\n").getBytes(StandardCharsets.UTF_8);
            session.output(line.stream().equals("stderr"), bytes, 0, bytes.length);
        }
        if (!container.running() || !follow) {
            container.log().copyTo(sink);
            return 0;
        }
        try (LogFeed.Reader reader = container.feed().open(0)) {
            // A client that leaves, or interrupts, ends the following.
            Thread.ofVirtual().start(() -> {
                session.awaitLeft();
                reader.close();
            });
            copy(reader, sink);
        }
        return 0;
    }

    /** A client that is slow gets everything that is still kept when it is ready for more. */
    private void copy(LogFeed.Reader reader, OutputSink sink) throws IOException, InterruptedException {
        var decoder = new CriDecoder(sink);
        OptionalLong expected = OptionalLong.empty();
        Optional<ContainerLog.Chunk> chunk = reader.next();
        while (chunk.isPresent()) {
            long offset = chunk.get().offset();
            byte[] bytes = chunk.get().bytes();
            try {
                if (expected.isPresent() && expected.getAsLong() < offset) {
                    session.writer(true)
                            .println("nucleus: " + (offset - expected.getAsLong())
                                    + " bytes of the log were rotated away before they could be shown");
                    decoder = new CriDecoder(sink);
                }
                decoder.accept(bytes);
            } catch (IOException e) {
                log.debug("the client left: {}", e.toString());
                return;
            }
            expected = OptionalLong.of(offset + bytes.length);
            chunk = reader.next();
        }
    }
}
