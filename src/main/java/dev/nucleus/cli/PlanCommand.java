package dev.nucleus.cli;

import dev.nucleus.container.Containers;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * {@code nucleus plan}: explains what a launch would do and how the container would be confined, without starting
 * anything.
 */
@CommandLine.Command(
        name = "plan",
        description =
                "Explain the confinement of a service (FLEET/SERVICE), or of a command as run would launch it. Nothing "
                        + "is started.")
final class PlanCommand implements Callable<Integer> {

    private final Containers containers;
    private final Fleets fleets;
    private final Session session;

    @CommandLine.Mixin
    private ContainerOptions options = new ContainerOptions();

    @CommandLine.Option(names = "--steps", description = "also list the steps that build the root filesystem")
    private boolean steps;

    @CommandLine.Option(names = "--service", paramLabel = "FLEET/SERVICE", description = "service to explain")
    private @Nullable String service;

    @CommandLine.Parameters(
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "FLEET/SERVICE, or a command and its arguments")
    private List<String> command = List.of();

    PlanCommand(Containers containers, Fleets fleets, Session session) {
        this.containers = containers;
        this.fleets = fleets;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        LaunchPlan plan = containers.plan(order());
        session.print(plan.name() + ", " + plan.mode() + " mode: " + String.join(" ", plan.workload()));
        for (String line : plan.explain()) {
            session.print("  " + line);
        }
        if (steps) {
            session.print("root filesystem:");
            for (RootfsStep step : plan.rootfs().steps()) {
                session.print("  " + describe(step));
            }
            for (LaunchPlan.Cgroup.Write write : plan.cgroup().writes()) {
                session.print("cgroup: " + write.file() + " = " + write.value());
            }
        }
        return 0;
    }

    private LaunchOrder order() throws IOException {
        String reference = service != null
                ? service
                : command.size() == 1
                                && command.getFirst().contains("/")
                                && !command.getFirst().startsWith("/")
                        ? command.getFirst()
                        : null;
        if (reference != null) {
            Fleets.ServiceDefinition definition = fleets.definition(reference);
            return LaunchOrder.detached(
                            Optional.of(definition.name()), definition.service().container())
                    .withVolumes(definition.volumes());
        }
        if (command.isEmpty()) {
            throw new InvalidSpecException("name a service (FLEET/SERVICE), or give a command");
        }
        return LaunchOrder.detached(options.spec(command, session));
    }

    private static String describe(RootfsStep step) {
        return switch (step) {
            case RootfsStep.Directory(var target, var _, var _, var _) -> "directory " + target;
            case RootfsStep.File file -> "file " + file.target() + " (" + file.content().length + " bytes)";
            case RootfsStep.Symlink(var target, var to) -> "link " + target + " → " + to;
            case RootfsStep.Bind(var target, var source, var attributes, var _, var _) ->
                "bind " + source + " on " + target + " " + MountAttributes.describe(attributes);
            case RootfsStep.Volume(var target, var source, var attributes, var _, var _, var _, var _) ->
                "volume " + source + " on " + target + " " + MountAttributes.describe(attributes);
            case RootfsStep.Workspace(var target, var source, var attributes, var uid, var gid) ->
                "bind " + source + " on " + target + " " + MountAttributes.describe(attributes) + ", " + uid + ":" + gid
                        + " mapped to the workload's user";
            case RootfsStep.Overlay(var target, var source, var _) -> "overlay on " + target + " over " + source;
            case RootfsStep.Detach(var target) -> "detach " + target;
            case RootfsStep.Self(var target) -> "copy of nucleus-spawner to " + target;
            case RootfsStep.Secret(var target, var source, var mode, var _, var _) ->
                "copy of secret " + source + " on " + target + " 0%o".formatted(mode);
            case RootfsStep.Tmpfs(var target, var tmpfs, var attributes) ->
                "tmpfs on " + target + " " + MountAttributes.describe(attributes) + " " + tmpfs;
            case RootfsStep.Proc(var target, var proc, var attributes) ->
                "proc on " + target + " " + MountAttributes.describe(attributes) + " " + proc;
            case RootfsStep.Devpts(var target, var devpts, var attributes) ->
                "devpts on " + target + " " + MountAttributes.describe(attributes) + " " + devpts;
            case RootfsStep.Device(var target, var _, var major, var minor) ->
                "device " + target + " " + major + ":" + minor;
            case RootfsStep.MaskFile(var target) -> "mask " + target;
            case RootfsStep.MaskDirectory(var target) -> "mask " + target + "/";
            case RootfsStep.Seal(var target, var attributes) ->
                "seal " + target + " " + MountAttributes.describe(attributes);
        };
    }
}
