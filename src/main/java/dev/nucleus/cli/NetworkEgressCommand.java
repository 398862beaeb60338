package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.network.Networks;
import dev.nucleus.spec.Egress;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus network egress}. */
@CommandLine.Command(
        name = "egress",
        description =
                "Print what a container may connect to outside its networks, or replace it while a container runs that belongs to no fleet. Connections that are no longer allowed end.")
final class NetworkEgressCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Networks networks;
    private final NetworkQueries queries;
    private final Session session;

    @CommandLine.Parameters(index = "0", paramLabel = "CONTAINER", description = "container name or ID prefix")
    private String reference = "";

    @CommandLine.Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "RULE",
            description =
                    "none, open, or allowed destinations: BLOCK[:PORT[/PROTOCOL]], an IPv6 block with a port in brackets"
                            + " (default: print the policy)")
    private List<String> rules = List.of();

    NetworkEgressCommand(
            Containers containers, Fleets fleets, Networks networks, NetworkQueries queries, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.networks = networks;
        this.queries = queries;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Container container = Target.running(containers, fleets, reference);
        if (rules.isEmpty()) {
            session.print(queries.egressOf(container.id()));
        } else {
            networks.setEgress(container.id(), Egress.parse(rules));
        }
        return 0;
    }
}
