package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.ServiceNotify;
import dev.nucleus.spec.WorkspaceMount;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The command of a container, its environment and its working directory. */
final class WorkloadCommand {

    private static final String LAYER = FilesystemLayer.NAME;

    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private WorkloadCommand() {}

    private static String workdir(Filesystem filesystem) {
        if (filesystem.workspace().isPresent()) {
            return WorkspaceMount.TARGET;
        }
        return filesystem.rootfs().isPresent() ? "/" : Filesystem.HOME;
    }

    static void add(PreparedLaunch launch, LaunchPlan.Identity identity, LaunchPlan.Builder plan, HostFeatures host) {
        var variables = new TreeMap<String, String>();
        variables.put("PATH", PATH);
        variables.put("HOME", Filesystem.HOME);
        variables.put("LANG", "C.UTF-8");
        variables.put("USER", identity.uid() == 0 ? "root" : "agent");
        launch.spec().notification().ifPresent(notify -> {
            variables.put("NOTIFY_SOCKET", ServiceNotify.SOCKET);
            notify.watchdog()
                    .ifPresent(within ->
                            variables.put("WATCHDOG_USEC", Long.toString(TimeUnit.MICROSECONDS.convert(within))));
        });
        variables.putAll(launch.spec().env());
        plan.command(new LaunchPlan.Command(
                launch.spec().workdir().orElse(workdir(launch.spec().filesystem())),
                launch.spec().command(),
                variables.entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .toList()));
        plan.cannot(LAYER, "see the host's environment variables", "it gets PATH, HOME, LANG, USER and the spec's");
        if (!host.identity().root()) {
            plan.can(LAYER, "read what user " + host.identity().uid() + " may read in /usr", "rootless");
        }
    }
}
