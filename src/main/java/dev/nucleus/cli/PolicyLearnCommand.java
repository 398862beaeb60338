package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.Traces;
import dev.nucleus.denial.SystemCalls;
import dev.nucleus.learning.FleetPatch;
import dev.nucleus.learning.Learning;
import dev.nucleus.learning.LearntPolicy;
import dev.nucleus.learning.PolicyTexts;
import dev.nucleus.learning.Trace;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.policy.SeccompProfiles;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Port;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.commons.codec.digest.DigestUtils;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code nucleus policy learn}: derives minimal policies from the traces of containers. */
@CommandLine.Command(name = "learn", description = "Write minimal policies from the traces of containers.")
final class PolicyLearnCommand implements Callable<Integer> {

    private static final List<String> REMOVED_FIELDS = List.of("trace");

    private final Containers containers;
    private final Traces traces;
    private final SystemCalls calls;
    private final Session session;

    @CommandLine.Option(
            names = "--name",
            required = true,
            paramLabel = "NAME",
            description = "name of the policy, and prefix of its files")
    private String name = "";

    @CommandLine.Option(
            names = "--output",
            paramLabel = "DIR",
            defaultValue = ".",
            description = "directory for the policy files; default: the current one")
    private Path output = Path.of(".");

    @CommandLine.Option(names = "--fleet-file", paramLabel = "FILE", description = "fleet file to show the changes for")
    private @Nullable Path fleetFile;

    @CommandLine.Option(
            names = "--service",
            paramLabel = "SERVICE",
            description = "service of the fleet file; default: the policy's name")
    private @Nullable String service;

    @CommandLine.Option(names = "--apply", description = "write the changes to the fleet file")
    private boolean apply;

    @CommandLine.Parameters(
            arity = "1..*",
            paramLabel = "CONTAINER",
            description = "names or ID prefixes of traced containers, whose traces are merged")
    private List<String> references = List.of();

    PolicyLearnCommand(Containers containers, Traces traces, SystemCalls calls, Session session) {
        this.containers = containers;
        this.traces = traces;
        this.calls = calls;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9_-]*")) {
            throw new InvalidSpecException("'" + name + "' is not a valid policy name; use letters, digits, - and _");
        }
        var traced = new ArrayList<Traces.Traced>();
        for (String reference : references) {
            Container container = containers.find(reference);
            traced.add(traces.of(container));
            if (container.isRunning()) {
                session.writer(true)
                        .println(
                                "nucleus: '" + container.name()
                                        + "' is still running: the policy does not cover what it does from now on; stop it and run policy learn again");
            }
        }
        Traces.Traced last = traced.getLast();
        Trace trace = Trace.read(traced.stream().map(Traces.Traced::record).toList());
        LearntPolicy policy = Learning.learn(name, trace, last.root(), last.writableTargets(), calls::name);
        Path folder = session.resolve(output);
        Map<String, String> fields = write(folder, policy);
        explain(trace, policy);
        if (fleetFile != null) {
            patch(session.resolve(fleetFile), fields);
        } else {
            session.print("");
            session.print("for the fleet file:");
            for (String line : fields.values()) {
                session.print("  " + line);
            }
        }
        return 0;
    }

    /**
     * Writes the policy files.
     *
     * @return the fleet file fields that name them, with their pins
     */
    private Map<String, String> write(Path folder, LearntPolicy policy) throws IOException {
        Files.createDirectories(folder);
        var fields = new LinkedHashMap<String, String>();
        fields.put("seccomp", file(folder, "seccomp", name + ".seccomp.json", PolicyTexts.seccomp(policy.seccomp())));
        fields.put(
                "landlock", file(folder, "landlock", name + ".landlock.yaml", PolicyTexts.landlock(policy.landlock())));
        fields.put(
                "capabilities",
                file(
                        folder,
                        "capabilities",
                        name + ".capabilities.yaml",
                        PolicyTexts.capabilities(policy.capabilities())));
        return fields;
    }

    private String file(Path folder, String field, String fileName, String text) throws IOException {
        Path path = folder.resolve(fileName);
        Files.writeString(path, text);
        Path shown = fleetFile == null ? path : relative(session.resolve(fleetFile), path);
        return field + ": {file: " + shown + ", sha256: " + DigestUtils.sha256Hex(text) + "}";
    }

    private static Path relative(Path fleet, Path path) {
        Path folder = fleet.getParent();
        return folder != null && path.startsWith(folder) ? folder.relativize(path) : path;
    }

    private void explain(Trace trace, LearntPolicy policy) throws IOException {
        long before = allowed(SeccompProfiles.named("default"));
        long after = allowed(policy.seccomp());
        session.print("system calls: " + after + " allowed, where the default profile allows " + before + "; "
                + trace.numbers().size() + " were seen");
        session.print("files: " + policy.landlock().rules().size() + " rules");
        session.print("TCP ports: listens on " + ports(policy.landlock().bind()) + ", connects to "
                + ports(policy.landlock().connect()));
        session.print("capabilities: "
                + (policy.capabilities().isEmpty()
                        ? "none"
                        : policy.capabilities().toString()));
        session.print("destinations: "
                + (policy.destinations().isEmpty() ? "none" : String.join(", ", policy.destinations())));
        if (!policy.notes().isEmpty()) {
            session.print("granted beyond what was seen, or not granted:");
            for (String note : policy.notes()) {
                session.print("  " + note);
            }
        }
    }

    private static String ports(Optional<List<Port>> ports) {
        return ports.filter(list -> !list.isEmpty())
                .map(list -> list.stream()
                        .map(port -> Integer.toString(port.number()))
                        .collect(Collectors.joining(", ")))
                .orElse("none");
    }

    private static long allowed(SeccompProfile profile) {
        return profile.rules().stream()
                .filter(rule -> rule.errno().isEmpty())
                .flatMap(rule -> rule.names().stream())
                .distinct()
                .count();
    }

    private void patch(Path file, Map<String, String> fields) throws IOException {
        FleetPatch patch = FleetPatch.of(
                file.toString(), Files.readString(file), service == null ? name : service, fields, REMOVED_FIELDS);
        session.print("");
        for (String line : patch.diff().lines().toList()) {
            session.print(line);
        }
        if (apply) {
            Files.writeString(file, patch.text());
        }
    }
}
