package dev.nucleus.escape;

import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.OrdinaryUser;
import dev.nucleus.support.Remains;
import dev.nucleus.support.TestRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A workload in every mode and runtime that does something hostile whenever its supervisor does something
 * ({@code native/escape/reactor.c}), while containers are started, entered, probed, stopped, copied and adopted.
 * Nothing outside may change, nothing of the host may be seen, no command may hang, and nothing may be left at the end.
 * {@code ./mvnw -Pescape verify} runs it for two minutes and prints the seed; {@code -Dseed=N} repeats a run.
 */
final class ReactingWorkload {

    private static final Duration LONG = Duration.ofMinutes(2);
    /** Time limit of one command on a busy machine; the manager's own limits are shorter. */
    private static final Duration TIMEOUT = Duration.ofMinutes(1);

    /** Time for a manager to become ready while other tests keep both processors busy. */
    private static final Duration START = Duration.ofMinutes(3);

    private static final int KEPT_FAULTS = 50;

    private static final String REACTOR = "/usr/bin/reactor";

    private final Path directory;
    private final Path rootfs;
    private final Random random;
    private final List<String> faults = new ArrayList<>();
    private final List<String> ids = new ArrayList<>();
    private final Map<String, Integer> steps = new TreeMap<>();
    private final Map<Confinement, Place> places = new EnumMap<>(Confinement.class);
    private final String word = "reacting-" + System.nanoTime();
    /** IDs of the running reactors. */
    private final Map<Confinement, String> current = new EnumMap<>(Confinement.class);
    /** The seed of the next reactor. */
    private int seed;

    /** The client, and the directories that the workloads of one confinement use. */
    private record Place(
            Confinement confinement, List<String> client, Path volume, Path inner, Path workspace, Victim victim) {}

    /**
     * @param faults the violations; empty if there were none
     */
    record Report(List<String> lines, List<String> faults) {}

    private ReactingWorkload(Path directory, Path rootfs, long seed) {
        this.directory = directory;
        this.rootfs = rootfs;
        this.random = new Random(seed);
        this.seed = random.nextInt(1_000_000);
    }

    public static void main(String[] arguments) throws Exception {
        long seed = Long.getLong("seed", System.nanoTime() % 1_000_000);
        System.out.println("reacting workload: seed " + seed + ", for " + LONG.toSeconds() + " s");
        Report report = run(LONG, seed, List.of(Confinement.values()));
        report.lines().forEach(System.out::println);
        report.faults().forEach(fault -> System.out.println("FAULT " + fault));
        System.out.println("seed " + seed + ": " + report.faults().size() + " faults");
        System.exit(report.faults().isEmpty() ? 0 : 1);
    }

