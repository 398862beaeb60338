package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.fleet.ReplicaStatus;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import picocli.CommandLine;

/**
 * A command that acts on several containers concurrently. It prints the name of each container when it is done; a
 * failure of one is reported and does not affect the others.
 */
abstract class EachContainerCommand implements Callable<Integer> {

    private final Session session;

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "container names or ID prefixes")
    private List<String> references = List.of();

    EachContainerCommand(Session session) {
        this.session = session;
    }

    /**
     * Acts on one container.
     *
     * @return the line to print
     */
    abstract String act(String reference) throws IOException, InterruptedException;

    /** Checks the options before the command acts on any container. */
    void prepare() {}

    @Override
    public final Integer call() throws InterruptedException {
        references.stream()
                .filter(reference -> reference.startsWith("-"))
                .findFirst()
                .ifPresent(this::refuse);
        prepare();
        int code = 0;
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Map<String, Future<Integer>> results = new LinkedHashMap<>();
            for (String reference : references) {
                results.computeIfAbsent(reference, name -> threads.submit(() -> report(name)));
            }
            for (Future<Integer> result : results.values()) {
                code = Math.max(code, result.get());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        return code;
    }

    /**
     * Refuses an unknown option before anything is done: {@code kill -1 web} would kill web with the default signal.
     */
    private void refuse(String option) {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "unknown option '" + option + "'; nothing was done"
                        + suggestionFor(option).map(text -> "; " + text).orElse(""));
    }

    /** Suggests what to write instead of an argument that looks like an option. */
    Optional<String> suggestionFor(String option) {
        return Optional.empty();
    }

    /** Reports that a replica was not launched because it is waiting for a service. */
    void reportWaiting(Fleets fleets, String name) {
        fleets.replica(name)
                .filter(view -> view.status() == ReplicaStatus.WAITING)
                .ifPresent(view -> session.writer(true).println("nucleus: '" + name + "' is " + view.cause()));
    }

    /** Reports the result of copying the container's workspace back, if it has one. */
    void reportWorkspace(Container container) {
        container
                .workspaceResult()
                .ifPresent(
                        sentence -> session.writer(true).println("nucleus: '" + container.name() + "': " + sentence));
    }

    private int report(String reference) {
        try {
            session.print(act(reference));
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Failures.REFUSED;
        } catch (IOException | RuntimeException e) {
            Failures.report(e, getClass().getSimpleName(), session.writer(true));
            return Failures.REFUSED;
        }
    }
}
