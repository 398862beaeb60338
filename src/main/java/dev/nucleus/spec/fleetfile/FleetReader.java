package dev.nucleus.spec.fleetfile;

import dev.nucleus.spec.Condition;
import dev.nucleus.spec.ContainerName;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.FleetHealthSpec;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.NetworkAttachment;
import dev.nucleus.spec.NetworkSpec;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.Objective;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.User;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.VolumeSpec;
import dev.nucleus.text.FileErrors;
import dev.nucleus.text.Suggestions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Reads fleet files. They are YAML 1.2; unknown fields are errors, and all errors are reported at once with their
 * positions. Services of one file share fields by anchors and {@code <<}.
 */
public final class FleetReader {

    /** One digit in the name of each host interface numbers a container's networks. */
    private static final int MAX_NETWORKS = 10;

    private final List<Problem> problems = new ArrayList<>();

    private final Checks checks;

    private FleetReader(Checks checks) {
        this.checks = checks;
    }

    /**
     * Checks by other packages.
     *
     * @param refusals the reasons to refuse a container; empty: it is accepted
     * @param nameRefusal the reason to refuse the name of a fleet
     * @param serviceNameRefusal the reason to refuse the name of a service
     */
    public record Checks(
            Function<ContainerSpec, List<String>> refusals,
            Function<String, Optional<String>> nameRefusal,
            Function<String, Optional<String>> serviceNameRefusal) {

        public static final Checks NONE = new Checks(spec -> List.of(), name -> Optional.empty());

        /** Checks that accept every service name. */
        public Checks(Function<ContainerSpec, List<String>> refusals, Function<String, Optional<String>> nameRefusal) {
            this(refusals, nameRefusal, name -> Optional.empty());
        }
    }

    /**
     * Reads one file, or every {@code .yaml} and {@code .yml} file of a folder in the order of their names. Directories
     * are skipped, and so are names that begin with {@code .}, {@code #} or {@code ~}, or end with {@code ~}: editors
     * create such files.
     *
     * @return empty for a folder without fleet files
     * @throws InvalidFleetException with every problem of every file
     */
    public static List<FleetSpec> read(Path path, Checks checks) {
        var reader = new FleetReader(checks);
        var fleets = new ArrayList<FleetSpec>();
        for (Path file : reader.files(path)) {
            reader.readFile(file).ifPresent(fleet -> {
                if (fleets.stream().anyMatch(other -> other.name().equals(fleet.name()))) {
                    reader.problems.add(new Problem(
                            file.toString(), 1, 1, "fleet '" + fleet.name() + "' is already declared in another file"));
                }
                fleets.add(fleet);
            });
        }
        if (!reader.problems.isEmpty()) {
            throw new InvalidFleetException(reader.inOrder());
        }
        return List.copyOf(fleets);
    }

    /** Reads one fleet from text; errors name {@code file}, and relative paths are resolved against its folder. */
    public static FleetSpec readText(Path file, String text, Checks checks) {
        var reader = new FleetReader(checks);
        Optional<FleetSpec> fleet = reader.parse(file, text);
        if (!reader.problems.isEmpty() || fleet.isEmpty()) {
            throw new InvalidFleetException(reader.inOrder());
        }
        return fleet.get();
    }

    /** The problems in the order in which their files were read, and within a file by position. */
    private List<Problem> inOrder() {
        List<String> files = problems.stream().map(Problem::file).distinct().toList();
        return problems.stream()
                // A merged or aliased value reports the same problem at each use.
                .distinct()
                .sorted(Comparator.<Problem>comparingInt(problem -> files.indexOf(problem.file()))
                        .thenComparingInt(Problem::line)
                        .thenComparingInt(Problem::column))
                .toList();
    }

