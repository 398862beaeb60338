package dev.nucleus.cli;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus top}: the processes of a container. */
@CommandLine.Command(
        name = "top",
        description = "List the processes of a container; with gVisor, those of its sandbox.")
final class TopCommand implements Callable<Integer> {

    private static final int MAX_COMMAND = 500;

    private final Containers containers;
    private final Fleets fleets;
    private final CgroupRemoval cgroups;
    private final Session session;

    @CommandLine.Parameters(paramLabel = "CONTAINER", description = "container name or ID prefix")
    private String reference = "";

    TopCommand(Containers containers, Fleets fleets, CgroupRemoval cgroups, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.cgroups = cgroups;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Container container = Target.container(containers, fleets, reference);
        Containers.requireRunning(container);
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("PID", "HOST PID", "USER", "CPU TIME", "RSS", "COMMAND"));
        for (ContainerProcess process : ContainerProcess.of(container, cgroups)) {
            rows.add(List.of(
                    Integer.toString(process.pid()),
                    Integer.toString(process.hostPid()),
                    Long.toString(process.user()),
                    String.format(Locale.ROOT, "%.2fs", process.processor().toNanos() / 1e9),
                    MemorySize.approximate(process.resident()),
                    VisibleText.escape(process.command(), MAX_COMMAND)));
        }
        for (String line : Table.format(rows)) {
            session.print(line);
        }
        return 0;
    }
}
