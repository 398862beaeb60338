package dev.nucleus.stress;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * One container that runs until it is stopped, and the operations on it: exec, logs, pause, stop. Its manager may be
 * killed at any moment; the container must survive that. Used by one thread.
 */
final class Service {

    private static final String LINES =
            "i=0; while [ ! -e /tmp/end ]; do echo line $i; i=$((i+1)); sleep 0.2 & wait $!; done; echo bye; exit 18";
    private static final String OBEDIENT = "trap 'echo bye; exit 17' TERM; " + LINES;
    private static final String OBSTINATE = "trap : TERM; " + LINES;
    private static final Duration CHANGE = Duration.ofSeconds(30);
    private static final int MAX_WAIT_MS = 400;

    private final String name;
    private final boolean obstinate;
    private final RandomGenerator random;
    private final Subject subject;
    private final Findings findings;
    private int execs;

    Service(String name, RandomGenerator random, Subject subject) {
        this.name = name;
        this.random = random;
        this.subject = subject;
        this.findings = subject.findings();
        this.obstinate = random.nextInt(4) == 0;
    }

    /** @return false when it was not launched because the manager was killed first */
    boolean start() throws InterruptedException {
        boolean created = random.nextInt(4) == 0;
        var words = new ArrayList<String>(created ? List.of("create") : List.of("run", "-d"));
        words.addAll(List.of(
                "--name", name, "-e", subject.variable(), "-e", "STRESS_NAME=" + name, "--", "/bin/bash", "-c"));
        words.add(obstinate ? OBSTINATE : OBEDIENT);
        Outcome launched = subject.run(words.toArray(String[]::new));
        if (launched.interrupted() && !wasLaunched()) {
            return false;
        }
        findings.check(launched.interrupted() || launched.code() == 0, "can't launch a service: " + launched);
        findings.count("services launched");
        if (created) {
            startCreated();
        }
        boolean logs =
                Waiting.until(CHANGE, () -> subject.insist("logs", name).out().startsWith("line 0\n"));
        return findings.check(logs, name + " never logged its first line: " + subject.insist("logs", name));
    }

    /** After a launch without a response, the next manager knows the container, or none of its processes runs. */
    private boolean wasLaunched() throws InterruptedException {
        if (subject.row(name).isPresent()) {
            return true;
        }
        boolean none = Waiting.until(
                CHANGE,
                () -> ProcessTable.withVariable("STRESS_NAME=" + name).isEmpty()
                        || subject.row(name).isPresent());
        findings.check(none, name + " runs, but no manager knows it");
        return subject.row(name).isPresent();
    }

    private void startCreated() throws InterruptedException {
        Outcome started = subject.run("start", name);
        while (started.interrupted()) {
            subject.awaitManager();
            started = subject.run("start", name);
            if (started.err().contains("is running already")
                    || started.err().contains("was launched by an earlier manager")) {
                return;
            }
        }
        findings.check(started.succeeded(), "can't start the created container: " + started);
    }

    void act() throws IOException, InterruptedException {
        switch (random.nextInt(7)) {
            case 0, 1 -> exec();
            case 2 -> killExec();
            case 3 -> pause();
            case 4 -> log();
            case 5 -> abandonReader();
            default -> viewPage();
        }
    }

    private void exec() throws InterruptedException {
        int code = random.nextInt(100);
        Outcome outcome = subject.insist(
                "exec", "-e", "N=" + code, name, "--", "/bin/bash", "-c", "echo out $N; echo err >&2; exit $N");

        findings.count("execs with the right output and exit code");
        findings.check(
                outcome.code() == code
                        && outcome.out().equals("out " + code + "\n")
                        && outcome.err().equals("err\n"),
                "expected exit code " + code + ": " + outcome);
    }

    /** Killing the client kills the process if a manager is running; otherwise the process ends with the container. */
    private void killExec() throws InterruptedException {
        String mark = "STRESS_EXEC=" + name + "-" + execs++;
        Outages.Moment begun = subject.outages().now();
        Process client = subject.start("exec", "-e", mark, name, "--", "/bin/sleep", "1000");
        Thread.sleep(random.nextInt(MAX_WAIT_MS));
        client.destroyForcibly().waitFor();
        findings.count("clients of an exec that were killed");

        boolean ended = Waiting.until(
                CHANGE,
                () -> subject.outages().since(begun)
                        || ProcessTable.withVariable(mark).isEmpty());
        findings.check(ended, "a killed client's exec still runs: " + ProcessTable.withVariable(mark));
    }

    private void pause() throws InterruptedException {
        change("pause");
        Optional<Row> row = subject.row(name);
        findings.check(row.map(found -> found.state().equals("paused")).orElse(false), "should be paused: " + row);
        Thread.sleep(random.nextInt(MAX_WAIT_MS));
        change("resume");
        row = subject.row(name);
        findings.check(row.map(found -> found.state().equals("running")).orElse(false), "should be running: " + row);
        findings.count("pauses and resumptions");
    }

    private void change(String how) throws InterruptedException {
        Outcome outcome = subject.insist(how, name);
        findings.check(outcome.succeeded(), outcome.toString());
    }

    private void log() throws InterruptedException {
        Outcome outcome = subject.insist("logs", name);
        findings.count("logs read");
        findings.check(outcome.succeeded(), outcome.toString());
        checkLines(outcome.out());
    }

