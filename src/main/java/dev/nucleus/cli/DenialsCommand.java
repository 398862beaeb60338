package dev.nucleus.cli;

import dev.nucleus.container.Containers;
import dev.nucleus.denial.Denial;
import dev.nucleus.denial.Denials;
import dev.nucleus.fleet.Fleets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus denials}: lists what a container attempted and was denied. */
@CommandLine.Command(name = "denials", description = "List what a container attempted and was denied.")
final class DenialsCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Denials denials;
    private final Session session;

    @CommandLine.Parameters(paramLabel = "CONTAINER", description = "container name or ID prefix")
    private String reference = "";

    DenialsCommand(Containers containers, Fleets fleets, Denials denials, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.denials = denials;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        List<Denial> found = denials.of(Target.container(containers, fleets, reference));
        if (found.isEmpty()) {
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
        for (String line : Table.format(rows)) {
            session.print(line);
        }
        return 0;
    }
}
