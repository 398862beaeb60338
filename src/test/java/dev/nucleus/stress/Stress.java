package dev.nucleus.stress;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Seeds;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads a manager as many concurrent users would, while killing it, its clients and its shims:
 * {@code ./mvnw -Pstress verify}, for {@code -Dstress.seconds=600}. Nothing may be lost or left behind, and no command
 * may hang. The seed, {@code -Dseed}, determines the operations but not their timing.
 */
final class Stress {

    private static final int WORKERS = 4;

    /**
     * The share of the load in which managers are killed; the last one runs through the rest, to show what it leaks.
     */
    private static final double KILLING = 0.65;

    private static final int MANAGER_GROWTH_MIB = 128;
    private static final int SHIM_GROWTH_MIB = 4;
    private static final List<String> JVM = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx192m");

    private final Path directory;
    private final Duration load;
    private final long seed;
    private final Findings findings = new Findings();
    private final Diagnosis diagnosis;

    private Stress(Path directory, Duration load, long seed) {
        this.directory = directory;
        this.load = load;
        this.seed = seed;
        this.diagnosis = new Diagnosis(Path.of("target/stress/" + seed));
    }

    /** @param faults what went wrong; empty if nothing did */
    record Report(List<String> lines, List<String> faults) {}

    static Report run(Duration load, long seed) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("nucleus-stress-");
        var stress = new Stress(directory, load, seed);
        try {
            stress.prepare();
            stress.run();
        } finally {
            if (!stress.findings.faults().isEmpty()) {
                stress.diagnosis.keep(directory.resolve("log"), "manager.log");
            }
            Remains.delete(directory);
        }
        return new Report(stress.findings.lines(), stress.findings.faults());
    }

    private void prepare() throws IOException {
        Files.setAttribute(directory, "unix:mode", 0755);
        for (String shared : List.of("runs", "workspaces")) {
            Files.setAttribute(Files.createDirectory(directory.resolve(shared)), "unix:mode", 0777);
        }
        Files.writeString(directory.resolve("fleet.yaml"), FleetUser.file(variable()));
    }

    private String variable() {
        return "STRESS=" + directory.getFileName();
    }

    private void run() throws IOException, InterruptedException {
        var manager = new ManagerProcess(directory, JVM);
        boolean ended = false;
        try {
            manager.awaitReady(Subject.START);
            run(manager);
            ended = true;
        } finally {
            if (!ended) {
                manager.close();
            }
        }
    }

    private void run(ManagerProcess manager) throws IOException, InterruptedException {
        try (var ids = new ContainerIds(directory.resolve("state/containers"))) {
            var subject = new Subject(manager, new Outages(), findings, diagnosis, variable());
            awaitFleet(subject);
            warmUp(subject);
            List<Footprint> before = footprints(subject);
            var settlement = new Settlement(subject, ids);
            FleetUser fleet = load(subject);
            fleet.settle();
            settlement.checkQuiet();
            List<Footprint> after = footprints(subject);
            compare(before, after);
            settlement.checkEnd();
            settlement.readLog();
        }
    }

    private static void awaitFleet(Subject subject) {
        for (String replica : FleetUser.LASTING) {
            boolean runs = Waiting.until(
                    Subject.START,
                    () -> subject.row(replica)
                            .filter(row -> row.state().equals("running")
                                    && (row.health().equals("ready") || replica.contains("lagging")))
                            .isPresent());
            if (!runs) {
                throw new IllegalStateException(replica + " does not run");
            }
        }
    }

    /** Runs one command of each kind, so that what the manager loads only once is in its footprint. */
    private void warmUp(Subject subject) throws IOException, InterruptedException {
        for (int i = 0; i < 3; i++) {
            for (String[] words : new String[][] {
                {"run", "--", "/bin/true"},
                {"exec", "mix/steady-1", "--", "/bin/true"},
                {"logs", "mix/steady-1"},
                {"audit", "verify"}
            }) {
                Outcome outcome = subject.run(words);
                findings.check(outcome.succeeded(), "before the load: " + outcome);
            }
            for (String path : List.of("/", "/fleets/mix/steady-1", "/actuator/health/mix")) {
                try (Socket socket = subject.request(path)) {
                    findings.check(socket.getInputStream().readAllBytes().length > 0, path + " is empty");
                }
            }
        }
    }

    private FleetUser load(Subject subject) throws InterruptedException {
        long begun = System.nanoTime();
        long until = begun + load.toNanos();
        var fleet = new FleetUser(Seeds.random(seed), subject, until);
        var users = new ArrayList<Runnable>();
        users.add(fleet);
        users.add(new ManagerKiller(Seeds.random(seed + 1), subject, begun + (long) (load.toNanos() * KILLING)));
        for (int number = 0; number < WORKERS; number++) {
            users.add(new Worker("w" + number, Seeds.random(seed + 2 + number), subject, until));
        }
        List<Thread> threads = users.stream()
                .map(user -> Thread.ofPlatform()
                        .name(user.getClass().getSimpleName())
                        .start(user))
                .toList();
        for (Thread thread : threads) {
            thread.join();
        }
        return fleet;
    }

    private List<Footprint> footprints(Subject subject) throws InterruptedException {
        diagnosis.collectGarbage(subject.manager().process().toHandle());
        int manager = (int) subject.manager().process().pid();
        var footprints = new ArrayList<Footprint>();
        footprints.add(Footprint.of("manager", manager));
        ProcessTable.withArgumentIn(directory.resolve("run")).stream()
                .filter(process -> process.parent() == manager)
                .forEach(spawner -> footprints.add(Footprint.of("spawner", spawner.pid())));
        subject.row("mix/steady-1")
                .flatMap(row -> Shims.of(row.pid()))
                .ifPresent(shim -> footprints.add(Footprint.of("shim of steady-1", shim.pid())));
        return footprints;
    }

    private void compare(List<Footprint> before, List<Footprint> after) {
        if (!findings.check(before.size() == 3 && after.size() == 3, "no footprints: " + before + ", " + after)) {
            return;
        }
        for (int i = 0; i < before.size(); i++) {
            after.get(i).compare(before.get(i), i == 0 ? MANAGER_GROWTH_MIB : SHIM_GROWTH_MIB, findings);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String given = System.getProperty("seed", "");
        long seed = given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
        var load = Duration.ofSeconds(Integer.getInteger("stress.seconds", 600));
        System.out.println("seed " + seed + ", " + load.toSeconds() + " s");
        Report report = run(load, seed);
        report.lines().forEach(System.out::println);
        report.faults().forEach(fault -> System.out.println("FAULT  " + fault));
        System.out.println(
                report.faults().isEmpty()
                        ? "nothing lost, nothing left behind, no command hung"
                        : report.faults().size() + " faults");
        System.exit(report.faults().isEmpty() ? 0 : 1);
    }
}
