package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.health.ReplicaView;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** {@code nucleus ps}. */
@CommandLine.Command(name = "ps", description = "List running containers and the replicas of fleets.")
final class PsCommand implements Callable<Integer> {

    static final int SHORT_ID = 12;
    private static final int LONGEST_COMMAND = 40;

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Option(
            names = {"-a", "--all"},
            description = "list stopped containers too")
    private boolean all;

    @CommandLine.Option(
            names = {"-q", "--quiet"},
            description = "print container IDs alone")
    private boolean quiet;

    PsCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Map<String, ReplicaView> replicas = fleets.replicas().stream()
                .filter(replica -> replica.containerId().isPresent())
                .collect(Collectors.toMap(r -> r.containerId().orElseThrow(), Function.identity(), (a, b) -> a));
        List<Container> shown = containers.all().stream()
                .filter(container -> all || !container.over() || replicas.containsKey(container.id()))
                .sorted(Comparator.comparing(Container::name))
                .toList();
        if (quiet) {
            for (Container container : shown) {
                session.print(container.id());
            }
            return 0;
        }
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("ID", "NAME", "STATE", "HEALTH", "RESTARTS", "AGE", "PID", "COMMAND"));
        for (Container container : shown) {
            ReplicaView replica = replicas.get(container.id());
            rows.add(List.of(
                    container.id().substring(0, SHORT_ID),
                    container.name(),
                    container.paused() ? "paused" : container.state().word(),
                    replica == null ? "-" : replica.status().words(),
                    replica == null ? "-" : Integer.toString(replica.restarts()),
                    age(container.record().createdAt()),
                    container
                            .whileRunning()
                            .map(running -> Integer.toString(running.pid()))
                            .orElse("-"),
                    shorten(describe(container))));
        }
        for (String line : Table.format(rows)) {
            session.print(line);
        }
        return 0;
    }

    private static String describe(Container container) {
        return switch (container.state()) {
            case ContainerState.Stopped stopped -> stopped.toString();
            default -> String.join(" ", container.command());
        };
    }

    private static String shorten(String text) {
        String line = TerminalText.of(text.replace('\n', ' '));
        return line.length() > LONGEST_COMMAND ? line.substring(0, LONGEST_COMMAND - 1) + "…" : line;
    }

    static String age(Instant since) {
        Duration age = Duration.between(since, Instant.now());
        if (age.toDays() > 0) {
            return age.toDays() + "d";
        }
        if (age.toHours() > 0) {
            return age.toHours() + "h";
        }
        return age.toMinutes() > 0 ? age.toMinutes() + "m" : age.toSeconds() + "s";
    }
}
