package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.preparation.ContainerRoot;
import dev.nucleus.preparation.HostRoot;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.ServiceNotify;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The root filesystem a container sees, the environment and the command that starts in it. */
@Component
@Order(40)
final class FilesystemLayer implements Layer {

    /** A read-only mount does not prevent connecting: the kernel checks only the mode of the socket's inode. */
    private static final String CONNECTS = ", and connect to Unix sockets in it";

    static final String NAME = "filesystem";
    private static final String LAYER = NAME;
    /** Name of the context's copy below the directory of the container's copies. */
    static final String CONTEXT_COPY = "context";

    static final String WORKSPACE_COPY = "workspace";
    private static final String ROOT_OPTIONS = "size=1G,mode=755";

    private final HostFeatures host;

    FilesystemLayer(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        LaunchPlan.Identity identity = plan.identity();
        Filesystem filesystem = launch.spec().filesystem();
        List<MemoryMount> memory = MemoryMount.of(filesystem);
        var tree = new RootTree();
        Filesystem placed = launch.root().placed();
        root(launch, tree, plan);
        addPseudoFilesystems(launch, memory, tree, plan);
        placed.volumes()
                .forEach(volume -> Volumes.add(
                        tree, volume, launch, identity, plan, host.identity().root()));
        ExecutionRules.explain(launch, memory, plan);
        WorkingDirectories.context(launch, tree, plan);
        WorkingDirectories.workspace(launch, tree, plan, host);
        Secrets.add(tree, launch, identity, plan);
        if (launch.spec().notification().isPresent()) {
            notify(launch, tree, plan);
        }
        seal(launch, tree, plan);
        plan.rootfs(new LaunchPlan.Rootfs(
                ROOT_OPTIONS, tree.steps(), launch.posture().mountsAudited(), writable(launch.root())));
        WorkloadCommand.add(launch, identity, plan, host);
    }

    /** Adds the top-level directories: those of the rootfs, or the host's programs and a minimal /etc. */
    private static void root(PreparedLaunch launch, RootTree tree, LaunchPlan.Builder plan) {
        switch (launch.root().base()) {
            case HostRoot host -> {
                RootFiles.bindHostPrograms(host, tree);
                EtcFiles.add(
                        host,
                        tree,
                        plan.identity(),
                        launch.name(),
                        launch.request().network().resolver());
                plan.can(LAYER, "run the host's programs in /usr", "no rootfs was given; they are read-only")
                        .cannot(LAYER, "see the host's /etc, /home, /var or /root", "it gets a small /etc of its own");
            }
            case ContainerRoot.Rootfs rootfs -> {
                RootFiles.rootfs(launch, rootfs, tree, plan);
                launch.request().network().resolverFile().ifPresent(file -> RootFiles.resolver(file, tree));
            }
        }
    }

    /** Adds /dev, /proc and the in-memory mounts; for gVisor, which provides its own, only their mount points. */
    private static void addPseudoFilesystems(
            PreparedLaunch launch, List<MemoryMount> memory, RootTree tree, LaunchPlan.Builder plan) {
        if (launch.usesGvisor()) {
            PseudoFilesystems.addMountPoints(tree, memory);
            return;
        }
        PseudoFilesystems.addDevices(tree, plan.mapped());
        PseudoFilesystems.addTerminals(tree, plan.mapped(), plan.identity());
        plan.can(LAYER, "open pseudo-terminals of its own", "/dev/pts, at most " + PseudoFilesystems.TERMINALS);
        tree.add(new RootfsStep.Directory("/run"));
        PseudoFilesystems.addProc(tree, launch.posture().hideProcesses());
        memory.forEach(mount -> PseudoFilesystems.addMemory(tree, mount, plan.identity()));
    }

    /** Makes the root read-only; called once everything is mounted. */
    private static void seal(PreparedLaunch launch, RootTree tree, LaunchPlan.Builder plan) {
        if (!launch.usesGvisor()) {
            tree.add(new RootfsStep.Seal("/dev", MountAttributes.READ_ONLY));
        }
        tree.add(new RootfsStep.Seal("/", MountAttributes.READ_ONLY));
        if (launch.posture().mountsAudited()) {
            plan.cannot(LAYER, "start with a mount that is looser than planned", "every mount is audited from inside");
        }
        plan.cannot(LAYER, "write to /proc or see kernel memory, keys and timers there", "read-only, with masks");
    }

    private static List<String> writable(ContainerRoot root) {
        Filesystem filesystem = root.placed();
        boolean workspace = filesystem
                .workspace()
                .filter(mount -> mount.access() != WorkspaceMount.Access.BIND_RO)
                .isPresent();
        List<String> overlaid = new ArrayList<>();
        if (filesystem.overlay().isPresent() && root.base() instanceof ContainerRoot.Rootfs rootfs) {
            RootFiles.forEachTopLevel(rootfs.tree(), entry -> overlaid.add("/" + entry.name()));
        }
        return Stream.of(
                        MemoryMount.of(filesystem).stream().map(MemoryMount::target),
                        workspace ? Stream.of(WorkspaceMount.TARGET) : Stream.<String>empty(),
                        overlaid.stream(),
                        filesystem.volumes().stream()
                                .filter(volume -> !volume.readOnly())
                                .map(VolumeMount::target))
                .flatMap(targets -> targets)
                .toList();
    }

    /** gVisor gives no access to Unix sockets in host directories. */
    static String connects(PreparedLaunch launch) {
        return launch.usesGvisor() ? "" : CONNECTS;
    }

    /** Adds the shim's socket through which the workload reports its state; it gives access to nothing else. */
    private static void notify(PreparedLaunch launch, RootTree tree, LaunchPlan.Builder plan) {
        if (launch.usesGvisor()) {
            throw new UnsupportedLayerException(
                    "a notify probe needs a socket of the host, which gVisor doesn't pass to "
                            + "containers; use another kind of probe");
        }
        String socket = launch.request().places().socket() + ".notify";
        plan.notifySocket(socket);
        tree.parents(ServiceNotify.SOCKET);
        tree.add(new RootfsStep.Bind(
                ServiceNotify.SOCKET,
                HostPath.own(socket),
                MountAttributes.READ_ONLY | MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC,
                false));
        plan.can(LAYER, "report its state to Nucleus", "a notify probe, through " + ServiceNotify.SOCKET);
    }
}
