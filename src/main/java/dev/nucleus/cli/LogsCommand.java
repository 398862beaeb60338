package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.LogStream;
import dev.nucleus.container.OutputSink;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spawner.ShimMessage;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus logs}. */
@CommandLine.Command(name = "logs", mixinStandardHelpOptions = true, description = "Show a container's output.")
final class LogsCommand implements Callable<Integer> {

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
    public Integer call() throws IOException {
        Container container = containers.find(reference);
        OutputSink sink = (stream, bytes, offset, length) ->
                session.output(stream == OutputSink.Stream.STDERR, bytes, offset, length);
        if (!container.running() || !follow) {
            container.log().copyTo(sink);
            return 0;
        }
        try (ShimConnection connection = container.shim().log(0, true)) {
            // A client that leaves, or interrupts, ends the following.
            Thread.ofVirtual().start(() -> {
                session.next();
                connection.close();
            });
            var output = new LogStream(container.log(), sink);
            Optional<ShimMessage> message = connection.receive();
            while (message.isPresent() && output.accept(message.get()) && !output.ended()) {
                message = connection.receive();
            }
            output.finish();
        } catch (java.nio.channels.ClosedChannelException e) {
            return 0;
        }
        return 0;
    }
}
