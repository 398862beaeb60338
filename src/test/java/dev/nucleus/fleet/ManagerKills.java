package dev.nucleus.fleet;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Kills a manager with SIGKILL repeatedly at random moments, while replicas of its fleet keep exiting, and checks what
 * became of each container: {@code ./mvnw -Pkills verify}. Every workload holds a lock on a file of its replica while
 * it runs, so that a second copy would be detected.
 */
final class ManagerKills {

    private static final int KILLS = 100;
    private static final int MAX_LIFE_MS = 300;
    private static final int MAX_START_MS = 2_500;

    private static final String LOCKED = "exec 9>/data/$HOSTNAME.lock || exit 98; "
            + "flock -n 9 || { echo double >>/data/$HOSTNAME.double; exit 99; }; "
            + "echo start >>/data/$HOSTNAME.starts; ";

    private static final String FLEET = """
            name: kills
            volumes: {data: {path: data, owner: "4711:4711"}}
            x-usual: &usual {user: "4711:4711", volumes: ["data:/data"]}
            services:
              moody:
                <<: *usual
                command: [/bin/bash, -c, '%1$ssleep 0.0$((RANDOM %% 90 + 10)); exit 1']
                replicas: 3
                restart: {policy: always, backoff: {from: 5ms, factor: 1, to: 5ms}}
              limited:
                <<: *usual
                command: [/bin/bash, -c, '%1$ssleep 0.2; exit 1']
                restart: {policy: "on-failure:3", backoff: {from: 300ms, factor: 1, to: 300ms}}
              once:
                <<: *usual
                command: [/bin/bash, -c, '%1$ssleep 0.2; [ $(wc -l </data/$HOSTNAME.starts) -ge 3 ]']
                job: true
                restart: {policy: on-failure, backoff: {from: 300ms, factor: 1, to: 300ms}}
              kept:
                <<: *usual
                command: [/bin/bash, -c, '%1$sexec sleep 100000']
                restart: unless-stopped
              steady:
                <<: *usual
                command: [/bin/bash, -c, '%1$sexec sleep 100000']
            """.formatted(LOCKED);

    private final Path directory;
    private final List<String> faults = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();

    private ManagerKills(Path directory) {
        this.directory = directory;
    }

    /** @param faults violations; empty if everything was as specified */
    record Report(List<String> lines, List<String> faults) {}

    static Report run(int kills, Random random) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("nucleus-kills-");
        try {
            Files.setAttribute(directory, "unix:mode", 0755);
            Files.writeString(directory.resolve("fleet.yaml"), FLEET);
            var run = new ManagerKills(directory);
            run.kill(kills, random);
            return new Report(run.lines, run.faults);
        } finally {
            Remains.delete(directory);
        }
    }

    private void kill(int kills, Random random) throws IOException, InterruptedException {
        try (ManagerProcess manager = new ManagerProcess(directory).awaitReady()) {
            for (String lasting : List.of("kept-1", "steady-1")) {
                Awaitility.await().until(() -> health(manager, lasting).equals("running"));
            }
            String steady = pid(manager, "steady-1");
            if (manager.nucleus("stop", "--grace", "0s", "kills/kept-1").code() != 0) {
                faults.add("kept-1 could not be stopped");
            }
            int starting = 0;
            for (int i = 0; i < kills; i++) {
                // Kills during a start, when the manager adopts containers, are as likely as kills while it runs.
                if (random.nextBoolean()) {
                    manager.awaitReady();
                    Thread.sleep(random.nextInt(MAX_LIFE_MS));
                } else {
                    starting++;
                    Thread.sleep(random.nextInt(MAX_START_MS));
                }
                manager.kill();
                manager.restart();
            }
            manager.awaitReady();
            lines.add(kills + " kills, " + starting + " of them during a start");
            settle(manager, steady);
            stop(manager);
        }
    }

    /** Stops replicas by name: some get new containers all the time. */
    private void stop(ManagerProcess manager) {
        for (String replica : List.of("moody-1", "moody-2", "moody-3", "limited-1", "once-1", "kept-1", "steady-1")) {
            int code = manager.nucleus("stop", "kills/" + replica).code();
            check(code == 0, replica + ": can be stopped");
        }
    }

    private void settle(ManagerProcess manager, String steady) throws IOException {
        for (int replica = 1; replica <= 3; replica++) {
            String name = "moody-" + replica;
            int before = starts(name);
            boolean lives = within(() -> starts(name) > before + 2);
            check(lives, name + ": keeps being restarted, " + starts(name) + " starts");
        }
        check(within(() -> health(manager, "limited-1").equals("failed")), "limited-1: failed, on-failure:3");
        check(starts("limited-1") == 4, "limited-1: " + starts("limited-1") + " starts, expected 4");
        check(within(() -> health(manager, "once-1").equals("completed")), "once-1: completed");
        check(starts("once-1") == 3, "once-1: " + starts("once-1") + " starts, expected 3");
        check(
                within(() -> health(manager, "kept-1").equals("stopped")),
                "kept-1: stopped by the operator, unless-stopped");
        check(starts("kept-1") == 1, "kept-1: " + starts("kept-1") + " starts, expected 1");
        check(pid(manager, "steady-1").equals(steady), "steady-1: the same process throughout, " + steady);
        check(starts("steady-1") == 1, "steady-1: " + starts("steady-1") + " starts, expected 1");
        try (var files = Files.list(directory.resolve("data"))) {
            long doubles =
                    files.filter(file -> file.toString().endsWith(".double")).count();
            check(doubles == 0, doubles + " replicas were started twice at once");
        }
    }

    private void check(boolean right, String what) {
        lines.add((right ? "ok     " : "WRONG  ") + what);
        if (!right) {
            faults.add(what);
        }
    }

    private static boolean within(Callable<Boolean> condition) {
        try {
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(condition);
            return true;
        } catch (ConditionTimeoutException e) {
            return false;
        }
    }

    private int starts(String replica) throws IOException {
        Path file = directory.resolve("data").resolve(replica + ".starts");
        return Files.exists(file) ? Files.readAllLines(file).size() : 0;
    }

    private static String column(ManagerProcess manager, String replica, int column) {
        return manager.nucleus("ps", "-a")
                .out()
                .lines()
                .filter(line -> line.contains(" kills/" + replica + " "))
                .findFirst()
                .map(line -> line.split("\\s{2,}")[column])
                .orElse("");
    }

    private static String health(ManagerProcess manager, String replica) {
        return column(manager, replica, 3);
    }

    private static String pid(ManagerProcess manager, String replica) {
        return column(manager, replica, 6);
    }

    public static void main(String[] arguments) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Report report = run(KILLS, new Random(seed));
        report.lines().forEach(System.out::println);
        System.out.println(
                report.faults().isEmpty() ? "all as specified" : report.faults().size() + " faults");
        System.exit(report.faults().isEmpty() ? 0 : 1);
    }
}
