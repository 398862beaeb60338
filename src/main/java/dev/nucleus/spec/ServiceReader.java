package dev.nucleus.spec;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** Reads one service of a fleet file. */
final class ServiceReader {

    private static final List<String> PROBE_KINDS = List.of("exec", "tcp", "http");

    private final Path folder;
    private final Mode fleetMode;

    ServiceReader(Path folder, Mode fleetMode) {
        this.folder = folder;
        this.fleetMode = fleetMode;
    }

    Optional<ServiceSpec> read(String name, YamlValue value) {
        return value.mapping().flatMap(fields -> {
            ComposeSpellings.read(fields);
            Optional<ContainerSpec> container = new ContainerReader(folder, fleetMode).read(fields);
            int replicas = fields.take("replicas").flatMap(YamlValue::integer).orElse(1);
            Map<String, Condition> dependsOn = dependencies(fields);
            Optional<ProbeSpec> readiness = fields.take("readiness").flatMap(ServiceReader::probe);
            Optional<ProbeSpec> liveness = fields.take("liveness").flatMap(ServiceReader::probe);
            boolean job = fields.take("job").flatMap(YamlValue::bool).orElse(false);
            RestartPolicy restart = fields.take("restart")
                    .flatMap(ServiceReader::restart)
                    .orElse(job ? RestartPolicy.parse("on-failure") : RestartPolicy.ALWAYS);
            StopSpec stop = fields.take("stop")
                    .flatMap(ServiceReader::stop)
                    .or(() -> ComposeSpellings.stop(fields))
                    .orElse(StopSpec.DEFAULT);
            fields.finish();
            return container.flatMap(spec -> value.attempt(
                    () -> new ServiceSpec(name, spec, replicas, dependsOn, readiness, liveness, restart, stop, job)));
        });
    }

    private static Map<String, Condition> dependencies(YamlMapping fields) {
        var dependencies = new TreeMap<String, Condition>();
        fields.take("depends-on").ifPresent(value -> {
            if (value.isList()) {
                value.list(Function.identity()).forEach(name -> dependencies.put(name, Condition.STARTED));
                return;
            }
            value.mapping()
                    .ifPresent(entries -> entries.takeAll().forEach((name, condition) -> {
                        Optional<YamlValue> scalar = condition.isMapping()
                                ? condition.mapping().flatMap(long_ -> {
                                    Optional<YamlValue> inner = long_.require("condition", "service_healthy");
                                    long_.finish();
                                    return inner;
                                })
                                : Optional.of(condition);
                        scalar.flatMap(text -> text.parse(Condition::parse)).ifPresent(c -> dependencies.put(name, c));
                    }));
        });
        return dependencies;
    }

    private static Optional<ProbeSpec> probe(YamlValue value) {
        return value.mapping().flatMap(fields -> {
            Optional<YamlValue> exec = fields.take("exec");
            Optional<YamlValue> tcp = fields.take("tcp");
            Optional<YamlValue> http = fields.take("http");
            Duration period = duration(fields, "period", ProbeSpec.DEFAULT_PERIOD);
            Duration timeout = duration(fields, "timeout", ProbeSpec.DEFAULT_TIMEOUT);
            Duration delay = duration(fields, "initial-delay", Duration.ZERO);
            int failures = fields.take("failures").flatMap(YamlValue::integer).orElse(3);
            int successes = fields.take("successes").flatMap(YamlValue::integer).orElse(1);
            fields.finish();
            if (java.util.stream.Stream.of(exec, tcp, http)
                            .filter(Optional::isPresent)
                            .count()
                    != 1) {
                value.problem("a probe needs exactly one of " + String.join(", ", PROBE_KINDS)
                        + ", such as {tcp: 5432} or {exec: [pg_isready]}");
                return Optional.empty();
            }
            Optional<Probe> probe = exec.<Probe>flatMap(
                            v -> v.attempt(() -> new Probe.Exec(v.list(Function.identity()))))
                    .or(() -> tcp.flatMap(v -> v.parse(Port::parse)).map(Probe.Tcp::new))
                    .or(() -> http.flatMap(ServiceReader::http));
            return probe.flatMap(
                    kind -> value.attempt(() -> new ProbeSpec(kind, delay, period, timeout, failures, successes)));
        });
    }

    /** {@code http: 8080}, or {@code http: {port: 8080, path: /healthz, status: 200-399}}. */
    private static Optional<Probe> http(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(Port::parse).map(port -> new Probe.Http(port, "/", 200, 399));
        }
        return value.mapping().flatMap(fields -> {
            Optional<Port> port = fields.require("port", "8080").flatMap(field -> field.parse(Port::parse));
            String path = fields.take("path").flatMap(YamlValue::text).orElse("/");
            int[] range = fields.take("status")
                    .flatMap(field -> field.parse(ServiceReader::statusRange))
                    .orElse(new int[] {200, 399});
            fields.finish();
            return port.flatMap(number -> value.attempt(() -> new Probe.Http(number, path, range[0], range[1])));
        });
    }

    private static int[] statusRange(String text) {
        if (!text.matches("\\d{3}(-\\d{3})?")) {
            throw new InvalidSpecException("'" + text + "' is not a range of HTTP statuses; write 200 or 200-399");
        }
        int from = Integer.parseInt(text.substring(0, 3));
        return new int[] {from, text.length() == 3 ? from : Integer.parseInt(text.substring(4))};
    }

    private static Duration duration(YamlMapping fields, String name, Duration fallback) {
        return fields.parse(name, Durations::parse).orElse(fallback);
    }

    private static Optional<RestartPolicy> restart(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(RestartPolicy::parse);
        }
        return value.mapping().flatMap(fields -> {
            Optional<RestartPolicy> policy =
                    fields.require("policy", "always").flatMap(field -> field.parse(RestartPolicy::parse));
            Optional<RestartPolicy.Backoff> backoff = fields.take("backoff").flatMap(ServiceReader::backoff);
            fields.finish();
            return policy.map(found -> backoff.map(found::withBackoff).orElse(found));
        });
    }

    private static Optional<RestartPolicy.Backoff> backoff(YamlValue value) {
        return value.mapping().flatMap(fields -> {
            var standard = RestartPolicy.Backoff.DEFAULT;
            Duration from = duration(fields, "from", standard.from());
            Duration to = duration(fields, "to", standard.to());
            Duration reset = duration(fields, "reset-after", standard.resetAfter());
            double factor = fields.parse("factor", ServiceReader::number).orElse(standard.factor());
            fields.finish();
            return value.attempt(() -> new RestartPolicy.Backoff(from, factor, to, reset));
        });
    }

    private static double number(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new InvalidSpecException("expected a number, found '" + text + "'");
        }
    }

    private static Optional<StopSpec> stop(YamlValue value) {
        return value.mapping().map(fields -> {
            Signal signal = fields.parse("signal", Signal::parse).orElse(StopSpec.DEFAULT.signal());
            Duration grace = duration(fields, "grace", StopSpec.DEFAULT.grace());
            fields.finish();
            return new StopSpec(signal, grace);
        });
    }
}
