package dev.nucleus.spec.fleetfile;

import dev.nucleus.spec.Condition;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.RestartPolicy;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Reads one service of a fleet file. */
final class ServiceReader {

    private final Path folder;
    private final Mode fleetMode;
    private final Set<String> declared;

    /** @param declared the names of all services of the file */
    ServiceReader(Path folder, Mode fleetMode, Set<String> declared) {
        this.folder = folder;
        this.fleetMode = fleetMode;
        this.declared = declared;
    }

    Optional<ServiceSpec> read(String name, YamlValue value) {
        return value.mapping().flatMap(fields -> {
            ComposeSpellings.read(fields);
            Optional<ContainerSpec> container = new ContainerReader(folder, fleetMode).read(fields);
            int replicas = fields.take("replicas")
                    .flatMap(number -> number.integer(ServiceSpec::checkReplicas))
                    .orElse(1);
            Map<String, Condition> dependsOn = dependencies(name, fields);
            ProbeReader.Probes probes = ProbeReader.read(fields);
            boolean job = fields.take("job").flatMap(YamlValue::bool).orElse(false);
            RestartPolicy restart = fields.take("restart")
                    .flatMap(ServiceReader::restart)
                    .orElse(job ? RestartPolicy.parse("on-failure") : RestartPolicy.ALWAYS);
            StopSpec stop = fields.take("stop")
                    .flatMap(ServiceReader::stop)
                    .or(() -> ComposeSpellings.stop(fields))
                    .orElse(StopSpec.DEFAULT);
            fields.finish();
            return container.flatMap(spec -> value.attempt(() -> new ServiceSpec(
                    name,
                    spec.change().notification(probes.notification()).build(),
                    replicas,
                    dependsOn,
                    probes.startup(),
                    probes.readiness(),
                    probes.liveness(),
                    restart,
                    stop,
                    job)));
        });
    }

    private Map<String, Condition> dependencies(String service, YamlMapping fields) {
        var dependencies = new TreeMap<String, Condition>();
        fields.take("depends-on").ifPresent(value -> {
            if (value.isList()) {
                value.list(name -> checkDependency(service, name))
                        .forEach(name -> dependencies.put(name, Condition.STARTED));
                return;
            }
            value.mapping()
                    .ifPresent(entries -> entries.takeAll().forEach((name, condition) -> {
                        Optional<YamlValue> scalar = condition.isMapping()
                                ? condition.mapping().flatMap(long_ -> {
                                    Optional<YamlValue> inner = long_.require("condition", "service_healthy");
                                    long_.acceptOnly(
                                            "true",
                                            "required",
                                            "a service always waits for its dependencies; leave this one out");
                                    long_.acceptOnly(
                                            "false",
                                            "restart",
                                            "a service keeps running while its dependencies restart; leave it out");
                                    long_.finish();
                                    return inner;
                                })
                                : Optional.of(condition);
                        condition.attempt(() -> checkDependency(service, name));
                        scalar.flatMap(text -> text.parse(Condition::parse)).ifPresent(c -> dependencies.put(name, c));
                    }));
        });
        return dependencies;
    }

    /** Checked here, so that it is reported together with the service's other problems. */
    private String checkDependency(String service, String name) {
        if (name.equals(service)) {
            throw new InvalidSpecException("service '" + service + "' depends on itself");
        }
        if (!declared.contains(name)) {
            throw new InvalidSpecException("service '" + service + "' depends on '" + name
                    + "', which is not a service of this file" + FleetReader.suggestion(name, declared));
        }
        return name;
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
        return value.mapping().flatMap(fields -> {
            Signal signal = fields.parse("signal", Signal::parse).orElse(StopSpec.DEFAULT.signal());
            Duration grace = duration(fields, "grace", StopSpec.DEFAULT.grace());
            List<String> before =
                    fields.take("before").map(field -> field.command("before")).orElse(List.of());
            fields.finish();
            return value.attempt(() -> new StopSpec(signal, grace, before));
        });
    }
}
