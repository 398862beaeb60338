package dev.nucleus.spec.fleetfile;

import dev.nucleus.spec.Durations;
import dev.nucleus.spec.LivenessSpec;
import dev.nucleus.spec.Port;
import dev.nucleus.spec.Probe;
import dev.nucleus.spec.ProbeSpec;
import dev.nucleus.spec.ServiceNotify;
import dev.nucleus.spec.Signal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reads a service's probes: those of Kubernetes, in Nucleus' spelling or Kubernetes' own, and Compose's
 * {@code healthcheck}.
 *
 * @see <a href="https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe">Kubernetes:
 *     Probe</a>
 * @see <a href="https://github.com/compose-spec/compose-spec/blob/main/05-services.md#healthcheck">Compose:
 *     healthcheck</a>
 */
final class ProbeReader {

    private static final List<String> KINDS = List.of("exec", "tcp", "http", "grpc", "notify", "actuator");
    /** Default period of notify probes: notifications are evaluated at once, missing ones after at most this time. */
    private static final Duration NOTIFY_PERIOD = Duration.ofSeconds(1);

    private static final Duration COMPOSE_INTERVAL = Duration.ofSeconds(30);
    private static final Duration COMPOSE_START_INTERVAL = Duration.ofSeconds(5);

    /** What a probe decides, with the health group that answers it in a Spring Boot application. */
    private enum ProbeRole {
        STARTUP("liveness"),
        READINESS("readiness"),
        LIVENESS("liveness");

        private final String group;

        ProbeRole(String group) {
            this.group = group;
        }
    }

    /** The probes of one service. */
    record Probes(Optional<ProbeSpec> startup, Optional<ProbeSpec> readiness, Optional<LivenessSpec> liveness) {

