package dev.nucleus.isolation;

import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.HostDirectory;
import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.plan.RootfsStep.Owners;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.rootfs.RootfsException;
import dev.nucleus.rootfs.RootfsTree;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.ServiceNotify;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The root filesystem a container sees, the environment and the command that starts in it. */
@Component
@Order(40)
final class FilesystemLayer implements Layer {

    /** A read-only mount does not prevent connecting: the kernel looks at the mode of the socket's inode alone. */
    private static final String CONNECTS = ", and connect to Unix sockets in it";

    private static final String LAYER = "filesystem";
    /** Below where copies are made for a container. */
    static final String CONTEXT_COPY = "context";

    static final String WORKSPACE_COPY = "workspace";
    /** As in native/src/overlay.h. */
    private static final String LAYERS = "/.layers";

    /** As many pseudo-terminals may be open at once; the kernel doesn't count their buffers to the memory of a cgroup. */
    private static final int TERMINALS = 64;

    private static final String ROOT_OPTIONS = "size=1G,mode=755";
    static final List<String> HOST_TREES = List.of("bin", "sbin", "usr", "lib", "lib64", "lib32", "libx32");
    /** Never taken from a root filesystem: the container gets its own. */
    static final Set<String> OWN_TREES = Set.of(
            "proc",
            "sys",
            "dev",
            "tmp",
            "run",
            "home",
            "root",
            "boot",
            "mnt",
            "media",
            "lost+found",
            ".nucleus",
            ".layers");

    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static final RootfsTree NO_ROOTFS = new RootfsTree(0, 0, List.of());

    private final HostFeatures host;
    /** How the host's program directories lie, looked at once: that changes with a release of the host's system. */
    private final List<RootfsStep> hostPrograms;

    private final EtcFiles etc;
    private final RootfsAttestation attestation;

    FilesystemLayer(HostFeatures host) {
        this.host = host;
        var tree = new RootTree();
        bindHostPrograms(tree);
        this.hostPrograms = tree.steps();
        this.etc = new EtcFiles();
        this.attestation = new RootfsAttestation(host.identity().uid());
    }

