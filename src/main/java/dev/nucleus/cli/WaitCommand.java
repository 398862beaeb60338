package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine;

/** {@code nucleus wait}: blocks until containers have ended. */
@CommandLine.Command(
        name = "wait",
        description = "Wait until containers have stopped and print the exit code of each on a line of its own.")
final class WaitCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "container names or ID prefixes")
    private List<String> references = List.of();

    WaitCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        // All before the first wait: one that does not exist is told at once.
        List<Container> awaited = references.stream()
                .map(reference -> Target.container(containers, fleets, reference))
                .toList();
        CompletableFuture<Optional<ContainerState.Stopped>> left =
                ClientDisconnect.of(session).thenApply(_ -> Optional.empty());
        int code = 0;
        for (Container container : awaited) {
            Optional<ContainerState.Stopped> end = container
                    .end()
                    .thenApply(Optional::of)
                    .applyToEither(left, state -> state)
                    .join();
            if (end.isEmpty()) {
                return Failures.REFUSED;
            }
            if (end.get().status().isPresent()) {
                session.print(Integer.toString(end.get().status().get().code()));
            } else {
                session.writer(true)
                        .println("nucleus: the exit code of '" + container.name() + "' is not known: it was "
                                + end.get());
                code = Failures.REFUSED;
            }
        }
        return code;
    }
}
