package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.denial.Denial;
import dev.nucleus.denial.Denials;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.network.DeniedConnection;
import dev.nucleus.network.NetworkQueries;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus denials}: lists what a container attempted and was denied. */
@CommandLine.Command(name = "denials", description = "List what a container attempted and was denied.")
final class DenialsCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Denials denials;
    private final NetworkQueries networks;
    private final Session session;

    @CommandLine.Parameters(paramLabel = "CONTAINER", description = "container name or ID prefix")
    private String reference = "";

    DenialsCommand(Containers containers, Fleets fleets, Denials denials, NetworkQueries networks, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.denials = denials;
        this.networks = networks;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Container container = Target.container(containers, fleets, reference);
        List<Denial> found = denials.of(container);
        List<DeniedConnection> connections = networks.denied().stream()
                .filter(denied -> denied.id().equals(container.id()))
                .toList();
        if (found.isEmpty() && connections.isEmpty()) {
            session.print("no denials of '" + reference + "'");
            return 0;
        }
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("COUNT", "PROGRAM", "ATTEMPT", "RULE", "FIRST", "LAST", "REASON"));
        for (Denial denial : found) {
            rows.add(List.of(
                    Long.toString(denial.count()),
                    denial.program(),
                    denial.attempt(),
                    denial.rule(),
                    PsCommand.age(denial.first()) + " ago",
                    PsCommand.age(denial.last()) + " ago",
                    denial.reason()));
        }
        if (!found.isEmpty()) {
            print(rows);
        }
        if (!connections.isEmpty()) {
            print(connections(connections));
        }
        return 0;
    }

    /** Destinations that its policy refused. */
    private static List<List<String>> connections(List<DeniedConnection> denied) {
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("PACKETS", "DESTINATION"));
        denied.stream()
                .sorted(Comparator.comparingLong(DeniedConnection::packets).reversed())
                .forEach(each -> rows.add(List.of(Long.toString(each.packets()), each.destination())));
        return rows;
    }

    private void print(List<List<String>> rows) throws IOException {
        for (String line : Table.format(rows)) {
            session.print(line);
        }
    }
}
