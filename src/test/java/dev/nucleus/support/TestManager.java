package dev.nucleus.support;

import dev.nucleus.NucleusApplication;
import dev.nucleus.cgroup.CgroupUsage;
import dev.nucleus.cgroup.CgroupUsages;
import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.container.Traces;
import dev.nucleus.denial.Denials;
import dev.nucleus.denial.SystemCalls;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.log.OutputSink;
import dev.nucleus.spawner.Spawner;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.PayloadApplicationEvent;

/** A manager within the test's own process, with directories of its own; closing it leaves nothing behind. */
public final class TestManager implements AutoCloseable {

    private static final String DETAILS = "--management.endpoint.health.show-details";
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Path directory;
    private final ConfigurableApplicationContext context;

    private TestManager(Path directory, ConfigurableApplicationContext context) {
        this.directory = directory;
        this.context = context;
    }

    public static TestManager start() {
        return start(Optional.empty(), List.of());
    }

    /** A manager that uses a spawner which it did not start. */
    public static TestManager startWith(Path spawnerSocket) {
        return start(Optional.empty(), List.of("--nucleus.spawner-socket=" + spawnerSocket));
    }

    /** @param settings as on the command line of a manager, {@code --name=value} */
    public static TestManager startWith(List<String> settings) {
        return start(Optional.empty(), settings);
    }

    /** @param fleet a fleet file's text */
    public static TestManager start(String fleet) {
        return start(Optional.of(fleet), List.of());
    }

    /** @param settings as on the command line of a manager, {@code --name=value} */
    public static TestManager start(String fleet, List<String> settings) {
        return start(Optional.of(fleet), settings);
    }

    private static TestManager start(Optional<String> fleet, List<String> settings) {
        try {
            Path directory = Files.createTempDirectory("nucleus-test-");
            var arguments = new ArrayList<String>();
            Map<String, String> defaults = Map.of(
                    "--nucleus.run-dir",
                    directory.resolve("run").toString(),
                    "--nucleus.state-dir",
                    directory.resolve("state").toString(),
                    "--server.port",
                    "0",
                    // So that tests can read details over TCP; DetailsTest has the default setting.
                    DETAILS,
                    "always");
            defaults.forEach((name, value) -> {
                if (settings.stream().noneMatch(setting -> setting.startsWith(name + "="))) {
                    arguments.add(name + "=" + value);
                }
            });
            arguments.addAll(settings);
            if (fleet.isPresent()) {
                Path file = Files.writeString(directory.resolve("fleet.yaml"), fleet.get());
                arguments.add("--nucleus.fleets=" + file);
            }
            var application = new SpringApplicationBuilder(NucleusApplication.class).registerShutdownHook(false);
            try {
                return new TestManager(directory, application.run(arguments.toArray(String[]::new)));
            } catch (RuntimeException e) {
                Remains.delete(directory);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path directory() {
        return directory;
    }

    public Path state() {
        return directory.resolve("state");
    }

    public Path socket() {
        return directory.resolve("run/nucleus.sock");
    }

    /** Any other bean of the manager. */
    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    /** Whether the manager has a bean of that type. */
    public boolean has(Class<?> type) {
        return context.getBeanNamesForType(type).length > 0;
    }

    public Optional<String> setting(String name) {
        return Optional.ofNullable(context.getEnvironment().getProperty(name));
    }

    public Containers containers() {
        return context.getBean(Containers.class);
    }

    public Fleets fleets() {
        return context.getBean(Fleets.class);
    }

    public Denials denials() {
        return context.getBean(Denials.class);
    }

    /** The resource usage of a container. */
    public CgroupUsage usage(String id) {
        return context.getBean(CgroupUsages.class).of(id);
    }

    public Traces traces() {
        return context.getBean(Traces.class);
    }

    public SystemCalls calls() {
        return context.getBean(SystemCalls.class);
    }

    public Spawner spawner() {
        return context.getBean(Spawner.class);
    }

    /** The PIDs of its spawner and of the spawner's descendants: waiting shims, and containers with their shims. */
    public List<Long> nativeProcesses() {
        return spawner().process().stream()
                .flatMap(spawner -> Stream.concat(Stream.of(spawner), spawner.descendants()))
                .map(ProcessHandle::pid)
                .toList();
    }

    public int port() {
        return Integer.parseInt(setting("local.server.port").orElseThrow());
    }

    public String url(String path) {
        return "http://127.0.0.1:" + port() + path;
    }

    public HttpResponse<String> get(String path) {
        try {
            return HTTP.send(
                    HttpRequest.newBuilder(URI.create(url(path)))
                            .timeout(Duration.ofSeconds(10))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Output and exit code of a container. */
    public record Output(int code, String out, String err) {}

    public Output run(ContainerSpec spec) {
        return run(LaunchOrder.attached(spec));
    }

    public Output run(LaunchOrder order) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        OutputSink sink = (stream, bytes, offset, length) ->
                (stream == OutputSink.Stream.STDOUT ? out : err).write(bytes, offset, length);
        var end = containers().run(order, sink, _ -> {});
        return new Output(
                end.status().orElseThrow().code(),
                out.toString(StandardCharsets.UTF_8),
                err.toString(StandardCharsets.UTF_8));
    }

    /** Runs a command of the command-line client. */
    public ManagerProcess.Result nucleus(String... arguments) {
        var command = new ArrayList<>(List.of(ManagerProcess.CLIENT.toString(), "--socket", socket().toString()));
        command.addAll(List.of(arguments));
        try {
            return ManagerProcess.finish(new ProcessBuilder(command).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a shell command in agent mode. */
    public Output sh(String command) {
        return run(ContainerSpec.of(Mode.AGENT, List.of("/bin/sh", "-c", command)));
    }

    public Container launch(String... command) {
        return containers().launch(LaunchOrder.detached(ContainerSpec.of(Mode.AGENT, List.of(command))));
    }

    public ReplicaView replica(String name) {
        return fleets().replica(name).orElseThrow();
    }

    public void await(String replica, ReplicaStatus status) {
        Awaitility.await(replica + " is " + status)
                .pollInterval(Duration.ofMillis(5))
                .atMost(Duration.ofSeconds(60))
                .until(() -> replica(replica).status() == status);
    }

    /** The container of a replica; waits for one whose launch has just begun. */
    public Container containerOf(String replica) {
        return Awaitility.await(replica + " has a container")
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> replica(replica).containerId().flatMap(containers()::byId), Optional::isPresent)
                .orElseThrow();
    }

    public int pidOf(String replica) {
        return containerOf(replica).whileRunning().orElseThrow().pid();
    }

    /** Listens to the manager's events, in the thread that publishes them. */
    public <E> void listen(Class<E> type, Consumer<E> listener) {
        context.addApplicationListener(event -> {
            if (event instanceof PayloadApplicationEvent<?> told && type.isInstance(told.getPayload())) {
                listener.accept(type.cast(told.getPayload()));
            }
        });
    }

    /** Publishes an event, as a component of the manager would. */
    public void publish(Object event) {
        context.publishEvent(event);
    }

    /** Stops this manager and leaves its containers running, as a stop of the service does. */
    public void leave() {
        context.close();
    }

    @Override
    public void close() {
        try {
            if (context.isActive()) {
                for (ReplicaView replica : fleets().replicas()) {
                    fleets().stopReplica(replica.name());
                }
                for (Container container : containers().all()) {
                    containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
                }
                List<String> ids =
                        containers().all().stream().map(Container::id).toList();
                context.close();
                Remains.awaitNone(ids);
            }
            Remains.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
