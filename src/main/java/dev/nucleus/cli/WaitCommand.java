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

/** {@code nucleus wait}: waits until containers have stopped. */
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
        // Looked up before the first wait, so that an unknown container is reported at once.
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
                        .println(
                                "nucleus: the exit code of '" + container.name() + "' is unknown: it was " + end.get());
                code = Failures.REFUSED;
            }
        }
        return code;
    }
}