    @Override
    public void contribute(LaunchRequest request, LaunchPlan.Builder plan) {
        LaunchPlan.Identity identity = plan.identity();
        var tree = new RootTree();
        RootfsTree found = NO_ROOTFS;
        Filesystem placed =
                RootfsLinks.of(request.spec().filesystem()).place(request.spec().filesystem());
        List<MemoryMount> memory = MemoryMount.of(request.spec().filesystem());
        if (request.spec().filesystem().rootfs().isPresent()) {
            Path rootfs = request.spec().filesystem().rootfs().get();
            Optional<String> pin = request.spec().filesystem().rootfsSha256();
            Optional<RootfsAttestation.Result> attested = request.posture().rootfsAttested() || pin.isPresent()
                    ? Optional.of(attest(rootfs, pin))
                    : Optional.empty();
            found = attested.map(RootfsAttestation.Result::tree).orElseGet(() -> RootfsTree.of(rootfs));
            rootfs(request, rootfs, found, attested.map(FilesystemLayer::words).orElse(""), tree, plan);
        } else {
            hostPrograms.forEach(tree::add);
            etc.add(tree, identity, request.name());
            plan.can(LAYER, "run the host's programs in /usr", "no rootfs was given; they are read-only")
                    .cannot(LAYER, "see the host's /etc, /home, /var or /root", "it gets a small /etc of its own");
        }
        if (request.sandboxed()) {
            addMountPoints(tree, memory);
        } else {
            addDevices(tree, plan.mapped());
            addTerminals(tree, plan.mapped(), identity);
            plan.can(LAYER, "open pseudo-terminals of its own", "/dev/pts, at most " + TERMINALS);
            tree.add(new RootfsStep.Directory("/run"));
            addProc(tree, request.posture().hideProcesses());
            memory.forEach(mount -> addMemory(tree, mount, identity));
        }
        placed.volumes().forEach(volume -> addVolume(tree, volume, request, identity, plan));
        explainExecution(request, memory, plan);
        context(request, tree, plan);
        workspace(request, tree, plan);
        addSecrets(tree, request.spec().filesystem().secrets(), identity, plan);
        if (request.spec().notification().isPresent()) {
            notify(request, tree, plan);
        }
        if (!request.sandboxed()) {
            tree.add(new RootfsStep.Seal("/dev", MountAttributes.READ_ONLY));
        }
        tree.add(new RootfsStep.Seal("/", MountAttributes.READ_ONLY));
        plan.rootfs(new LaunchPlan.Rootfs(
                ROOT_OPTIONS, tree.steps(), request.posture().mountsAudited(), writable(placed, found)));
        if (request.posture().mountsAudited()) {
            plan.cannot(LAYER, "start with a mount that is looser than planned", "every mount is audited from inside");
        }
        plan.cannot(LAYER, "write to /proc or see kernel memory, keys and timers there", "read-only, with masks");
        command(request, identity, plan);
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

    private static void bindHostPrograms(RootTree tree) {
        for (String name : HOST_TREES) {
            bindTop(HostPath.own("/" + name), "/" + name, tree, false);
        }
    }

    /** A link stays a link (/bin → usr/bin), a directory is bound read-only. */
    private static void bindTop(HostPath source, String target, RootTree tree, boolean mapped) {
        Path path = Path.of(source.path());
        try {
            if (RootfsLinks.isLink(path)) {
                tree.add(new RootfsStep.Symlink(
                        target, Files.readSymbolicLink(path).toString()));
            } else if (Files.isDirectory(path)) {
                tree.bind(target, source, MountAttributes.SEALED, mapped ? Owners.MAPPED_WHERE_POSSIBLE : Owners.HOST);
            }
        } catch (IOException e) {
            throw new InvalidSpecException("can't read " + source + ": " + e.getMessage());
        }
    }

    private static void rootfs(
            LaunchRequest request,
            Path rootfs,
            RootfsTree found,
            String attested,
            RootTree tree,
            LaunchPlan.Builder plan) {
        Optional<MemorySize> overlay = request.spec().filesystem().overlay();
        // gVisor has an overlay of its own.
        if (overlay.isPresent() && !request.sandboxed()) {
            tree.add(new RootfsStep.Directory(LAYERS));
            tree.add(new RootfsStep.Tmpfs(
                    LAYERS,
                    "size=" + overlay.get().bytes() + ",mode=700",
                    MountAttributes.NO_SUID | MountAttributes.NO_DEV));
            eachTop(found, entry -> overlayTop(rootfs, entry, tree, plan.mapped()));
            tree.add(new RootfsStep.Detach(LAYERS));
        } else {
            eachTop(found, entry -> bindTop(rootfs, entry, tree, plan.mapped()));
        }
        overlay.ifPresentOrElse(
                size -> plan.can(
                        LAYER,
                        "write over its root filesystem for as long as it lives, in memory",
                        "overlay: " + size + "; rootfs " + rootfs + " stays as it is" + attested),
                () -> plan.cannot(LAYER, "change its programs", "rootfs " + rootfs + " is read-only" + attested));
    }

    /** As {@link #bindTop(Path, String, RootTree, boolean)}, of what was found there: it may be another by now. */
    private static void bindTop(Path rootfs, RootfsTree.Entry entry, RootTree tree, boolean mapped) {
        String target = "/" + entry.name();
        switch (entry.type()) {
            case SYMBOLIC_LINK -> tree.add(new RootfsStep.Symlink(target, entry.linkTarget()));
            case DIRECTORY ->
                tree.bind(
                        target,
                        found(rootfs, entry),
                        MountAttributes.SEALED,
                        mapped ? Owners.MAPPED_WHERE_POSSIBLE : Owners.HOST);
            case REGULAR_FILE, FIFO, SOCKET, DEVICE -> {
                // The manifest, and what no root directory has.
            }
        }
    }

    private static HostPath found(Path rootfs, RootfsTree.Entry entry) {
        return HostPath.ofRootfs(rootfs.resolve(entry.name()).toString()).verified(entry.device(), entry.inode());
    }

    private static void overlayTop(Path rootfs, RootfsTree.Entry entry, RootTree tree, boolean mapped) {
        if (entry.type() == FileStat.Type.DIRECTORY) {
            String target = "/" + entry.name();
            tree.add(new RootfsStep.Directory(target));
            tree.add(new RootfsStep.Overlay(
                    target, found(rootfs, entry), mapped ? Owners.MAPPED_WHERE_POSSIBLE : Owners.HOST));
        } else {
            bindTop(rootfs, entry, tree, mapped);
        }
    }

    private static void eachTop(RootfsTree rootfs, Consumer<RootfsTree.Entry> action) {
        rootfs.entries().stream()
                .filter(entry -> !OWN_TREES.contains(entry.name()))
                .forEach(action);
    }

    private static void addDevices(RootTree tree, boolean mapped) {
        tree.add(new RootfsStep.Directory("/dev"));
        tree.add(new RootfsStep.Tmpfs("/dev", "size=64K,mode=755", MountAttributes.NO_SUID | MountAttributes.NO_EXEC));
        Map<String, Integer> devices =
                new TreeMap<>(Map.of("null", 3, "zero", 5, "full", 7, "random", 8, "urandom", 9));
        devices.forEach((name, minor) -> tree.add(
                mapped
                        // A user namespace may not make device nodes (user_namespaces(7)).
                        ? new RootfsStep.Bind(
                                "/dev/" + name,
                                HostPath.own("/dev/" + name),
                                MountAttributes.NO_SUID | MountAttributes.NO_EXEC,
                                false)
                        : new RootfsStep.Device("/dev/" + name, 0666, 1, minor)));
        tree.add(new RootfsStep.Symlink("/dev/fd", "/proc/self/fd"));
        tree.add(new RootfsStep.Symlink("/dev/stdin", "/proc/self/fd/0"));
        tree.add(new RootfsStep.Symlink("/dev/stdout", "/proc/self/fd/1"));
        tree.add(new RootfsStep.Symlink("/dev/stderr", "/proc/self/fd/2"));
    }

    /**
     * A devpts of the container's own: it shows no terminal of the host's or of another container's, and every terminal in it
     * is the workload's user's, whoever opens it. /dev/tty is the terminal that the process itself has, if any (tty(4)).
     */
    private static void addTerminals(RootTree tree, boolean mapped, LaunchPlan.Identity identity) {
        tree.add(new RootfsStep.Directory("/dev/pts"));
        tree.add(new RootfsStep.Devpts(
                "/dev/pts",
                "ptmxmode=0666,mode=0600,uid=%d,gid=%d,max=%d".formatted(identity.uid(), identity.gid(), TERMINALS),
                MountAttributes.NO_SUID | MountAttributes.NO_EXEC));
        tree.add(new RootfsStep.Symlink("/dev/ptmx", "pts/ptmx"));
        tree.add(
                mapped
                        ? new RootfsStep.Bind(
                                "/dev/tty",
                                HostPath.own("/dev/tty"),
                                MountAttributes.NO_SUID | MountAttributes.NO_EXEC,
                                false)
                        : new RootfsStep.Device("/dev/tty", 0666, 5, 0));
    }

    /** Of what gVisor mounts itself; and what works for the shim inside. */
    private static void addMountPoints(RootTree tree, List<MemoryMount> memory) {
        for (String target : List.of("/dev", "/proc", "/sys", "/run", OciBundle.OWN)) {
            tree.directories(target);
        }
        memory.forEach(mount -> tree.directories(mount.target()));
        tree.add(new RootfsStep.Self(OciBundle.RELAY));
    }

    private static void addMemory(RootTree tree, MemoryMount mount, LaunchPlan.Identity identity) {
        tree.directories(mount.target());
        tree.add(new RootfsStep.Tmpfs(mount.target(), String.join(",", mount.options(identity)), mount.attributes()));
    }

    /**
     * What it can write to, it can't run: neither by name, nor by the loader or a mapping (mount(2), MS_NOEXEC), unless that
     * was asked for.
     */
    private static void explainExecution(LaunchRequest request, List<MemoryMount> memory, LaunchPlan.Builder plan) {
        List<String> closed = targets(memory, mount -> !mount.execute(), MemoryMount::target);
        List<VolumeMount> volumes = request.spec().filesystem().volumes();
        List<String> closedVolumes = targets(volumes, volume -> !volume.execute(), VolumeMount::target);
        List<String> open = join(
                targets(memory, MemoryMount::execute, MemoryMount::target),
                targets(volumes, VolumeMount::execute, VolumeMount::target));
        if (request.sandboxed()) {
            cannotRun(closedVolumes, plan);
            if (!closed.isEmpty()) {
                String places = String.join(", ", closed);
                plan.cannot(LAYER, "start programs in " + places, "noexec; exec allows it")
                        .can(
                                LAYER,
                                "run programs in " + places + " by their loader, or code mapped from there",
                                "gVisor's kernel, which alone it concerns, minds noexec only when a program is started");
            }
        } else {
            cannotRun(join(closed, closedVolumes), plan);
        }
        if (!open.isEmpty()) {
            plan.can(LAYER, "run programs in " + String.join(", ", open), "exec");
        }
    }

    private static void cannotRun(List<String> targets, LaunchPlan.Builder plan) {
        if (!targets.isEmpty()) {
            plan.cannot(LAYER, "run programs in " + String.join(", ", targets), "noexec; exec allows it");
        }
    }

    private static <T> List<String> targets(List<T> mounts, Predicate<T> which, Function<T, String> target) {
        return mounts.stream().filter(which).map(target).toList();
    }

    private static List<String> join(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    private static void addProc(RootTree tree, boolean hide) {
        tree.add(new RootfsStep.Directory("/proc"));
        tree.add(new RootfsStep.Proc(
                "/proc",
                hide ? "hidepid=invisible" : "",
                MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC));
        for (String file : List.of(
                "kallsyms",
                "kcore",
                "sched_debug",
                "timer_list",
                "timer_stats",
                "keys",
                "latency_stats",
                "config.gz",
                "sysrq-trigger",
                "kpagecount",
                "kpageflags",
                "kpagecgroup",
                "interrupts")) {
            tree.add(new RootfsStep.MaskFile("/proc/" + file));
        }
        for (String directory : List.of("acpi", "bus", "irq", "scsi", "sys")) {
            tree.add(new RootfsStep.MaskDirectory("/proc/" + directory));
        }
        tree.add(new RootfsStep.Seal("/proc", MountAttributes.READ_ONLY));
    }

    private static List<String> writable(Filesystem filesystem, RootfsTree rootfs) {
        boolean workspace = filesystem
                .workspace()
                .filter(mount -> mount.access() != WorkspaceMount.Access.BIND_RO)
                .isPresent();
        List<String> overlaid = new java.util.ArrayList<>();
        if (filesystem.overlay().isPresent()) {
            eachTop(rootfs, entry -> overlaid.add("/" + entry.name()));
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

    private static void context(LaunchRequest request, RootTree tree, LaunchPlan.Builder plan) {
        request.spec().filesystem().context().ifPresent(context -> {
            tree.bind(
                    ContextMount.TARGET,
                    context.mode() == ContextMount.Mode.COPY
                            ? HostPath.own(
                                    request.copies().resolve(CONTEXT_COPY).toString())
                            : named(request.sources().context(), context.source()),
                    MountAttributes.SEALED | MountAttributes.NO_EXEC,
                    Owners.HOST);
            plan.can(
                    LAYER,
                    "read " + (context.mode() == ContextMount.Mode.COPY ? "a copy of " : "") + context.source()
                            + " of the host",
                    "context at " + ContextMount.TARGET);
        });
    }

    private void workspace(LaunchRequest request, RootTree tree, LaunchPlan.Builder plan) {
        request.spec().filesystem().workspace().ifPresent(workspace -> {
            boolean readOnly = workspace.access() == WorkspaceMount.Access.BIND_RO;
            long attributes = MountAttributes.NO_SUID
                    | MountAttributes.NO_DEV
                    | (workspace.execute() ? 0 : MountAttributes.NO_EXEC)
                    | (readOnly ? MountAttributes.READ_ONLY : 0);
            Path source = workspace.copied() ? request.copies().resolve(WORKSPACE_COPY) : workspace.source();
            tree.add(new RootfsStep.Directory(WorkspaceMount.TARGET));
            tree.add(workspaceStep(workspace, source, request.sources().workspace(), attributes));
            plan.can(
                    LAYER,
                    switch (workspace.access()) {
                        case BIND_RW ->
                            "change " + workspace.source() + " of the host, as its owner" + connects(request);
                        case BIND_RO -> "read " + workspace.source() + " of the host" + connects(request);
                        case COPY_IN_OUT ->
                            "change a copy of " + workspace.source() + " of the host, to be brought back at its end";
                    },
                    "workspace at " + WorkspaceMount.TARGET);
            explainExecution(workspace, request.spec().mode(), plan);
        });
    }

    private static void explainExecution(WorkspaceMount workspace, Mode mode, LaunchPlan.Builder plan) {
        boolean usual = workspace.execute() == WorkspaceMount.executableIn(mode);
        String what = "run programs in " + WorkspaceMount.TARGET;
        if (workspace.execute()) {
            plan.can(LAYER, what, usual ? "the default in " + mode + " mode; noexec forbids it" : "workspace: exec");
        } else {
            plan.cannot(LAYER, what, usual ? "the default in " + mode + " mode; exec allows it" : "workspace: noexec");
        }
    }

    /**
     * The owner of the directory on disk is the workload, so that it can work, and what it makes is the owner's. Not where
     * root owns it: what it makes must not be root's, with bits that only root's files should have. Without root there is
     * one user anyway.
     */
    private RootfsStep workspaceStep(
            WorkspaceMount workspace, Path source, Optional<HostDirectory> looked, long attributes) {
        LaunchPlan.Identity owner = workspace.copied()
                ? new LaunchPlan.Identity(host.identity().uid(), host.identity().gid(), List.of())
                : looked.map(directory -> new LaunchPlan.Identity(directory.uid(), directory.gid(), List.of()))
                        .orElseGet(() -> owner(source));
        boolean mapped = host.identity().root() && (workspace.copied() || owner.uid() != 0);
        HostPath from = workspace.copied() ? HostPath.own(source.toString()) : named(looked, source);
        return mapped
                ? new RootfsStep.Workspace(WorkspaceMount.TARGET, from, attributes, owner.uid(), owner.gid())
                : new RootfsStep.Bind(WorkspaceMount.TARGET, from, attributes, false);
    }

    /** Without links, as it was looked at; as it was named when nothing is launched. */
    private static HostPath named(Optional<HostDirectory> looked, Path named) {
        return looked.map(directory ->
                        HostPath.named(directory.path().toString()).verified(directory.device(), directory.inode()))
                .orElseGet(() -> HostPath.named(named.toString()));
    }

    private static LaunchPlan.Identity owner(Path directory) {
        try {
            Map<String, Object> attributes = Files.readAttributes(directory, "unix:uid,gid");
            return new LaunchPlan.Identity(
                    (int) java.util.Objects.requireNonNull(attributes.get("uid")),
                    (int) java.util.Objects.requireNonNull(attributes.get("gid")),
                    List.of());
        } catch (IOException e) {
            throw new InvalidSpecException("workspace: " + directory + " can't be read: " + e.getMessage());
        }
    }

    /** In memory, for the workload's user alone, and sealed before anything runs. */
    private static void addSecrets(
            RootTree tree, List<SecretMount> secrets, LaunchPlan.Identity identity, LaunchPlan.Builder plan) {
        if (secrets.isEmpty()) {
            return;
        }
        tree.directories(SecretMount.FOLDER);
        tree.add(new RootfsStep.Tmpfs(
                SecretMount.FOLDER,
                // Where the kernel has it, no copy of a secret gets to a disk (tmpfs(5), Linux 6.4).
                "size=16M,mode=700,uid=" + identity.uid() + ",gid=" + identity.gid() + ",noswap",
                MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC));
        for (SecretMount secret : secrets) {
            tree.add(new RootfsStep.Secret(
                    secret.target(),
                    HostPath.named(SecretSource.file(secret)),
                    secret.mode(),
                    identity.uid(),
                    identity.gid()));
            plan.can(LAYER, "read a copy of " + secret.source() + " of the host", "secret at " + secret.target());
        }
        tree.add(new RootfsStep.Seal(SecretMount.FOLDER, MountAttributes.READ_ONLY));
    }

    private void addVolume(
            RootTree tree,
            VolumeMount volume,
            LaunchRequest request,
            LaunchPlan.Identity identity,
            LaunchPlan.Builder plan) {
        long attributes = MountAttributes.NO_SUID
                | MountAttributes.NO_DEV
                | (volume.readOnly() ? MountAttributes.READ_ONLY : 0)
                | (volume.execute() ? 0 : MountAttributes.NO_EXEC);
        String source = volume.source();
        // Without root only the manager's user and its range exist, and no mount can say otherwise.
        Owners owners = plan.mapped() && host.identity().root() ? Owners.MAPPED : Owners.HOST;
        if (volume.named()) {
            LaunchRequest.HostVolume place = request.volumes().get(volume.source());
            if (place == null) {
                throw new InvalidSpecException("there is no volume '" + volume.source() + "'");
            }
            LaunchPlan.Identity owner = place.owner().orElse(identity);
            tree.directories(volume.target());
            tree.add(new RootfsStep.Volume(
                    volume.target(),
                    HostPath.named(place.path().toString()),
                    attributes,
                    0700,
                    onDisk(owner.uid(), owners),
                    onDisk(owner.gid(), owners),
                    owners));
            source = place.path().toString();
        } else {
            if (Files.isDirectory(Path.of(source))) {
                tree.directories(volume.target());
            } else {
                tree.parents(volume.target());
            }
            tree.add(new RootfsStep.Bind(volume.target(), HostPath.named(source), attributes, false, owners));
        }
        plan.can(
                LAYER,
                (volume.readOnly() ? "read " : "read and write ") + source + " of the host" + connects(request),
                "volume at " + volume.target());
    }

    /** Root inside a user namespace is not root on disk. */
    private static int onDisk(int number, Owners owners) {
        return owners == Owners.MAPPED && number == 0 ? IdentityLayer.ROOT_ON_DISK : number;
    }

    /** A socket of the shim's, by which the workload tells of itself; it leads nowhere else. */
    /** gVisor knows no sockets of the host's file systems. */
    private static String connects(LaunchRequest request) {
        return request.sandboxed() ? "" : CONNECTS;
    }

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
        plan.can(LAYER, "tell Nucleus how it is", "a notify probe, by " + ServiceNotify.SOCKET);
    }

    private static String workdir(Filesystem filesystem) {
        if (filesystem.workspace().isPresent()) {
            return WorkspaceMount.TARGET;
        }
        return filesystem.rootfs().isPresent() ? "/" : Filesystem.HOME;
    }

    private void command(LaunchRequest request, LaunchPlan.Identity identity, LaunchPlan.Builder plan) {
        var variables = new TreeMap<String, String>();
        variables.put("PATH", PATH);
        variables.put("HOME", Filesystem.HOME);
        variables.put("LANG", "C.UTF-8");
        variables.put("USER", identity.uid() == 0 ? "root" : "agent");
        request.spec().notification().ifPresent(notify -> {
            variables.put("NOTIFY_SOCKET", ServiceNotify.SOCKET);
            notify.watchdog()
                    .ifPresent(within ->
                            variables.put("WATCHDOG_USEC", Long.toString(TimeUnit.MICROSECONDS.convert(within))));
        });
        variables.putAll(request.spec().env());
        plan.command(new LaunchPlan.Command(
                request.spec().workdir().orElse(workdir(request.spec().filesystem())),
                request.spec().command(),
                variables.entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .toList()));
        plan.cannot(LAYER, "see the host's environment variables", "it gets PATH, HOME, LANG, USER and the spec's own");
        if (!host.identity().root()) {
            plan.can(LAYER, "read what user " + host.identity().uid() + " may read in /usr", "rootless");
        }
    }
}
