package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.rootfs.RootfsException;
import dev.nucleus.rootfs.RootfsTree;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.ServiceNotify;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The root filesystem a container sees, the environment and the command that starts in it. */
@Component
@Order(40)
final class FilesystemLayer implements Layer {

    /** A read-only mount does not prevent connecting: the kernel looks at the mode of the socket's inode alone. */
    private static final String CONNECTS = ", and connect to Unix sockets in it";

    static final String NAME = "filesystem";
    private static final String LAYER = NAME;
    /** Below where copies are made for a container. */
    static final String CONTEXT_COPY = "context";

    static final String WORKSPACE_COPY = "workspace";
    private static final String ROOT_OPTIONS = "size=1G,mode=755";
    private static final RootfsTree NO_ROOTFS = new RootfsTree(0, 0, List.of());

    private final HostFeatures host;
    /** How the host's program directories lie, looked at once: that changes with a release of the host's system. */
    private final List<RootfsStep> hostPrograms;

    private final EtcFiles etc;
    private final RootfsAttestation attestation;

    FilesystemLayer(HostFeatures host) {
        this.host = host;
        var tree = new RootTree();
        RootFiles.bindHostPrograms(tree);
        this.hostPrograms = tree.steps();
        this.etc = new EtcFiles();
        this.attestation = new RootfsAttestation(host.identity().uid());
    }

    @Override
    public void contribute(LaunchRequest request, LaunchPlan.Builder plan) {
        LaunchPlan.Identity identity = plan.identity();
        Filesystem filesystem = request.spec().filesystem();
        List<MemoryMount> memory = MemoryMount.of(filesystem);
        var tree = new RootTree();
        Filesystem placed = RootfsLinks.of(filesystem).place(filesystem);
        RootfsTree rootfs = root(request, tree, plan);
        addPseudoFilesystems(request, memory, tree, plan);
        placed.volumes()
                .forEach(volume -> Volumes.add(
                        tree, volume, request, identity, plan, host.identity().root()));
        ExecutionRules.explain(request, memory, plan);
        WorkingDirectories.context(request, tree, plan);
        WorkingDirectories.workspace(request, tree, plan, host);
        Secrets.add(tree, filesystem.secrets(), identity, plan);
        if (request.spec().notification().isPresent()) {
            notify(request, tree, plan);
        }
        seal(request, tree, plan);
        plan.rootfs(new LaunchPlan.Rootfs(
                ROOT_OPTIONS, tree.steps(), request.posture().mountsAudited(), writable(placed, rootfs)));
        WorkloadCommand.add(request, identity, plan, host);
    }

    /** The directories at the root: of the rootfs, or the host's programs and an /etc for them. */
    private RootfsTree root(LaunchRequest request, RootTree tree, LaunchPlan.Builder plan) {
        Optional<Path> rootfs = request.spec().filesystem().rootfs();
        if (rootfs.isEmpty()) {
            hostPrograms.forEach(tree::add);
            etc.add(tree, plan.identity(), request.name());
            plan.can(LAYER, "run the host's programs in /usr", "no rootfs was given; they are read-only")
                    .cannot(LAYER, "see the host's /etc, /home, /var or /root", "it gets a small /etc of its own");
            return NO_ROOTFS;
        }
        Optional<String> pin = request.spec().filesystem().rootfsSha256();
        Optional<RootfsAttestation.Result> attested = request.posture().rootfsAttested() || pin.isPresent()
                ? Optional.of(attest(rootfs.get(), pin))
                : Optional.empty();
        RootfsTree found = attested.map(RootfsAttestation.Result::tree).orElseGet(() -> RootfsTree.of(rootfs.get()));
        RootFiles.rootfs(
                request,
                rootfs.get(),
                found,
                attested.map(FilesystemLayer::words).orElse(""),
                tree,
                plan);
        return found;
    }

    /** gVisor makes its own. */
    private static void addPseudoFilesystems(
            LaunchRequest request, List<MemoryMount> memory, RootTree tree, LaunchPlan.Builder plan) {
        if (request.sandboxed()) {
            PseudoFilesystems.addMountPoints(tree, memory);
            return;
        }
        PseudoFilesystems.addDevices(tree, plan.mapped());
        PseudoFilesystems.addTerminals(tree, plan.mapped(), plan.identity());
        plan.can(LAYER, "open pseudo-terminals of its own", "/dev/pts, at most " + PseudoFilesystems.TERMINALS);
        tree.add(new RootfsStep.Directory("/run"));
        PseudoFilesystems.addProc(tree, request.posture().hideProcesses());
        memory.forEach(mount -> PseudoFilesystems.addMemory(tree, mount, plan.identity()));
    }

    /** Once everything is mounted. */
    private static void seal(LaunchRequest request, RootTree tree, LaunchPlan.Builder plan) {
        if (!request.sandboxed()) {
            tree.add(new RootfsStep.Seal("/dev", MountAttributes.READ_ONLY));
        }
        tree.add(new RootfsStep.Seal("/", MountAttributes.READ_ONLY));
        if (request.posture().mountsAudited()) {
            plan.cannot(LAYER, "start with a mount that is looser than planned", "every mount is audited from inside");
        }
        plan.cannot(LAYER, "write to /proc or see kernel memory, keys and timers there", "read-only, with masks");
    }

    private RootfsAttestation.Result attest(Path rootfs, Optional<String> pin) {
        RootfsAttestation.Result result = attestation.verify(rootfs);
        pin.filter(digest -> !digest.equals(result.digest())).ifPresent(digest -> {
            throw new RootfsException("rootfs-sha256: the manifest of " + rootfs + " has the SHA-256 " + result.digest()
                    + ", but " + digest + " is pinned; look at what changed, then pin the new one");
        });
        return result;
    }

    private static String words(RootfsAttestation.Result attested) {
        return " and attested: %d files, manifest sha256 %s".formatted(attested.files(), attested.digest());
    }

    private static List<String> writable(Filesystem filesystem, RootfsTree rootfs) {
        boolean workspace = filesystem
                .workspace()
                .filter(mount -> mount.access() != WorkspaceMount.Access.BIND_RO)
                .isPresent();
        List<String> overlaid = new ArrayList<>();
        if (filesystem.overlay().isPresent()) {
            RootFiles.eachTop(rootfs, entry -> overlaid.add("/" + entry.name()));
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

    /** gVisor knows no sockets of the host's file systems. */
    static String connects(LaunchRequest request) {
        return request.sandboxed() ? "" : CONNECTS;
    }

    /** A socket of the shim, through which the workload reports its state; it leads nowhere else. */
    private static void notify(LaunchRequest request, RootTree tree, LaunchPlan.Builder plan) {
        if (request.sandboxed()) {
            throw new UnsupportedLayerException(
                    "a notify probe needs a socket of the host's, which gVisor passes on to "
                            + "no container; write another kind of probe");
        }
        String socket = request.places().socket() + ".notify";
        plan.notifySocket(socket);
        tree.parents(ServiceNotify.SOCKET);
        tree.add(new RootfsStep.Bind(
                ServiceNotify.SOCKET,
                HostPath.own(socket),
                MountAttributes.READ_ONLY | MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC,
                false));
        plan.can(LAYER, "report its state to Nucleus", "a notify probe, by " + ServiceNotify.SOCKET);
    }
}
