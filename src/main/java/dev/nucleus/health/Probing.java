package dev.nucleus.health;

import dev.nucleus.container.Container;
import dev.nucleus.container.Notices;
import dev.nucleus.spawner.Deadline;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Probe;
import dev.nucleus.spec.ProbeSpec;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.time.Instant;

/** Puts a probe to a container, through its shim: no process is forked here, and nothing leaves the container. */
final class Probing {

    private Probing() {}

    static ProbeAnswer ask(Container container, ProbeAnswer.Role role, ProbeSpec spec, Duration late) {
        Instant at = Instant.now();
        long begun = System.nanoTime();
        boolean yes = false;
        String detail;
        try {
            Verdict verdict = switch (spec.probe()) {
                case Probe.Exec exec -> run(container, exec, spec.timeout());
                case Probe.Tcp tcp -> connect(container, tcp, spec.timeout());
                case Probe.Http http ->
                    exchange(
                            container,
                            http.port(),
                            spec.timeout(),
                            channel -> judge(http, HttpExchange.get(channel, http)));
                case Probe.Notify notify -> judge(notify, container.notices().said());
                case Probe.Grpc grpc ->
                    exchange(
                            container,
                            grpc.port(),
                            spec.timeout(),
                            channel -> judge(GrpcExchange.check(channel, grpc)));
            };
            yes = verdict.yes();
            detail = verdict.detail();
        } catch (IOException | RuntimeException e) {
            detail = String.valueOf(e.getMessage());
        }
        return new ProbeAnswer(
                role, spec.probe().kind(), at, yes, detail, Duration.ofNanos(System.nanoTime() - begun), late);
    }

    private record Verdict(boolean yes, String detail) {}

    private static Verdict run(Container container, Probe.Exec exec, Duration timeout) throws IOException {
        var captured = container.shim().capture(exec.command(), timeout);
        if (captured.timedOut()) {
            return new Verdict(false, "no answer within " + timeout.toMillis() + " ms");
        }
        String output = captured.output().isBlank() ? "" : ": " + captured.output();
        return new Verdict(captured.status().code() == 0, captured.status() + output);
    }

    private static Verdict connect(Container container, Probe.Tcp tcp, Duration timeout) throws IOException {
        container.shim().dial(tcp.port(), timeout).close();
        return new Verdict(true, "connected to port " + tcp.port().number());
    }

    private interface Exchange {
        Verdict with(SocketChannel channel) throws IOException;
    }

    private static Verdict exchange(Container container, Port port, Duration timeout, Exchange exchange)
            throws IOException {
        try (SocketChannel channel = container.shim().dial(port, timeout);
                // A peer may accept and never answer, or answer for ever.
                Deadline _ = new Deadline(timeout, channel)) {
            return exchange.with(channel);
        } catch (ClosedChannelException e) {
            return new Verdict(false, "no answer within " + timeout.toMillis() + " ms");
        }
    }

    /** In its own words, where it has some. */
    private static Verdict judge(Probe.Notify notify, Notices.Said said) {
        String words = said.status().isEmpty() ? "" : ": " + said.status();
        if (notify.watchdog().isPresent()) {
            boolean alive = said.silent().compareTo(notify.watchdog().get()) <= 0;
            return new Verdict(
                    alive,
                    (alive ? "it says so" : "no WATCHDOG=1 for " + said.silent().toMillis() + " ms") + words);
        }
        if (said.stopping()) {
            return new Verdict(false, "STOPPING=1" + words);
        }
        return new Verdict(said.ready(), (said.ready() ? "READY=1" : "no READY=1 yet") + words);
    }

    private static Verdict judge(GrpcExchange.Serving serving) {
        return new Verdict(serving == GrpcExchange.Serving.SERVING, serving.toString());
    }

    private static Verdict judge(Probe.Http http, HttpExchange.Answer answer) {
        String status = "status " + answer.status();
        if (!http.statuses().contain(answer.status())) {
            return new Verdict(false, status);
        }
        boolean contained = http.body().map(answer.body()::contains).orElse(true);
        return new Verdict(
                contained,
                contained
                        ? status
                        : status + ", but the body lacks '" + http.body().get() + "'");
    }
}
