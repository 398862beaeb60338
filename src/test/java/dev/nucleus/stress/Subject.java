package dev.nucleus.stress;

import dev.nucleus.support.ManagerProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The manager under stress, with its clients. Each command has a time limit. */
final class Subject {

    /** Time limit of a command on a busy machine; exceeding it is a hang. */
    static final Duration BOUND = Duration.ofSeconds(60);

    /** Time limit for a manager to start while everything else uses the processors. */
    static final Duration START = Duration.ofMinutes(3);

    private static final String CLOSED = "nucleus: the manager closed the connection\n";
    private static final String INCOMPLETE =
            "the manager has exited; the next one copies the workspace back when it starts\n";
    private static final String ABSENT = "nucleus: no manager answers at ";
    private static final int NO_MANAGER = 125;

    private final ManagerProcess manager;
    private final Outages outages;
    private final Findings findings;
    private final Diagnosis diagnosis;
    private final String variable;
    /** Names of runs that outlive their client when the manager is killed as well. */
    private final Set<String> abandoned = ConcurrentHashMap.newKeySet();

    /** @param variable in the environment of every workload, {@code NAME=value} */
    Subject(ManagerProcess manager, Outages outages, Findings findings, Diagnosis diagnosis, String variable) {
        this.manager = manager;
        this.outages = outages;
        this.findings = findings;
        this.diagnosis = diagnosis;
        this.variable = variable;
    }

    Outages outages() {
        return outages;
    }

    Findings findings() {
        return findings;
    }

    Diagnosis diagnosis() {
        return diagnosis;
    }

    ManagerProcess manager() {
        return manager;
    }

    String variable() {
        return variable;
    }

    Path directory() {
        return manager.directory();
    }

    /** Starts a client, to be killed or passed to {@link #finish}. */
    Process start(String... arguments) {
        return manager.start(arguments);
    }

    /** Runs a command once. */
    Outcome run(String... arguments) {
        Outages.Moment begun = outages.now();
        return finish(begun, start(arguments), "", arguments);
    }

    /** Runs a command once, with its standard input. */
    Outcome runWith(String input, String... arguments) {
        Outages.Moment begun = outages.now();
        return finish(begun, start(arguments), input, arguments);
    }

    /** Runs a command, and repeats it if the manager was killed meanwhile. */
    Outcome insist(String... arguments) throws InterruptedException {
        Outcome outcome = run(arguments);
        while (outcome.interrupted()) {
            awaitManager();
            outcome = run(arguments);
        }
        return outcome;
    }

    /** Marks a run that survives when its client and the manager are both killed. */
    void expectAbandoned(String name) {
        abandoned.add(name);
    }

    boolean isAbandoned(String name) {
        return abandoned.contains(name);
    }

    void awaitManager() throws InterruptedException {
        if (!outages.awaitManager(START.multipliedBy(2))) {
            throw new IllegalStateException("no manager is ready");
        }
    }

    /**
     * Waits for a client to exit.
     *
     * @param begun a moment before it was started
     * @throws HungCommandException when it exceeded the time limit, which has been reported
     */
    Outcome finish(Outages.Moment begun, Process client, String input, String... arguments) {
        CompletableFuture<String> out = read(client.getInputStream());
        CompletableFuture<String> err = read(client.getErrorStream());
        try (var stdin = client.getOutputStream()) {
            stdin.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            findings.count("clients that exited before their input was written");
        }
        try {
            if (!client.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)) {
                hung("'nucleus " + String.join(" ", arguments) + "'");
                client.destroyForcibly();
                throw new HungCommandException(String.join(" ", arguments));
            }
            var outcome = new Outcome(
                    List.of(arguments),
                    client.exitValue(),
                    out.get(BOUND.toSeconds(), TimeUnit.SECONDS),
                    err.get(BOUND.toSeconds(), TimeUnit.SECONDS),
                    false);
            return interruptedIfLost(begun, outcome);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the streams of " + String.join(" ", arguments), e);
        }
    }

    /** A client that lost its manager reports that; any other outcome must be as if nothing had been killed. */
    private Outcome interruptedIfLost(Outages.Moment begun, Outcome outcome) {
        boolean lost = outcome.code() == NO_MANAGER
                && (outcome.err().endsWith(CLOSED)
                        || outcome.err().endsWith(INCOMPLETE)
                        || outcome.err().startsWith(ABSENT));
        if (!lost) {
            return outcome;
        }
        findings.check(outages.since(begun), "lost its manager, which was not killed: " + outcome);
        findings.count("commands that were interrupted by a kill of the manager");
        return new Outcome(outcome.command(), outcome.code(), outcome.out(), outcome.err(), true);
    }

    /** Reports an operation that took too long, with a dump of what the manager was doing. */
    void hung(String what) {
        Path dump = diagnosis.dump(
                what, manager.process().toHandle(), variable, directory().resolve("run"));
        findings.fault(what + " took too long; see " + dump);
    }

    private static CompletableFuture<String> read(InputStream stream) {
        var text = new CompletableFuture<String>();
        Thread.ofVirtual().start(() -> {
            try {
                text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                text.completeExceptionally(e);
            }
        });
        return text;
    }

    /** All containers that the manager knows. */
    List<Row> rows() throws InterruptedException {
        Outcome listed = insist("ps", "-a");
        if (!findings.check(listed.succeeded(), "can't list the containers: " + listed)) {
            return List.of();
        }
        return Row.parse(listed.out());
    }

    Optional<Row> row(String name) throws InterruptedException {
        return rows().stream().filter(row -> row.name().equals(name)).findFirst();
    }

    /** Connects to the HTTP server, with the time limit on reads, and sends a request. */
    Socket request(String path) throws IOException {
        var socket = new Socket();
        try {
            socket.connect(new InetSocketAddress("127.0.0.1", manager.port()), (int) BOUND.toMillis());
            socket.setSoTimeout((int) BOUND.toMillis());
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost:" + manager.port()
                                    + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Stops a container by name and waits until the manager has done so. */
    void stop(String grace, String name) throws InterruptedException {
        Outcome stopped = insist("stop", "--grace", grace, name);
        findings.check(stopped.succeeded() && stopped.out().equals(name + "\n"), "can't stop: " + stopped);
    }

    static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
