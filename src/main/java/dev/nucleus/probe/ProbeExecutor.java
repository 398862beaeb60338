package dev.nucleus.probe;

import dev.nucleus.container.Container;
import dev.nucleus.container.NotifyState;
import dev.nucleus.failure.Deadline;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Probe;
import dev.nucleus.spec.ProbeSpec;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.time.Instant;

/**
 * Executes probes through the shim of their container: the manager forks no process, and no traffic leaves the
 * container.
 */
final class ProbeExecutor {

    private ProbeExecutor() {}

    static ProbeResult execute(Container container, ProbeResult.Role role, ProbeSpec spec, Duration late) {
        Instant at = Instant.now();
        long begun = System.nanoTime();
        boolean success = false;
        String detail;
        try {
            Outcome outcome = switch (spec.probe()) {
                case Probe.Exec exec -> run(container, exec, spec.timeout());
                case Probe.Tcp tcp -> connect(container, tcp, spec.timeout());
                case Probe.Http http ->
                    exchange(
                            container,
                            http.port(),
                            spec.timeout(),
                            channel -> judge(http, HttpExchange.get(channel, http)));
                case Probe.Notify notify ->
                    judge(notify, container.notifyState().snapshot());
                case Probe.Grpc grpc ->
                    exchange(
                            container,
                            grpc.port(),
                            spec.timeout(),
                            channel -> judge(GrpcExchange.check(channel, grpc)));
            };
            success = outcome.success();
            detail = outcome.detail();
        } catch (IOException | RuntimeException e) {
            detail = String.valueOf(e.getMessage());
        }
        return new ProbeResult(
                role, spec.probe().kind(), at, success, detail, Duration.ofNanos(System.nanoTime() - begun), late);
    }

    private record Outcome(boolean success, String detail) {}

    private static Outcome run(Container container, Probe.Exec exec, Duration timeout) throws IOException {
        var captured = container.shim().capture(exec.command(), timeout);
        if (captured.timedOut()) {
            return new Outcome(false, "no answer within " + timeout.toMillis() + " ms");
        }
        String output = captured.output().isBlank() ? "" : ": " + captured.output();
        return new Outcome(captured.status().code() == 0, captured.status() + output);
    }

    private static Outcome connect(Container container, Probe.Tcp tcp, Duration timeout) throws IOException {
        container.shim().dial(tcp.port(), timeout).close();
        return new Outcome(true, "connected to port " + tcp.port().number());
    }

    private interface Exchange {
        Outcome with(SocketChannel channel) throws IOException;
    }

    private static Outcome exchange(Container container, Port port, Duration timeout, Exchange exchange)
            throws IOException {
        try (SocketChannel channel = container.shim().dial(port, timeout);
                // A peer may accept the connection and never respond, or never stop sending.
                Deadline _ = new Deadline(timeout, channel)) {
            return exchange.with(channel);
        } catch (ClosedChannelException e) {
            return new Outcome(false, "no answer within " + timeout.toMillis() + " ms");
        }
    }

    /** The detail includes the workload's own status text, if there is one. */
    private static Outcome judge(Probe.Notify notify, NotifyState.Snapshot snapshot) {
        String words = snapshot.status().isEmpty() ? "" : ": " + snapshot.status();
        if (notify.watchdog().isPresent()) {
            boolean alive = snapshot.silent().compareTo(notify.watchdog().get()) <= 0;
            return new Outcome(
                    alive,
                    (alive
                                    ? "WATCHDOG=1 in time"
                                    : "no WATCHDOG=1 for " + snapshot.silent().toMillis() + " ms")
                            + words);
        }
        if (snapshot.stopping()) {
            return new Outcome(false, "STOPPING=1" + words);
        }
        return new Outcome(snapshot.ready(), (snapshot.ready() ? "READY=1" : "no READY=1 yet") + words);
    }

    private static Outcome judge(GrpcExchange.Serving serving) {
        return new Outcome(serving == GrpcExchange.Serving.SERVING, serving.toString());
    }

    private static Outcome judge(Probe.Http http, HttpExchange.Answer answer) {
        String status = "status " + answer.status();
        if (!http.statuses().contain(answer.status())) {
            return new Outcome(false, status);
        }
        boolean contained = http.body().map(answer.body()::contains).orElse(true);
        return new Outcome(
                contained,
                contained
                        ? status
                        : status + ", but the body lacks '" + http.body().get() + "'");
    }
}