    /** @param confinements those whose runtime this host has */
    static Report run(Duration duration, long seed, List<Confinement> confinements)
            throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("nucleus-reacting-");
        try {
            Files.setAttribute(directory, "unix:mode", 0755);
            Path rootfs = TestRootfs.build(directory.resolve("rootfs"), "/bin/sh", "/bin/cat", "/bin/sleep", "/bin/ls");
            Targets.install("witness", rootfs);
            Targets.install("reactor", rootfs);
            RootfsAttestation.attest(rootfs);
            var reacting = new ReactingWorkload(directory, rootfs, seed);
            reacting.run(duration, confinements);
            return new Report(
                    List.of("steps: " + reacting.steps, reacting.ids.size() + " containers"), reacting.faults);
        } finally {
            Remains.delete(directory);
        }
    }

    private void run(Duration duration, List<Confinement> confinements) throws IOException {
        boolean rootless = confinements.contains(Confinement.ROOTLESS);
        Path home = Files.createDirectory(directory.resolve("manager"));
        Files.writeString(home.resolve("fleet.yaml"), fleet());
        try (ManagerProcess manager = new ManagerProcess(home);
                OrdinaryUser user = rootless ? OrdinaryUser.start(false) : null) {
            manager.awaitReady(START);
            Files.writeString(home.resolve("state").resolve(Targets.MARKER), "the host's");
            for (Confinement confinement : confinements) {
                List<String> client = confinement.isRootless() && user != null
                        ? user.client()
                        : List.of(
                                ManagerProcess.CLIENT.toString(),
                                "--socket",
                                manager.socket().toString());
                places.put(confinement, place(confinement, client));
            }
            react(duration, confinements, manager);
            for (Place place : places.values()) {
                step("stop at the end", () -> stop(place));
                checkOutside();
                checkManagerAnswers(place);
            }
            step("stop the fleet", () -> stopFleet(manager));
        } catch (ConditionTimeoutException e) {
            fault("the managers did not stop as expected: " + e);
        } finally {
            checkNothingIsLeft();
        }
        if (!faults.isEmpty()) {
            faults.add("the manager's log:\n" + Files.readString(home.resolve("log")));
        }
    }

    private void react(Duration duration, List<Confinement> confinements, ManagerProcess manager) throws IOException {
        Instant end = Instant.now().plus(duration);
        while (Instant.now().isBefore(end)) {
            if (random.nextInt(40) == 0) {
                step("adopt", () -> adopt(manager));
            } else {
                act(Objects.requireNonNull(places.get(confinements.get(random.nextInt(confinements.size())))));
            }
            checkOutside();
        }
    }

    /** Stops replicas by name: one that exited has been restarted under another ID. */
    private void stopFleet(ManagerProcess manager) {
        for (String replica : List.of("reacting/probed-1", "reacting/notifying-1")) {
            Targets.Result stopped = Targets.finish(
                    List.of(
                            ManagerProcess.CLIENT.toString(),
                            "--socket",
                            manager.socket().toString(),
                            "stop",
                            "--grace",
                            "0s",
                            replica),
                    TIMEOUT);
            if (stopped.code() != 0) {
                fault(replica + ": can't be stopped: " + stopped.text());
            }
        }
    }

    private Place place(Confinement confinement, List<String> client) throws IOException {
        int owner = confinement.isRootless() ? OrdinaryUser.ID : 0;
        Path own = Files.createDirectory(directory.resolve(confinement.name()));
        Victim victim = Victim.create(own.resolve("victim"), owner);
        var place = new Place(
                confinement, client, own.resolve("volume"), own.resolve("inner"), own.resolve("workspace"), victim);
        for (Path made : List.of(place.volume(), place.inner(), place.workspace())) {
            Files.createDirectory(made);
            Files.setAttribute(made, "unix:mode", 0777);
            Files.setAttribute(made, "unix:uid", OrdinaryUser.ID);
            Files.setAttribute(made, "unix:gid", OrdinaryUser.ID);
        }
        Path app = Files.createDirectory(place.volume().resolve("app"));
        Files.setAttribute(app, "unix:mode", 0777);
        return place;
    }

    /** Services with frequent probes, one of them by exec and the other by notifications. */
    private String fleet() throws IOException {
        Path volume = Files.createDirectory(directory.resolve("fleet-volume"));
        Path said = Files.createDirectory(directory.resolve("fleet-said"));
        Files.setAttribute(volume, "unix:mode", 0777);
        Files.setAttribute(said, "unix:mode", 0777);
        Files.setAttribute(Files.createDirectory(volume.resolve("app")), "unix:mode", 0777);
        return """
                name: reacting
                mode: agent
                x-usual: &usual
                  rootfs: %1$s
                  user: "0:0"
                  volumes: ["%2$s:/data", "%3$s:/said"]
                  command: [%4$s, "7", /etc, /data, %6$s]
                  restart: {policy: always, backoff: {from: 100ms, factor: 1, to: 100ms}}
                services:
                  probed:
                    <<: *usual
                    workdir: /data/app
                    liveness: {exec: [/bin/sh, -c, "/usr/bin/witness where %5$s >> /said/probed; true"], period: 200ms, timeout: 5s}
                  notifying:
                    <<: *usual
                    readiness: {notify: true}
                """.formatted(rootfs, volume, said, REACTOR, Targets.MARKER, word);
    }

    /** Requests a random operation from the manager. */
    private void act(Place place) {
        if (!current.containsKey(place.confinement())) {
            step("start", () -> start(place));
            return;
        }
        switch (random.nextInt(12)) {
            case 0, 1 -> step("stop", () -> stop(place));
            case 2, 3 -> step("exec in the working directory", () -> exec(place, List.of("--workdir", "/data/app")));
            case 4 -> step("exec", () -> exec(place, List.of()));
            case 5, 6 -> step("run beside it", () -> runBeside(place, List.of("--workdir", "/data/app")));
            case 7 ->
                step(
                        "run with a volume below",
                        () -> runBeside(place, List.of("-v", place.inner() + ":/data/sub/inner")));
            case 8 ->
                step(
                        "copy in and out",
                        () -> runBeside(place, List.of("--workspace", place.workspace() + ":copy-in-out")));
            case 9 ->
                step(
                        "context",
                        () -> runBeside(
                                place, List.of("--context", place.volume().toString())));
            case 10 -> step("create and start", () -> create(place));
            default -> step("pause and resume", () -> pause(place));
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    private void step(String name, Step step) {
        steps.merge(name, 1, Integer::sum);
        try {
            step.run();
        } catch (AssertionError | IOException | RuntimeException e) {
            fault(name + ": " + e);
        }
    }

    private void fault(String fault) {
        if (faults.size() < KEPT_FAULTS) {
            faults.add(fault);
        }
    }

    private Targets.Result nucleus(Place place, List<String> words) {
        var command = new ArrayList<>(place.client());
        command.addAll(words);
        Targets.Result result = Targets.finish(command, TIMEOUT);
        if (result.text().contains("OUTSIDE")) {
            fault(place.confinement() + ": " + words + ": " + result.text());
        }
        return result;
    }

    private List<String> confined(Place place, String verb, List<String> options, List<String> command) {
        var words = new ArrayList<>(List.of(verb));
        words.addAll(place.confinement().options(rootfs));
        words.addAll(List.of("-v", place.volume() + ":/data"));
        // Root inside matters most under a root manager.
        if (!place.confinement().isRootless() && random.nextBoolean()) {
            words.addAll(List.of("--user", "0:0"));
        }
        words.addAll(options);
        words.add("--");
        words.addAll(command);
        return words;
    }

    private List<String> reactor(Place place) {
        return List.of(
                REACTOR,
                Integer.toString(seed++),
                place.victim().directory().toString(),
                "/data",
                "/workspace",
                "/tmp",
                word);
    }

    private static List<String> where() {
        return List.of(Targets.WITNESS, "where", Targets.MARKER);
    }

    private void start(Place place) {
        List<String> workspace = random.nextInt(3) == 0
                ? List.of("--workspace", place.workspace() + (random.nextBoolean() ? ":copy-in-out" : ":bind-rw"))
                : List.of();
        var options = new ArrayList<>(List.of("-d"));
        options.addAll(workspace);
        if (random.nextBoolean()) {
            options.addAll(List.of("--workdir", "/data/app"));
        }
        recordStart(place, nucleus(place, confined(place, "run", options, reactor(place))));
    }

    /** A launch may fail because of files that the previous workload left, but only with a reason. */
    private void recordStart(Place place, Targets.Result result) {
        if (result.code() == 0) {
            String id = result.out().strip();
            ids.add(id);
            current.put(place.confinement(), id);
        } else if (result.err().isBlank()) {
            fault(place.confinement() + ": a launch failed without a reason");
        }
    }

    private void create(Place place) {
        stop(place);
        Targets.Result created =
                nucleus(place, confined(place, "create", List.of("--workdir", "/data/app"), reactor(place)));
        recordStart(place, created);
        if (created.code() == 0
                && nucleus(place, List.of("start", created.out().strip())).code() != 0) {
            stop(place);
        }
    }

    private void exec(Place place, List<String> options) {
        var words = new ArrayList<>(List.of("exec"));
        words.addAll(options);
        words.addAll(List.of(current.get(place.confinement()), "--"));
        words.addAll(where());
        Targets.Result result = nucleus(place, words);
        if (result.code() != 0 && result.err().contains("not running")) {
            current.remove(place.confinement());
        }
    }

    private void runBeside(Place place, List<String> options) {
        nucleus(place, confined(place, "run", options, where()));
    }

    private void pause(Place place) {
        String id = current.get(place.confinement());
        nucleus(place, List.of("pause", id));
        nucleus(place, List.of("resume", id));
    }

    private void stop(Place place) {
        String id = current.remove(place.confinement());
        if (id == null) {
            return;
        }
        Targets.Result stopped = nucleus(place, List.of("stop", "--grace", random.nextBoolean() ? "0s" : "200ms", id));
        if (stopped.code() != 0) {
            fault(place.confinement() + ": can't be stopped: " + stopped.text());
        }
        nucleus(place, List.of("rm", id));
    }

    private void adopt(ManagerProcess manager) {
        manager.kill();
        manager.restart().awaitReady(START);
    }

    private void checkManagerAnswers(Place place) {
        step("ps", () -> {
            Targets.Result listed = nucleus(place, List.of("ps", "-a"));
            if (listed.code() != 0) {
                fault(place.confinement() + ": its manager does not answer: " + listed.text());
            }
        });
    }

    /** Checks that nothing outside has changed, and that no probe ran outside. */
    private void checkOutside() throws IOException {
        for (Place place : places.values()) {
            place.victim().differences().forEach(difference -> fault(place.confinement() + ": " + difference));
        }
        Path said = directory.resolve("fleet-said/probed");
        if (Files.isRegularFile(said, LinkOption.NOFOLLOW_LINKS)
                && Files.readString(said).contains("OUTSIDE")) {
            fault("a probe ran outside: " + Files.readString(said));
            Files.delete(said);
        }
        for (Path source : setUserIdFiles()) {
            fault("set-user-ID: " + source);
        }
    }

    /** Set-user-ID files in directories that containers can write to. */
    private List<Path> setUserIdFiles() throws IOException {
        var found = new ArrayList<Path>();
        for (Place place : places.values()) {
            try (Stream<Path> files = Files.list(place.volume())) {
                for (Path file : files.toList()) {
                    try {
                        int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
                        if ((mode & 06000) != 0) {
                            found.add(file);
                        }
                    } catch (IOException e) {
                        // The file was removed meanwhile.
                    }
                }
            }
        }
        return found;
    }

    /** Checks that everything has ended with the managers. */
    private void checkNothingIsLeft() {
        try {
            Awaitility.await("nothing is left")
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> new ContainerProcesses(word, word).alive().isEmpty()
                            && Remains.cgroups().stream()
                                    .noneMatch(group -> ids.stream().anyMatch(group::contains)));
        } catch (ConditionTimeoutException e) {
            var left = new ContainerProcesses(word, word);
            fault("left: " + left.alive() + " and "
                    + Remains.cgroups().stream()
                            .filter(group -> ids.stream().anyMatch(group::contains))
                            .toList());
            left.kill();
        }
    }
}
