package dev.nucleus.stress;

import dev.nucleus.support.Remains;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** {@code nucleus run} of commands that exit by themselves, or whose client is killed. Used by one thread. */
final class ShortRuns {

    private static final Duration CHANGE = Duration.ofSeconds(30);
    private static final int MAX_WAIT_MS = 400;

    private final String prefix;
    private final RandomGenerator random;
    private final Subject subject;
    private final Findings findings;
    private int number;

    /** @param prefix of the names of its containers */
    ShortRuns(String prefix, RandomGenerator random, Subject subject) {
        this.prefix = prefix;
        this.random = random;
        this.subject = subject;
        this.findings = subject.findings();
    }

    void next() throws IOException, InterruptedException {
        String name = prefix + "-run-" + number++;
        int choice = random.nextInt(100);
        if (choice < 55) {
            runOnce(name);
        } else if (choice < 70) {
            echo(name);
        } else if (choice < 75) {
            missingCommand(name);
        } else if (choice < 85) {
            workspace(name);
        } else {
            killClient(name);
        }
    }

    private String[] run(String name, List<String> options, String... command) {
        var words =
                new ArrayList<>(List.of("run", "--name", name, "-e", subject.variable(), "-e", "STRESS_NAME=" + name));
        words.addAll(options);
        words.add("--");
        words.addAll(List.of(command));
        return words.toArray(String[]::new);
    }

    /** Confinement options that differ in what must be cleaned up. */
    private List<String> confinement() {
        return switch (random.nextInt(4)) {
            case 0 -> List.of("--memory", "128M", "--cpus", "1", "--pids", "32");
            case 1 -> List.of("--user-namespace", "auto");
            case 2 -> List.of("--tmpfs", "/scratch:4M", "--time-namespace");
            default -> List.of();
        };
    }

    /** Checks that output, error output and exit code are exactly the command's, and that it ran once. */
    private void runOnce(String name) throws IOException, InterruptedException {
        int code = random.nextInt(100);
        int lines = random.nextInt(20);
        var options = new ArrayList<>(confinement());
        options.addAll(List.of("-v", subject.directory().resolve("runs") + ":/runs"));
        var out = new StringBuilder();
        for (int line = 0; line < lines; line++) {
            out.append("out ").append(line).append('\n');
        }

        Outcome outcome = subject.run(run(
                name,
                options,
                "/bin/bash",
                "-c",
                "echo ran >>/runs/" + name + "; for ((i = 0; i < " + lines
                        + "; i++)); do echo out $i; done; echo err >&2;" + " exit " + code));

        Path marker = subject.directory().resolve("runs").resolve(name);
        String ran = Files.exists(marker) ? Files.readString(marker) : "";
        findings.check(!ran.equals("ran\nran\n"), "ran twice: " + outcome);
        if (outcome.interrupted()) {
            findings.check(out.toString().startsWith(outcome.out()), "output that is not the command's: " + outcome);
            return;
        }
        findings.count("runs with the right output and exit code");
        findings.check(
                outcome.code() == code
                        && outcome.out().contentEquals(out)
                        && outcome.err().equals("err\n"),
                "expected exit code " + code + " and " + lines + " lines of output: " + outcome);
        findings.check(ran.equals("ran\n"), "did not run, though it ended: " + outcome);
        Subject.deleteQuietly(marker);
    }

    private void echo(String name) {
        String input = "input of " + name + "\n".repeat(1 + random.nextInt(50));

        Outcome outcome = subject.runWith(input, run(name, confinement(), "/bin/cat"));

        if (outcome.interrupted()) {
            findings.check(input.startsWith(outcome.out()), "output that is not the input: " + outcome);
            subject.expectAbandoned(name);
            return;
        }
        findings.count("runs that got their input");
        findings.check(
                outcome.code() == 0
                        && outcome.out().equals(input)
                        && outcome.err().isEmpty(),
                "expected its input back: " + outcome);
    }

    private void missingCommand(String name) {
        Outcome outcome = subject.run(run(name, List.of(), "/nonexistent/command"));

        findings.count("runs of a command that does not exist");
        findings.check(outcome.interrupted() || outcome.code() == 127, "expected exit code 127: " + outcome);
    }

    /** A workspace is copied back completely or, when the manager was killed before the launch, not at all. */
    private void workspace(String name) throws IOException, InterruptedException {
        Path workspace =
                Files.createDirectory(subject.directory().resolve("workspaces").resolve(name));
        Files.writeString(workspace.resolve("given"), "given\n");
        Files.setAttribute(workspace, "unix:mode", 0777);

        Outcome outcome = subject.run(run(
                name,
                List.of("--workspace", workspace + ":copy-in-out"),
                "/bin/bash",
                "-c",
                "cat given >one && cat given >two && mkdir made && cat given >made/three && exit 7"));

        boolean returned = holds(workspace, "one", "two", "made/three");
        if (!outcome.interrupted()) {
            findings.count("workspaces that were copied in and back");
            findings.check(
                    outcome.code() == 7 && returned,
                    "expected exit code 7 and its files in " + workspace + ": " + outcome);
            Remains.delete(workspace);
        }
    }

    /** Whether these files of a workspace contain what its command wrote. */
    static boolean holds(Path workspace, String... files) throws IOException {
        for (String file : files) {
            Path path = workspace.resolve(file);
            if (!Files.exists(path) || !Files.readString(path).equals("given\n")) {
                return false;
            }
        }
        return true;
    }

    /** Killing the client ends its container if a manager is running. */
    private void killClient(String name) throws InterruptedException {
        Outages.Moment begun = subject.outages().now();
        Process client = subject.start(run(name, List.of(), "/bin/sleep", "1000"));
        Thread.sleep(random.nextInt(MAX_WAIT_MS));
        client.destroyForcibly().waitFor();
        findings.count("clients of a run that were killed");
        // Its command may still wait to run: if the manager is killed right after it has, the container remains.
        subject.expectAbandoned(name);

        boolean ended = Waiting.until(
                CHANGE,
                () -> subject.outages().since(begun)
                        || ProcessTable.withVariable("STRESS_NAME=" + name).isEmpty()
                                && subject.row(name).isEmpty());
        findings.check(
                ended,
                "a killed client's container still runs: " + ProcessTable.withVariable("STRESS_NAME=" + name) + ", "
                        + subject.row(name));
    }
}
