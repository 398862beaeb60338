package dev.nucleus.cli;

import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.cgroup.CgroupUsages;
import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.network.NetworkEndpoint;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.network.NetworkView;
import dev.nucleus.plan.Statement;
import dev.nucleus.preparation.Workload;
import dev.nucleus.spec.Cidr;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.PublishedPort;
import dev.nucleus.spec.WorkspaceMount;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** {@code nucleus inspect}: prints everything known about containers, except possible secrets. */
@CommandLine.Command(
        name = "inspect",
        description = "Print everything known about containers as JSON. Values of environment variables are hidden.")
final class InspectCommand implements Callable<Integer> {

    private static final ObjectWriter JSON = JsonMapper.shared()
            .writerWithDefaultPrettyPrinter()
            // Untrusted text must not control the terminal.
            .with(JsonWriteFeature.ESCAPE_NON_ASCII);

    private final Containers containers;
    private final Fleets fleets;
    private final CgroupUsages usages;
    private final CgroupRemoval cgroups;
    private final NetworkQueries networks;
    private final Session session;

    @CommandLine.Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "container names or ID prefixes")
    private List<String> references = List.of();

    InspectCommand(
            Containers containers,
            Fleets fleets,
            CgroupUsages usages,
            CgroupRemoval cgroups,
            NetworkQueries networks,
            Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.usages = usages;
        this.cgroups = cgroups;
        this.networks = networks;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        var found = new ArrayList<Map<String, @Nullable Object>>();
        int code = 0;
        for (String reference : references) {
            try {
                found.add(describe(Target.find(containers, fleets, reference)));
            } catch (InvalidSpecException e) {
                code = Failures.report(e, "inspect", session.writer(true));
            }
        }
        session.print(JSON.writeValueAsString(found));
        return code;
    }

    private Map<String, @Nullable Object> describe(Target target) {
        return switch (target) {
            case Target.Standalone(var container) -> describe(container);
            case Target.Replica(var view, var container) -> {
                Map<String, @Nullable Object> fields =
                        container.map(this::describe).orElseGet(LinkedHashMap::new);
                fields.put("name", view.name());
                fields.put("replica", view);
                yield fields;
            }
        };
    }

    private Map<String, @Nullable Object> describe(Container container) {
        JsonNode spec = containers.specification(container);
        var fields = new LinkedHashMap<String, @Nullable Object>();
        fields.put("id", container.id());
        fields.put("name", container.name());
        fields.put("createdAt", container.record().createdAt().toString());
        fields.put("state", state(container));
        fields.put("attached", container.record().attached());
        fields.put("replica", null);
        fields.put("command", container.command());
        fields.put("confinement", confinement(container.statements()));
        fields.put("mounts", mounts(container, spec));
        fields.put("networks", attachments(container));
        fields.put(
                "ports",
                networks.portsOf(container.id()).stream()
                        .map(PublishedPort::toString)
                        .toList());
        fields.put("processes", container.isRunning() ? ContainerProcess.of(container, cgroups) : List.of());
        fields.put("usage", usages.of(container.id()));
        fields.put("notified", container.notifyState().snapshot());
        fields.put("log", container.log().directory().toString());
        fields.put("spec", spec);
        return fields;
    }

    private static Map<String, @Nullable Object> state(Container container) {
        var fields = new LinkedHashMap<String, @Nullable Object>();
        fields.put("status", container.paused() ? "paused" : container.state().word());
        switch (container.state()) {
            case ContainerState.Creating() -> {}
            case ContainerState.Created created -> fields.put("pid", created.pid());
            case ContainerState.Running running -> {
                fields.put("pid", running.pid());
                fields.put("startedAt", running.startedAt().toString());
            }
            case ContainerState.CopyingBack(var end) -> putEnd(fields, end);
            case ContainerState.Stopped stopped -> putEnd(fields, stopped);
        }
        return fields;
    }

    private static void putEnd(Map<String, @Nullable Object> fields, ContainerState.Stopped stopped) {
        fields.put("startedAt", stopped.startedAt().map(Object::toString).orElse(null));
        fields.put("exitedAt", stopped.exitedAt().toString());
        fields.put("exitCode", stopped.status().map(status -> status.code()).orElse(null));
        fields.put(
                "signal",
                stopped.status()
                        .flatMap(status -> status.signal())
                        .map(Object::toString)
                        .orElse(null));
        fields.put(
                "outOfMemory",
                stopped.status().map(status -> status.outOfMemory()).orElse(null));
    }

    private static Map<String, List<String>> confinement(List<Statement> statements) {
        return Map.of(
                "allowed",
                statements.stream()
                        .filter(Statement::allowed)
                        .map(InspectCommand::sentence)
                        .toList(),
                "denied",
                statements.stream()
                        .filter(statement -> !statement.allowed())
                        .map(InspectCommand::sentence)
                        .toList());
    }

    private static String sentence(Statement statement) {
        return statement.what() + " (" + statement.layer() + ": " + statement.because() + ")";
    }

    private List<Map<String, Object>> attachments(Container container) {
        var attachments = new ArrayList<Map<String, Object>>();
        for (NetworkView network : networks.views()) {
            for (NetworkEndpoint endpoint : network.endpoints()) {
                if (endpoint.member().id().equals(container.id())) {
                    var fields = new LinkedHashMap<String, Object>();
                    fields.put("network", network.name());
                    fields.put(
                            "addresses",
                            endpoint.addresses().all().map(Cidr::text).toList());
                    fields.put("gateway", Cidr.text(network.gateways().getFirst()));
                    fields.put("names", endpoint.names());
                    fields.put("serving", endpoint.serving());
                    attachments.add(fields);
                }
            }
        }
        return attachments;
    }

    private List<Map<String, Object>> mounts(Container container, JsonNode spec) {
        JsonNode filesystem = spec.path("filesystem");
        var mounts = new ArrayList<Map<String, Object>>();
        mounts.addAll(volumes(container, filesystem.path("volumes")));
        for (JsonNode tmpfs : filesystem.path("tmpfs")) {
            Map<String, Object> mount = mount("tmpfs", "", tmpfs.path("target").asString());
            mount.put("size", tmpfs.path("size").path("bytes").asLong());
            mount.put("exec", tmpfs.path("execute").asBoolean());
            mounts.add(mount);
        }
        for (JsonNode secret : filesystem.path("secrets")) {
            mounts.add(mount(
                    "secret",
                    secret.path("source").asString(),
                    secret.path("target").asString()));
        }
        JsonNode workspace = filesystem.path("workspace");
        if (workspace.isObject()) {
            Map<String, Object> mount =
                    mount("workspace", workspace.path("source").asString(), WorkspaceMount.TARGET);
            mount.put("access", workspace.path("access").asString());
            mount.put("exec", workspace.path("execute").asBoolean());
            mounts.add(mount);
        }
        JsonNode context = filesystem.path("context");
        if (context.isObject()) {
            mounts.add(mount("context", context.path("source").asString(), ContextMount.TARGET));
        }
        return mounts;
    }

    private List<Map<String, Object>> volumes(Container container, JsonNode declared) {
        var mounts = new ArrayList<Map<String, Object>>();
        Map<String, Workload.HostVolume> volumes = container.record().replica() == null
                ? Map.of()
                : fleets.replica(container.name())
                        .map(view -> fleets.definition(view.name()).volumes())
                        .orElse(Map.of());
        for (JsonNode volume : declared) {
            String source = volume.path("source").asString();
            boolean named = !source.startsWith("/");
            String path = Optional.ofNullable(volumes.get(source))
                    .map(host -> host.path().toString())
                    .orElse(source);
            Map<String, Object> mount =
                    mount(named ? "volume" : "bind", path, volume.path("target").asString());
            mount.put("readOnly", volume.path("readOnly").asBoolean());
            mount.put("exec", volume.path("execute").asBoolean());
            mounts.add(mount);
        }
        return mounts;
    }

    private static Map<String, Object> mount(String type, String source, String target) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("type", type);
        if (!source.isEmpty()) {
            fields.put("source", source);
        }
        fields.put("target", target);
        return fields;
    }
}