    private List<Path> files(Path path) {
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> entries = Files.list(path)) {
            return entries.filter(FleetReader::isFleetFile)
                    .sorted()
                    .filter(this::canBeRead)
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            problems.add(new Problem(
                    path.toString(),
                    1,
                    1,
                    "the folder can't be listed: " + e.getMessage() + "; check its permissions"));
            return List.of();
        }
    }

    /** Opening a FIFO would block until another process opens it for writing. */
    private boolean canBeRead(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            problems.add(new Problem(file.toString(), 1, 1, "not a regular file; move it out of the folder"));
            return false;
        }
        return true;
    }

    /** A dangling link counts: the fleet that it should declare is missing. */
    private static boolean isFleetFile(Path file) {
        String name = String.valueOf(file.getFileName());
        return (name.endsWith(".yaml") || name.endsWith(".yml"))
                && !name.startsWith(".")
                && !name.startsWith("#")
                && !name.startsWith("~")
                && !Files.isDirectory(file);
    }

    private Optional<FleetSpec> readFile(Path file) {
        try {
            return parse(file, Files.readString(file));
        } catch (CharacterCodingException e) {
            problems.add(
                    new Problem(file.toString(), 1, 1, "the file can't be read: it is not UTF-8; convert it to UTF-8"));
            return Optional.empty();
        } catch (IOException e) {
            problems.add(new Problem(file.toString(), 1, 1, "the file can't be read: " + FileErrors.reason(e)));
            return Optional.empty();
        }
    }

    private Optional<FleetSpec> parse(Path file, String text) {
        return YamlDocument.readFleet(file.toString(), text, problems)
                .flatMap(YamlValue::mapping)
                .flatMap(fields -> fleet(file, fields));
    }

    private void readServices(
            YamlMapping entries,
            ServiceReader reader,
            Map<String, YamlValue> places,
            Map<String, ServiceSpec> services) {
        entries.names()
                .forEach((key, place) -> checks.serviceNameRefusal().apply(key).ifPresent(place::problem));
        entries.takeAll().forEach((key, value) -> {
            places.put(key, value);
            reader.read(key, value).ifPresent(service -> {
                services.put(key, service);
                checks.refusals()
                        .apply(service.container())
                        .forEach(refusal -> value.problem("service '" + key + "': " + refusal));
            });
        });
    }

    private Optional<FleetSpec> fleet(Path file, YamlMapping fields) {
        ComposeSpellings.readFleet(fields);
        Optional<YamlValue> nameField = fields.require("name", "shop");
        Optional<String> name = nameField.flatMap(value -> value.parse(text -> ContainerName.check("fleet", text)));
        name.flatMap(checks.nameRefusal()).ifPresent(refusal -> nameField.ifPresent(value -> value.problem(refusal)));
        Mode mode =
                fields.take("mode").flatMap(value -> value.parse(Mode::parse)).orElse(Mode.AGENT);
        Path folder = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
        var volumes = new LinkedHashMap<String, VolumeSpec>();
        fields.take("volumes")
                .flatMap(YamlValue::mapping)
                .ifPresent(entries -> entries.takeAll()
                        .forEach((key, value) -> volume(folder, key, value).ifPresent(v -> volumes.put(key, v))));
        var networks = new LinkedHashMap<String, NetworkSpec>();
        fields.take("networks")
                .flatMap(YamlValue::mapping)
                .ifPresent(entries -> entries.takeAll()
                        .forEach((key, value) ->
                                NetworkingReader.network(key, value).ifPresent(network -> networks.put(key, network))));
        var places = new LinkedHashMap<String, YamlValue>();
        var services = new LinkedHashMap<String, ServiceSpec>();
        fields.require("services", "{web: {command: [/bin/server]}}")
                .flatMap(YamlValue::mapping)
                .ifPresent(entries -> {
                    var reader = new ServiceReader(
                            folder, mode, Set.copyOf(entries.names().keySet()));
                    readServices(entries, reader, places, services);
                });
        FleetHealthSpec health = fields.take("health")
                .flatMap(YamlValue::mapping)
                .map(entries -> health(entries, places.keySet(), services))
                .orElse(FleetHealthSpec.NONE);
        fields.finish();
        NetworkingReader.joinDefault(services, networks);
        checkReferences(places, services, volumes);
        checkNetworks(places, services, networks);
        return name.map(text -> new FleetSpec(text, file, volumes, networks, services, health));
    }

    private static FleetHealthSpec health(YamlMapping fields, Set<String> declared, Map<String, ServiceSpec> services) {
        Set<String> critical = nonJobServices(fields, "critical", declared, services);
        Set<String> traffic = nonJobServices(fields, "traffic", declared, services);
        Optional<Objective> objective = fields.take("objective").flatMap(FleetReader::objective);
        fields.finish();
        return new FleetHealthSpec(critical, traffic, objective);
    }

    private static Optional<Objective> objective(YamlValue value) {
        return value.mapping().flatMap(fields -> {
            Optional<Double> availability =
                    fields.require("availability", "99.9%").flatMap(field -> field.parse(Objective::parseAvailability));
            Optional<Duration> over = fields.require("over", "30d").flatMap(field -> field.parse(Durations::parse));
            fields.finish();
            return availability.flatMap(
                    ratio -> over.flatMap(window -> value.attempt(() -> new Objective(ratio, window))));
        });
    }

    /** A list of services, which must be in this file and must not be jobs. */
    private static Set<String> nonJobServices(
            YamlMapping fields, String field, Set<String> declared, Map<String, ServiceSpec> services) {
        return new TreeSet<>(fields.list(field, name -> {
            if (!declared.contains(name)) {
                throw new InvalidSpecException(
                        "'" + name + "' is not a service of this file" + suggestion(name, declared));
            }
            ServiceSpec service = services.get(name);
            if (service != null && service.job()) {
                throw new InvalidSpecException(
                        "'" + name + "' is a job, which ends; the health of a fleet can't depend on it");
            }
            return name;
        }));
    }

    private static Optional<VolumeSpec> volume(Path folder, String name, YamlValue value) {
        if (value.attempt(() -> ContainerName.check("volume", name)).isEmpty()) {
            return Optional.empty();
        }
        if (value.isNull()) {
            return Optional.of(new VolumeSpec(name, Optional.empty(), Optional.empty()));
        }
        return value.mapping().map(fields -> {
            Optional<Path> path = fields.take("path").flatMap(YamlValue::text).map(folder::resolve);
            Optional<User> owner = fields.take("owner").flatMap(field -> field.parse(User::parse));
            fields.finish();
            return new VolumeSpec(name, path.map(Path::normalize), owner);
        });
    }

    private static void checkReferences(
            Map<String, YamlValue> places, Map<String, ServiceSpec> services, Map<String, VolumeSpec> volumes) {
        services.forEach((name, service) -> {
            YamlValue place = Objects.requireNonNull(places.get(name));
            service.dependsOn().forEach((dependency, condition) -> {
                Optional.ofNullable(services.get(dependency))
                        .filter(_ -> !dependency.equals(name))
                        .flatMap(other -> neverMet(other, condition))
                        .ifPresent(reason -> place.problem("depends-on: service '" + name + "' would wait for '"
                                + dependency + "' forever: " + reason));
            });
            replicaOf(name, services)
                    .ifPresent(other -> place.problem("service '" + name + "' has the name of a replica of service '"
                            + other + "'; rename one of them"));
            for (VolumeMount mount : service.container().filesystem().volumes()) {
                if (mount.named() && !volumes.containsKey(mount.source())) {
                    place.problem("service '" + name + "' uses volume '" + mount.source() + "', which 'volumes' does "
                            + "not declare; add it there, or write an absolute host path");
                }
            }
        });
        DependencyCycle.find(services)
                .ifPresent(cycle -> Objects.requireNonNull(places.get(cycle.getFirst()))
                        .problem("these services wait for each other: " + String.join(" → ", cycle)));
    }

    private static void checkNetworks(
            Map<String, YamlValue> places, Map<String, ServiceSpec> services, Map<String, NetworkSpec> networks) {
        services.forEach((name, service) -> {
            YamlValue place = Objects.requireNonNull(places.get(name));
            Networking networking = service.container().networking();
            if (networking.attachments().size() > MAX_NETWORKS) {
                place.problem("service '" + name + "' joins "
                        + networking.attachments().size() + " networks; it can join " + MAX_NETWORKS);
            }
            if (service.replicas() > 1
                    && networking.attachments().stream()
                            .anyMatch(attachment -> attachment.address().isPresent())) {
                place.problem("service '" + name + "' has an address, which only one replica can have");
            }
            for (NetworkAttachment attachment : networking.attachments()) {
                if (!networks.containsKey(attachment.network())) {
                    place.problem("service '" + name + "' joins the network '" + attachment.network()
                            + "', which 'networks' does not declare"
                            + suggestion(attachment.network(), networks.keySet()));
                }
            }
            if (networking.attachments().isEmpty()
                    && (networking.egress().isPresent()
                            || networking.acceptFrom().isPresent())) {
                place.problem(
                        "service '" + name + "' has rules for connections but no network; write networks: [inside]");
            }
            networking
                    .acceptFrom()
                    .ifPresent(others -> others.stream()
                            .filter(other -> !services.containsKey(other))
                            .forEach(other -> place.problem("accept-from: '" + other + "' is not a service of this file"
                                    + suggestion(other, services.keySet()))));
        });
    }

    /** Why a service can never meet a condition; empty: it can. */
    private static Optional<String> neverMet(ServiceSpec service, Condition condition) {
        return switch (condition) {
            case STARTED -> Optional.empty();
            case HEALTHY ->
                service.job()
                        ? Optional.of("a job is never healthy, it completes; write " + service.name() + ": completed")
                        : service.isChecked()
                                ? Optional.empty()
                                : Optional.of("no probe checks '" + service.name()
                                        + "', so its health is unknown; give it a readiness probe, or write depends-on: {"
                                        + service.name() + ": started}");
            case COMPLETED ->
                service.job()
                        ? Optional.empty()
                        : Optional.of("only a job completes; write job: true in '" + service.name() + "', or "
                                + service.name() + ": healthy or started here");
        };
    }

    /** The service that has a replica of that name. */
    private static Optional<String> replicaOf(String name, Map<String, ServiceSpec> services) {
        int hyphen = name.lastIndexOf('-');
        if (hyphen < 1 || !name.substring(hyphen + 1).matches("[1-9]\\d{0,3}")) {
            return Optional.empty();
        }
        int number = Integer.parseInt(name.substring(hyphen + 1));
        return Optional.ofNullable(services.get(name.substring(0, hyphen)))
                .filter(service -> number <= service.replicas())
                .map(ServiceSpec::name);
    }

    static String suggestion(String name, Collection<String> candidates) {
        return Suggestions.closest(name, candidates)
                .map(found -> "; did you mean '" + found + "'?")
                .orElse("");
    }
}
