package dev.nucleus.stress;

import dev.nucleus.support.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/** The supervisors of containers. */
final class Shims {

    private Shims() {}

    /** The parent of a container's first process; empty when that has exited. */
    static Optional<ProcessTable.Entry> of(int pid) {
        return ProcessTable.of(pid)
                .flatMap(process -> ProcessTable.of(process.parent()))
                .filter(parent -> parent.name().equals("nucleus-shim"));
    }

    /** Kills a workload's shim with SIGKILL. */
    static void kill(int workload, Findings findings) {
        Optional<ProcessTable.Entry> shim = of(workload);
        if (!findings.check(shim.isPresent(), "no shim of process " + workload + ": " + ProcessTable.of(workload))) {
            return;
        }
        try {
            Command.run("kill", "-KILL", Integer.toString(shim.get().pid()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        findings.count("shims that were killed");
    }
}
