package dev.nucleus.stress;

import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The checks after the load: every container is accounted for, and nothing is left of those that have stopped. */
final class Settlement {

    private static final Duration TIMEOUT = Duration.ofSeconds(40);
    private static final Pattern LOG = Pattern.compile(" (WARN|ERROR) \\d+ --- \\[nucleus] \\[.{15}] (\\S+) +: (.*)");
    private static final int SHORT_ID = 12;

    /** Names of the manager's threads that serve one command, page or adoption. */
    private static final Set<String> TRANSIENT =
            Set.of("command", "relay", "viewer", "log-viewer", "adoption", "hooks", "tomcat-handler");

    private final Subject subject;
    private final Findings findings;
    private final ContainerIds ids;
    private final Path directory;

    Settlement(Subject subject, ContainerIds ids) {
        this.subject = subject;
        this.findings = subject.findings();
        this.ids = ids;
        this.directory = subject.directory();
    }

    /** Checks while the manager and its fleet are still running. */
    void checkQuiet() throws InterruptedException, IOException {
        awaitAbandoned();
        List<Row> rows = subject.rows();
        Set<String> names = rows.stream().map(Row::name).collect(Collectors.toSet());
        findings.check(
                names.equals(Set.copyOf(FleetUser.REPLICAS)), "only the fleet should be left, but there are " + rows);
        Set<String> present = rows.stream().map(Row::id).collect(Collectors.toSet());
        checkNone("processes of stopped containers", () -> leftoverProcesses(idsOf(subject)));
        checkNone("cgroups of stopped containers", () -> cgroups(idsOf(subject)));
        checkNone("copies", () -> entries(directory.resolve("state/copies")));
        checkNone(
                "directories of stopped containers",
                () -> without(entries(directory.resolve("state/containers")), idsOf(subject)));
        checkNone("sockets of stopped containers", () -> without(entries(directory.resolve("run/c")), idsOf(subject)));
        checkNone("manager threads for finished commands", this::commandThreads);
        checkZombies();
        checkWorkspaces();
        findings.figure(present.size() + " containers still run, " + ids.seen().size() + " were launched");
        findings.check(!ids.isIncomplete(), "some containers were not seen by the test");
        int manager = (int) subject.manager().process().pid();
        findings.check(
                ProcessTable.namespaceDescriptors(manager) == 0,
                "the manager holds " + ProcessTable.namespaceDescriptors(manager) + " namespaces");
        Outcome audited = subject.insist("audit", "verify");
        findings.check(audited.succeeded(), "the audit trail: " + audited);
    }

    /**
     * Attached containers whose manager was killed exit by themselves; those that wait for input or sleep are stopped.
     */
    private void awaitAbandoned() throws InterruptedException {
        Waiting.until(
                TIMEOUT,
                () -> subject.rows().stream()
                        .allMatch(row -> row.name().startsWith("mix/") || subject.isAbandoned(row.name())));
        for (Row row : subject.rows()) {
            if (subject.isAbandoned(row.name())) {
                findings.count("runs whose client and manager were both killed, stopped at last");
                subject.insist("stop", "--grace", "0s", row.name());
            }
        }
        Waiting.until(
                TIMEOUT,
                () -> subject.rows().stream().allMatch(row -> row.name().startsWith("mix/")));
    }

    private void checkNone(String what, Supplier<List<String>> left) {
        boolean none = Waiting.until(TIMEOUT, () -> left.get().isEmpty());
        findings.check(none, "left behind: " + what + ": " + left.get());
    }

    /** Short IDs of the containers that the manager knows now; those of the fleet change all the time. */
    private static Set<String> idsOf(Subject subject) {
        try {
            return subject.rows().stream().map(Row::id).collect(Collectors.toSet());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private List<String> leftoverProcesses(Set<String> present) {
        return ProcessTable.withVariable(subject.variable()).stream()
                .filter(process ->
                        present.stream().noneMatch(id -> process.cgroups().contains("nucleus-" + id)))
                .filter(process -> ProcessTable.of(process.pid()).isPresent())
                .map(ProcessTable.Entry::toString)
                .toList();
    }

    private List<String> cgroups(Set<String> present) {
        Set<String> ended = ids.seen().stream()
                .filter(id -> !present.contains(id.substring(0, SHORT_ID)))
                .map(id -> "nucleus-" + id)
                .collect(Collectors.toSet());
        return Remains.cgroups().stream()
                .filter(path -> ended.contains(path.substring(path.lastIndexOf('/') + 1)))
                .toList();
    }

    private static List<String> entries(Path place) {
        try (Stream<Path> entries = Files.list(place)) {
            return entries.map(Path::toString).toList();
        } catch (IOException e) {
            return List.of(e.toString());
        }
    }

    private static List<String> without(List<String> paths, Set<String> present) {
        return paths.stream()
                .filter(path -> present.stream().noneMatch(id -> path.contains("/" + id)))
                .toList();
    }

    private List<String> commandThreads() {
        Map<String, Long> threads = subject
                .diagnosis()
                .virtualThreads(subject.manager().process().toHandle())
                .stream()
                .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()));
        threads.keySet().retainAll(TRANSIENT);
        return threads.entrySet().stream().map(Object::toString).toList();
    }

