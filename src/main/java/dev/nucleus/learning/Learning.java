package dev.nucleus.learning;

import dev.nucleus.kernel.RootedFiles;
import dev.nucleus.policy.Capability;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/** Derives policies from traces of workloads. */
public final class Learning {

    private static final int FIRST_FREE_PORT = 1_024;
    private static final Set<String> CHANGING_USER = Set.of("setuid", "setgid", "setgroups", "setresuid", "setresgid");

    private Learning() {}

    /**
     * @param name the name of the policy
     * @param root the root filesystem of the traced container, on the host
     * @param writableTargets the targets of its writable mounts
     * @param names maps the number of a system call to its name
     * @throws InvalidSpecException if the trace is empty: a policy that allows nothing is useless
     */
    public static LearntPolicy learn(
            String name, Trace trace, Path root, List<String> writableTargets, IntFunction<String> names) {
        if (trace.empty()) {
            throw new InvalidSpecException(
                    "the trace is empty, so there is nothing to learn; run the workload with --trace");
        }
        var notes = new ArrayList<>(trace.notes());
        try (RootedFiles files = RootedFiles.below(root)) {
            return learn(name, trace, new TracedEnvironment(root, files, List.copyOf(writableTargets)), names, notes);
        } catch (IOException e) {
            throw new InvalidSpecException(
                    "the traced container's root filesystem no longer exists: " + e.getMessage());
        }
    }

    private static LearntPolicy learn(
            String name, Trace trace, TracedEnvironment surroundings, IntFunction<String> names, List<String> notes) {
        return new LearntPolicy(
                new SeccompLearning(names, notes).learn(name, trace),
                new LandlockLearning(names, surroundings, notes).learn(trace),
                capabilities(trace, names, notes),
                trace.addresses().stream()
                        .filter(address -> !names.apply(address.number()).equals("bind"))
                        .map(address -> address.address() + ":" + address.port())
                        .distinct()
                        .sorted()
                        .toList(),
                List.copyOf(notes));
    }

    private static Set<Capability> capabilities(Trace trace, IntFunction<String> names, List<String> notes) {
        var kept = EnumSet.noneOf(Capability.class);
        trace.addresses().stream()
                .filter(address -> names.apply(address.number()).equals("bind"))
                .mapToInt(Trace.Address::port)
                .filter(port -> port > 0 && port < FIRST_FREE_PORT)
                .findFirst()
                .ifPresent(port -> {
                    kept.add(Capability.NET_BIND_SERVICE);
                    notes.add("NET_BIND_SERVICE: to listen on port " + port + "; ports above 1023 need no capability");
                });
        List<String> changing = trace.numbers().stream()
                .map(names::apply)
                .filter(CHANGING_USER::contains)
                .toList();
        if (!changing.isEmpty()) {
            notes.add("no capability for " + String.join(", ", changing)
                    + ": the workload changes its user; start it as that user instead, with user:");
        }
        return kept;
    }
}
