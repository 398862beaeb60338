package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.spec.PublishedPort;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;

/** {@code nucleus ps}. */
@CommandLine.Command(name = "ps", description = "List running containers and the replicas of fleets.")
final class PsCommand implements Callable<Integer> {

    static final int SHORT_ID = 12;
    private static final int MAX_COMMAND = 40;
    private static final int MAX_CAUSE = 120;
    /** The column of published ports, which is left out if there are none. */
    private static final int PORTS = 7;

    private final Containers containers;
    private final Fleets fleets;
    private final NetworkQueries networks;
    private final Session session;

    @CommandLine.Option(names = "--no-trunc", description = "don't shorten commands and causes")
    private boolean noTruncation;

    @CommandLine.Option(
            names = {"-a", "--all"},
            description = "also list stopped containers, and replicas without a container")
    private boolean all;

    @CommandLine.Option(
            names = {"-q", "--quiet"},
            description = "print container IDs only")
    private boolean quiet;

    PsCommand(Containers containers, Fleets fleets, NetworkQueries networks, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.networks = networks;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Map<String, ReplicaView> replicas = fleets.replicas().stream()
                .filter(replica -> replica.containerId().isPresent())
                .collect(Collectors.toMap(r -> r.containerId().orElseThrow(), Function.identity(), (a, b) -> a));
        List<Container> shown = containers.all().stream()
                .filter(container -> all || !container.isStopped() || replicas.containsKey(container.id()))
                .sorted(Comparator.comparing(Container::name))
                .toList();
        if (quiet) {
            for (Container container : shown) {
                session.print(container.id());
            }
            return 0;
        }
        for (String line : Table.format(rows(shown, replicas))) {
            session.print(line);
        }
        return 0;
    }

    private List<List<String>> rows(List<Container> shown, Map<String, ReplicaView> replicas) {
        var rows = new ArrayList<List<String>>();
        rows.add(new ArrayList<>(
                List.of("ID", "NAME", "STATE", "HEALTH", "RESTARTS", "AGE", "PID", "PORTS", "COMMAND", "CAUSE")));
        for (Container container : shown) {
            Optional<ReplicaView> replica = Optional.ofNullable(replicas.get(container.id()));
            rows.add(new ArrayList<>(List.of(
                    container.id().substring(0, SHORT_ID),
                    container.name(),
                    container.paused() ? "paused" : container.state().word(),
                    replica.map(PsCommand::health).orElse("-"),
                    replica.map(view -> Integer.toString(view.restarts())).orElse("-"),
                    age(container.record().createdAt()),
                    container
                            .whileRunning()
                            .map(running -> Integer.toString(running.pid()))
                            .orElse("-"),
                    ports(container),
                    shorten(String.join(" ", container.command()), MAX_COMMAND),
                    shorten(replica.map(ReplicaView::cause).orElseGet(() -> end(container)), MAX_CAUSE))));
        }
        if (all) {
            Set<String> names = shown.stream().map(Container::name).collect(Collectors.toSet());
            withoutContainer().stream()
                    // A container being adopted is listed above, even if its replica does not know it yet.
                    .filter(replica -> !names.contains(replica.name()))
                    .forEach(replica -> rows.add(new ArrayList<>(row(replica))));
        }
        boolean published =
                rows.stream().skip(1).anyMatch(row -> !row.get(PORTS).equals("-"));
        if (!published) {
            rows.forEach(row -> row.remove(PORTS));
        }
        return rows;
    }

    private String ports(Container container) {
        List<PublishedPort> ports = networks.portsOf(container.id());
        return ports.isEmpty()
                ? "-"
                : ports.stream()
                        .map(port -> port.hostSide() + "->" + port.containerPort() + "/" + port.protocol())
                        .collect(Collectors.joining(", "));
    }

    /** Replicas without a container: they wait, could not be launched, or their container was removed. */
    private List<ReplicaView> withoutContainer() {
        return fleets.replicas().stream()
                .filter(replica ->
                        replica.containerId().flatMap(containers::byId).isEmpty())
                .sorted(Comparator.comparing(ReplicaView::name))
                .toList();
    }

    private List<String> row(ReplicaView replica) {
        return List.of(
                "-",
                replica.name(),
                "-",
                health(replica),
                Integer.toString(replica.restarts()),
                "-",
                "-",
                "-",
                "-",
                shorten(replica.cause(), MAX_CAUSE));
    }

    private static String health(ReplicaView replica) {
        return replica.status().words() + (replica.servesInCrashLoop() ? ", serving" : "");
    }

    private static String end(Container container) {
        return container.state().outcome().map(Object::toString).orElse("-");
    }

    private String shorten(String text, int most) {
        String line = VisibleText.line(text);
        return !noTruncation && line.length() > most ? line.substring(0, most - 1) + "…" : line;
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