        /** The notification socket that these probes need; empty: none. */
        Optional<ServiceNotify> notification() {
            List<Probe.Notify> wanted = Stream.of(startup, readiness, liveness.map(LivenessSpec::probe))
                    .flatMap(Optional::stream)
                    .map(ProbeSpec::probe)
                    .filter(Probe.Notify.class::isInstance)
                    .map(Probe.Notify.class::cast)
                    .toList();
            return wanted.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new ServiceNotify(wanted.stream()
                            .map(Probe.Notify::watchdog)
                            .flatMap(Optional::stream)
                            .findFirst()));
        }
    }

    private ProbeReader() {}

    static Probes read(YamlMapping fields) {
        Optional<YamlValue> healthcheck = fields.take("healthcheck");
        Optional<YamlValue> startup = fields.take("startup");
        Optional<YamlValue> readiness = fields.take("readiness");
        Optional<YamlValue> liveness = fields.take("liveness");
        if (healthcheck.isPresent()) {
            if (startup.isPresent() || readiness.isPresent() || liveness.isPresent()) {
                healthcheck
                        .get()
                        .problem("'healthcheck' combines readiness and liveness; write either it, or startup, "
                                + "readiness and liveness");
            }
            return healthcheck.get().mapping().map(ProbeReader::healthcheck).orElse(NONE);
        }
        return new Probes(
                startup.flatMap(value -> probe(value, ProbeRole.STARTUP)),
                readiness.flatMap(value -> probe(value, ProbeRole.READINESS)),
                liveness.flatMap(ProbeReader::liveness));
    }

    private static final Probes NONE = new Probes(Optional.empty(), Optional.empty(), Optional.empty());

    private static Optional<LivenessSpec> liveness(YamlValue value) {
        return value.mapping().flatMap(fields -> {
            LivenessSpec.Then then =
                    fields.take("then").flatMap(ProbeReader::then).orElse(new LivenessSpec.Then.Restart());
            return probe(fields, ProbeRole.LIVENESS).map(probe -> new LivenessSpec(probe, then));
        });
    }

    private static Optional<LivenessSpec.Then> then(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(LivenessSpec.Then::parse);
        }
        return value.mapping().flatMap(fields -> {
            Optional<LivenessSpec.Then> send = fields.require("signal", "HUP")
                    .flatMap(field -> field.parse(Signal::parse))
                    .map(LivenessSpec.Then.Send::new);
            fields.finish();
            return send;
        });
    }

    private static Optional<ProbeSpec> probe(YamlValue value, ProbeRole question) {
        return value.mapping().flatMap(fields -> probe(fields, question));
    }

    private static Optional<ProbeSpec> probe(YamlMapping fields, ProbeRole question) {
        fields.rename("httpGet", "http");
        fields.rename("tcpSocket", "tcp");
        Optional<YamlValue> exec = fields.take("exec");
        Optional<YamlValue> tcp = fields.take("tcp");
        Optional<YamlValue> http = fields.take("http");
        Optional<YamlValue> grpc = fields.take("grpc");
        Optional<YamlValue> notify = fields.take("notify");
        Optional<YamlValue> actuator = fields.take("actuator");
        Duration period = duration(
                fields, "period", "periodSeconds", notify.isPresent() ? NOTIFY_PERIOD : ProbeSpec.DEFAULT_PERIOD);
        Duration timeout = duration(fields, "timeout", "timeoutSeconds", ProbeSpec.DEFAULT_TIMEOUT);
        Duration delay = duration(fields, "initial-delay", "initialDelaySeconds", Duration.ZERO);
        Duration jitter = fields.parse("jitter", Durations::parse).orElse(Duration.ZERO);
        fields.rename("failureThreshold", "failures");
        fields.rename("successThreshold", "successes");
        // One missed watchdog is a failure: it is not retried.
        boolean watchdog = notify.isPresent() && question == ProbeRole.LIVENESS;
        int failures =
                fields.take("failures").flatMap(YamlValue::integer).orElse(watchdog ? 1 : ProbeSpec.DEFAULT_FAILURES);
        int successes = fields.take("successes").flatMap(YamlValue::integer).orElse(1);
        fields.finish();
        if (Stream.of(exec, tcp, http, grpc, notify, actuator)
                        .filter(Optional::isPresent)
                        .count()
                != 1) {
            fields.place()
                    .problem("a probe needs exactly one of " + String.join(", ", KINDS)
                            + ", such as {tcp: 5432} or {exec: [pg_isready]}");
            return Optional.empty();
        }
        if (question != ProbeRole.READINESS && successes != 1) {
            fields.place().problem("only a readiness probe can require several successes; leave successes: out here");
        }
        Optional<Probe> probe = exec.flatMap(ProbeReader::exec)
                .or(() -> tcp.flatMap(ProbeReader::tcp))
                .or(() -> http.flatMap(ProbeReader::http))
                .or(() -> grpc.flatMap(ProbeReader::grpc))
                .or(() -> notify.flatMap(value -> notify(value, question)))
                .or(() -> actuator.flatMap(value -> actuator(value, question)));
        return probe.flatMap(kind ->
                fields.place().attempt(() -> new ProbeSpec(kind, delay, period, timeout, jitter, failures, successes)));
    }

    /** A duration with its unit, or under Kubernetes' name a number of seconds. */
    private static Duration duration(YamlMapping fields, String name, String seconds, Duration fallback) {
        Optional<Duration> counted = fields.parse(seconds, Durations::parseSeconds);
        return fields.parse(name, Durations::parse).or(() -> counted).orElse(fallback);
    }

    /** {@code exec: [pg_isready]}, or Kubernetes' {@code exec: {command: [pg_isready]}}. */
    private static Optional<Probe> exec(YamlValue value) {
        if (!value.isMapping()) {
            List<String> command = value.command("exec");
            return value.isList() ? value.attempt(() -> new Probe.Exec(command)) : Optional.empty();
        }
        return value.mapping().flatMap(fields -> {
            Optional<Probe> probe = fields.require("command", "[pg_isready]").flatMap(ProbeReader::exec);
            fields.finish();
            return probe;
        });
    }

    /** {@code tcp: 5432}, or Kubernetes' {@code tcpSocket: {port: 5432}}. */
    private static Optional<Probe> tcp(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(Port::parse).map(Probe.Tcp::new);
        }
        return value.mapping().flatMap(fields -> {
            Optional<Probe> probe = fields.require("port", "5432").flatMap(ProbeReader::tcp);
            fields.finish();
            return probe;
        });
    }

    /** {@code notify: true}; for liveness {@code notify: 10s}, the watchdog interval. */
    private static Optional<Probe> notify(YamlValue value, ProbeRole question) {
        if (question == ProbeRole.LIVENESS) {
            return value.parse(Durations::parse).flatMap(within -> {
                if (within.compareTo(ProbeSpec.SHORTEST) < 0) {
                    value.problem("a watchdog interval is at least 10ms");
                }
                return Optional.of(new Probe.Notify(Optional.of(within)));
            });
        }
        return value.bool().flatMap(wanted -> {
            if (!wanted) {
                value.problem("write notify: true, or another kind of probe");
            }
            return Optional.of(new Probe.Notify(Optional.empty()));
        });
    }

    /** {@code grpc: 9090}, or {@code grpc: {port: 9090, service: shop.Cart}}. */
    private static Optional<Probe> grpc(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(Port::parse).map(port -> new Probe.Grpc(port, ""));
        }
        return value.mapping().flatMap(fields -> {
            Optional<Port> port = fields.require("port", "9090").flatMap(field -> field.parse(Port::parse));
            String service = fields.take("service").flatMap(YamlValue::text).orElse("");
            fields.finish();
            return port.flatMap(number -> value.attempt(() -> new Probe.Grpc(number, service)));
        });
    }

    /**
     * {@code http: 8080}, or {@code http: {port: 8080, path: /healthz, status: 200-399, headers: {Accept: text/plain},
     * body: ok}}.
     */
    private static Optional<Probe> http(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(Port::parse).map(Probe.Http::of);
        }
        return value.mapping().flatMap(fields -> {
            fields.rename("httpHeaders", "headers");
            fields.refuse("host", "a probe uses the container's own loopback; write headers: {Host: example.com}");
            fields.take("scheme")
                    .flatMap(YamlValue::text)
                    .filter(text -> !text.equalsIgnoreCase("http"))
                    .ifPresent(text -> fields.place().problem("a probe uses plain HTTP; serve it on a separate port"));
            Optional<Port> port = fields.require("port", "8080").flatMap(field -> field.parse(Port::parse));
            String path = fields.take("path").flatMap(YamlValue::text).orElse("/");
            Probe.Http.Statuses statuses = fields.take("status")
                    .flatMap(field -> field.parse(Probe.Http.Statuses::parse))
                    .orElse(Probe.Http.Statuses.DEFAULT);
            Map<String, String> headers =
                    fields.take("headers").map(ProbeReader::headers).orElse(Map.of());
            Optional<String> body = fields.take("body").flatMap(YamlValue::text);
            fields.finish();
            return port.flatMap(number -> value.attempt(() -> new Probe.Http(number, path, statuses, headers, body)));
        });
    }

    /** {@code {Name: value}}, or Kubernetes' list of {@code {name, value}}. */
    private static Map<String, String> headers(YamlValue value) {
        var headers = new LinkedHashMap<String, String>();
        if (!value.isList()) {
            value.mapping()
                    .ifPresent(fields -> fields.takeAll()
                            .forEach((name, header) -> header.text().ifPresent(text -> headers.put(name, text))));
            return headers;
        }
        for (YamlValue item : value.items()) {
            item.mapping().ifPresent(fields -> {
                Optional<String> name = fields.require("name", "Accept").flatMap(YamlValue::text);
                Optional<String> text = fields.require("value", "text/plain").flatMap(YamlValue::text);
                fields.finish();
                name.ifPresent(found -> headers.put(found, text.orElse("")));
            });
        }
        return headers;
    }

    /**
     * The health of a Spring Boot application: {@code actuator: 8080}, or
     * {@code actuator: {port: 8081, base: /manage}}. Its groups {@code readiness} and {@code liveness} respond with 200
     * or 503.
     */
    private static Optional<Probe> actuator(YamlValue value, ProbeRole question) {
        if (!value.isMapping()) {
            return value.parse(Port::parse).map(port -> actuator(port, "/actuator", question));
        }
        return value.mapping().flatMap(fields -> {
            Optional<Port> port = fields.require("port", "8080").flatMap(field -> field.parse(Port::parse));
            String base = fields.take("base").flatMap(YamlValue::text).orElse("/actuator");
            fields.finish();
            return port.flatMap(number -> value.attempt(() -> actuator(number, base, question)));
        });
    }

    private static Probe actuator(Port port, String base, ProbeRole question) {
        String path = (base.equals("/") ? "" : base) + "/health/" + question.group;
        return new Probe.Http(port, path, new Probe.Http.Statuses(200, 299), Map.of(), Optional.empty());
    }

    /**
     * Compose's single check is both the readiness and the liveness probe. As in Compose, the first attempt is made
     * after one interval.
     */
    private static Probes healthcheck(YamlMapping fields) {
        Optional<YamlValue> test = fields.take("test");
        Optional<Probe> tested = test.flatMap(ProbeReader::test);
        boolean disabled = fields.take("disable").flatMap(YamlValue::bool).orElse(false);
        Duration interval = fields.parse("interval", Durations::parse).orElse(COMPOSE_INTERVAL);
        Duration timeout = fields.parse("timeout", Durations::parse).orElse(COMPOSE_INTERVAL);
        int retries = fields.take("retries").flatMap(YamlValue::integer).orElse(ProbeSpec.DEFAULT_FAILURES);
        Duration startPeriod = fields.parse("start-period", Durations::parse).orElse(Duration.ZERO);
        Duration startInterval =
                fields.parse("start-interval", Durations::parse).orElse(COMPOSE_START_INTERVAL);
        fields.finish();
        if (test.isEmpty() && !disabled) {
            fields.place().problem("'test' is missing; write, for example, test: [CMD, pg_isready]");
        }
        if (retries < 1) {
            fields.place()
                    .problem("healthcheck: retries is at least 1, was " + retries
                            + "; leave it out for Compose's default, 3");
            return NONE;
        }
        return tested.filter(_ -> !disabled)
                .flatMap(probe -> fields.place().attempt(() -> {
                    var check = new ProbeSpec(
                            probe,
                            startPeriod.isZero() ? interval : startInterval,
                            interval,
                            timeout,
                            Duration.ZERO,
                            retries,
                            1,
                            Optional.of(new ProbeSpec.Healthcheck(startPeriod, startInterval)));
                    return new Probes(
                            Optional.empty(),
                            Optional.of(check),
                            Optional.of(new LivenessSpec(check, new LivenessSpec.Then.Restart())));
                }))
                .orElse(NONE);
    }

    /** {@code [CMD, program, …]}, {@code [CMD-SHELL, line]}, a line for the shell, or {@code [NONE]}. */
    private static Optional<Probe> test(YamlValue value) {
        if (!value.isList()) {
            return value.argument().flatMap(line -> shell(value, List.of(line)));
        }
        List<String> words = new ArrayList<>(value.command("test"));
        String kind = words.isEmpty() ? "" : words.removeFirst();
        return switch (kind) {
            case "CMD" -> value.attempt(() -> new Probe.Exec(words));
            case "CMD-SHELL" -> shell(value, words);
            case "NONE" -> {
                if (!words.isEmpty()) {
                    value.problem(
                            "'test: [NONE]' stands alone; write [CMD, " + String.join(", ", words) + "] to run that");
                }
                yield Optional.empty();
            }
            default -> {
                value.problem("'test' begins with CMD, CMD-SHELL or NONE, such as [CMD, pg_isready]");
                yield Optional.empty();
            }
        };
    }

    /** An empty line would always succeed. Given several words, Docker's shell runs only the first. */
    private static Optional<Probe> shell(YamlValue value, List<String> words) {
        if (words.size() != 1 || words.getFirst().isBlank()) {
            value.problem(
                    words.size() > 1
                            ? "'test': CMD-SHELL takes one line, such as [CMD-SHELL, '" + String.join(" ", words) + "']"
                            : "'test' is empty; write what is run, such as [CMD, pg_isready], or [NONE] for no check");
            return Optional.empty();
        }
        return Optional.of(new Probe.Exec(List.of("/bin/sh", "-c", words.getFirst())));
    }
}