    /** The log must have every line in order from the first, however often the manager was killed. */
    private void checkLines(String log) {
        int wanted = 0;
        for (String line : log.lines().toList()) {
            if (!line.equals("line " + wanted) && !line.equals("bye")) {
                findings.fault(name + ": its log has '" + line + "' where line " + wanted + " should be");
                return;
            }
            wanted++;
        }
    }

    /** Kills a client that follows the log. */
    private void abandonReader() throws InterruptedException {
        Process reader = subject.start("logs", "-f", name);
        Thread.sleep(random.nextInt(MAX_WAIT_MS * 3));
        reader.destroyForcibly().waitFor();
        findings.count("readers of a log that were killed");
    }

    /** Reads a page with live events and closes the connection, sometimes by a reset. */
    private void viewPage() throws IOException {
        Outages.Moment begun = subject.outages().now();
        try (Socket socket = subject.request("/events?of=" + name)) {
            InputStream in = socket.getInputStream();
            var buffer = new byte[4096];
            var text = new StringBuilder();
            long until = System.nanoTime() + random.nextInt(MAX_WAIT_MS * 3) * 1_000_000L;
            while (text.length() == 0 || System.nanoTime() < until) {
                int count = in.read(buffer);
                if (count < 0) {
                    break;
                }
                text.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
            }
            findings.count("readers of events");
            findings.check(
                    text.toString().startsWith("HTTP/1.1 200")
                            || subject.outages().since(begun),
                    "/events answered: " + text);
            if (random.nextBoolean()) {
                socket.setSoLinger(true, 0);
            }
        } catch (SocketTimeoutException e) {
            subject.hung("/events?of=" + name);
        } catch (IOException e) {
            findings.check(subject.outages().since(begun), "/events?of=" + name + ": " + e);
        }
    }

    /** Ends the container in one of several ways and checks the reported cause. */
    void end() throws InterruptedException {
        Outages.Moment begun = subject.outages().now();
        Optional<Process> reader =
                random.nextBoolean() ? Optional.of(subject.start("logs", "-f", name)) : Optional.empty();
        int choice = random.nextInt(10);
        if (obstinate && choice < 6) {
            subject.stop("300ms", name);
            checkEnd("killed by SIGKILL");
        } else if (choice < 3 || obstinate) {
            killShim();
        } else if (choice < 5) {
            change("pause");
            subject.stop("30s", name);
            checkEnd("exit code 17");
        } else if (choice < 7) {
            letEnd();
            checkEnd("exit code 18");
        } else {
            subject.stop("30s", name);
            checkEnd("exit code 17");
        }
        reader.ifPresent(following -> finishReader(begun, following));
        remove();
    }

    /**
     * The container may exit before the client receives the exit code, and a killed manager may not have run the
     * command.
     */
    private void letEnd() throws InterruptedException {
        Outcome outcome = subject.run("exec", name, "--", "/bin/bash", "-c", "echo >/tmp/end");
        while (outcome.interrupted()) {
            subject.awaitManager();
            outcome = subject.run("exec", name, "--", "/bin/bash", "-c", "echo >/tmp/end");
        }
    }

    /** A client that follows the log exits with the container. */
    private void finishReader(Outages.Moment begun, Process reader) {
        Outcome outcome = subject.finish(begun, reader, "", "logs", "-f", name);
        findings.count("readers of a log that saw its end");
        if (!outcome.interrupted()) {
            findings.check(outcome.code() == 0, outcome.toString());
        }
        checkLines(outcome.out());
    }

    /** The container ends with its shim; the manager reports that its exit status is unknown. */
    private void killShim() throws InterruptedException {
        Optional<Row> row = subject.row(name);
        int pid = row.map(Row::pid).orElse(0);
        if (!findings.check(pid > 0, name + " should run: " + row)) {
            return;
        }
        Shims.kill(pid, findings);
        boolean ended = Waiting.until(
                CHANGE, () -> ProcessTable.withVariable("STRESS_NAME=" + name).isEmpty());
        findings.check(
                ended, "still runs after its shim was killed: " + ProcessTable.withVariable("STRESS_NAME=" + name));
        checkEnd("lost with its shim");
    }

    private void checkEnd(String end) throws InterruptedException {
        boolean stopped = Waiting.until(
                CHANGE,
                () -> subject.row(name)
                        .filter(row ->
                                row.state().equals("stopped") && row.cause().startsWith(end))
                        .isPresent());
        findings.check(stopped, name + ": expected '" + end + "': " + subject.row(name));
        findings.count("services that ended: " + end);
        if (stopped && end.startsWith("exit code")) {
            Outcome log = subject.insist("logs", name);
            findings.check(log.out().endsWith("\nbye\n"), "the end of its log is missing: " + log);
            checkLines(log.out());
        }
    }

    private void remove() throws InterruptedException {
        Outcome removed = subject.run("rm", name);
        while (removed.interrupted()) {
            subject.awaitManager();
            removed = subject.run("rm", name);
            if (removed.err().contains("there is no container '" + name + "'")) {
                return;
            }
        }
        findings.check(removed.succeeded(), "can't remove a stopped container: " + removed);
        Optional<Row> row = subject.row(name);
        findings.check(row.isEmpty(), "should be removed: " + row);
    }
}