    /** A zombie that its parent is about to reap is gone a moment later. */
    private void checkZombies() {
        Set<Integer> stay = new TreeSet<>(zombies().keySet());
        Waiting.until(Duration.ofSeconds(10), () -> {
            stay.retainAll(zombies().keySet());
            return stay.isEmpty();
        });
        Map<Integer, String> left = zombies();
        left.keySet().retainAll(stay);
        findings.check(
                left.isEmpty(),
                left.size() + " unreaped zombies, such as "
                        + left.values().stream().limit(3).toList());
    }

    private Map<Integer, String> zombies() {
        Set<Integer> ours = Stream.concat(
                        ProcessTable.withVariable(subject.variable()).stream(),
                        ProcessTable.withArgumentIn(directory.resolve("run")).stream())
                .map(ProcessTable.Entry::pid)
                .collect(Collectors.toCollection(TreeSet::new));
        ours.add((int) subject.manager().process().pid());
        return ProcessTable.all().stream()
                .filter(ProcessTable.Entry::isZombie)
                .filter(process -> ours.contains(process.parent())
                        || ids.seen().stream().anyMatch(id -> process.cgroups().contains("nucleus-" + id)))
                .collect(Collectors.toMap(
                        ProcessTable.Entry::pid,
                        process -> process + " of " + ProcessTable.of(process.parent()),
                        (a, _) -> a,
                        TreeMap::new));
    }

    /** Workspaces of runs that lost their manager are copied back completely by a later one, or untouched. */
    private void checkWorkspaces() throws IOException {
        try (Stream<Path> workspaces = Files.list(directory.resolve("workspaces"))) {
            for (Path workspace : workspaces.toList()) {
                boolean untouched = entries(workspace)
                        .equals(List.of(workspace.resolve("given").toString()));
                findings.count(
                        untouched
                                ? "interrupted workspaces that stayed as they were"
                                : "interrupted workspaces that a later manager copied back");
                findings.check(
                        untouched || ShortRuns.holds(workspace, "one", "two", "made/three"),
                        "a workspace was only partly copied back: " + entries(workspace));
            }
        }
    }

    /** Stops the fleet and the manager, and checks that nothing of either is left. */
    void checkEnd() throws InterruptedException, IOException {
        for (String replica : FleetUser.REPLICAS) {
            subject.stop("0s", replica);
        }
        Process manager = subject.manager().process();
        manager.destroy();
        if (!manager.waitFor(Subject.BOUND.toSeconds(), TimeUnit.SECONDS)) {
            subject.hung("the end of the manager");
            manager.destroyForcibly().waitFor();
        }
        checkNone(
                "processes",
                () -> Stream.concat(
                                ProcessTable.withVariable(subject.variable()).stream(),
                                ProcessTable.withArgumentIn(directory.resolve("run")).stream())
                        .map(ProcessTable.Entry::toString)
                        .toList());
        checkNone("cgroups", () -> cgroups(Set.of()));
        checkNone(
                "mounts",
                () -> Remains.mounts().stream()
                        .filter(mount -> mount.contains(directory.toString()))
                        .toList());
        checkNone("sockets", this::sockets);
        checkNone("copies", () -> entries(directory.resolve("state/copies")));
    }

    private List<String> sockets() {
        try (Stream<Path> files = Files.walk(directory.resolve("run"))) {
            var found = new ArrayList<String>();
            for (Path file : files.toList()) {
                // S_IFSOCK, see inode(7).
                int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
                if ((mode & 0170000) == 0140000) {
                    found.add(file.toString());
                }
            }
            return found;
        } catch (IOException e) {
            return List.of(e.toString());
        }
    }

    /** Reports errors in the manager's log and counts warnings. */
    void readLog() {
        var counts = new TreeMap<String, Integer>();
        for (String line : subject.manager().log().lines().toList()) {
            var matcher = LOG.matcher(line);
            if (matcher.find()) {
                counts.merge(
                        matcher.group(1) + " " + matcher.group(2) + ": " + generalise(matcher.group(3)),
                        1,
                        Integer::sum);
            } else if (line.startsWith("\tat ") || line.startsWith("Caused by: ") || line.startsWith("Exception in")) {
                counts.merge("stack traces, lines of", 1, Integer::sum);
            }
        }
        counts.forEach((line, count) -> findings.figure("log, " + count + " times: " + line));
        counts.keySet().stream()
                .filter(line -> line.startsWith("ERROR") || line.startsWith("stack"))
                .forEach(line -> findings.fault("the manager's log: " + line));
    }

    private static String generalise(String message) {
        return message.replaceAll("/tmp/nucleus-\\S*", "PATH")
                .replaceAll("\\bw\\d+-(run|service)-\\d+", "NAME")
                .replaceAll("[0-9a-f]{32}", "ID")
                .replaceAll("\\d+", "N");
    }
}
