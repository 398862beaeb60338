package dev.nucleus.isolation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.plan.RootfsStep.Owners;
import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.rootfs.RootfsException;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.ServiceNotify;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** The root filesystem a container sees, the environment and the command that starts in it. */
@Component
@Order(40)
final class FilesystemLayer implements Layer {

    static final String HOME = "/home/agent";

    private static final String LAYER = "filesystem";
    /** Below where copies are made for a container. */
    static final String CONTEXT_COPY = "context";

    static final String WORKSPACE_COPY = "workspace";
    /** As in native/src/overlay.h. */
    private static final String LAYERS = "/.layers";

    private static final String ROOT_OPTIONS = "size=1G,mode=755";
    private static final List<String> HOST_TREES = List.of("bin", "sbin", "usr", "lib", "lib64", "lib32", "libx32");
    /** Never taken from a root filesystem: the container gets its own. */
    private static final Set<String> OWN_TREES =
            Set.of("proc", "sys", "dev", "tmp", "run", "home", "root", "boot", "mnt", "media", "lost+found");

    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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
        if (request.spec().filesystem().rootfs().isPresent()) {
            Path rootfs = request.spec().filesystem().rootfs().get();
            Optional<String> pin = request.spec().filesystem().rootfsSha256();
            String attested = request.posture().rootfsAttested() || pin.isPresent() ? attest(rootfs, pin) : "";
            rootfs(request, rootfs, attested, tree, plan);
        } else {
            hostPrograms.forEach(tree::add);
            etc.add(tree, identity, request.name());
            plan.can(LAYER, "run the host's programs in /usr", "no rootfs was given; they are read-only")
                    .cannot(LAYER, "see the host's /etc, /home, /var or /root", "it gets a small /etc of its own");
        }
        if (request.sandboxed()) {
            addMountPoints(tree, request.spec().filesystem().tmpfs());
        } else {
            addDevices(tree, plan.mapped());
            addScratch(tree, identity, request.spec().filesystem().home());
            addProc(tree, request.posture().hideProcesses());
            request.spec().filesystem().tmpfs().forEach(tmpfs -> addTmpfs(tree, tmpfs, identity));
        }
        request.spec().filesystem().volumes().forEach(volume -> addVolume(tree, volume, request, identity, plan));
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
                ROOT_OPTIONS,
                tree.steps(),
                request.posture().mountsAudited(),
                writable(request.spec().filesystem())));
        if (request.posture().mountsAudited()) {
            plan.cannot(LAYER, "start with a mount that is looser than planned", "every mount is audited from inside");
        }
        plan.cannot(LAYER, "write to /proc or see kernel memory, keys and timers there", "read-only, with masks");
        command(request, identity, plan);
    }

    private String attest(Path rootfs, Optional<String> pin) {
        RootfsAttestation.Result result = attestation.verify(rootfs);
        pin.filter(digest -> !digest.equals(result.digest())).ifPresent(digest -> {
            throw new RootfsException("rootfs-sha256: the manifest of " + rootfs + " has the SHA-256 " + result.digest()
                    + ", but " + digest + " is pinned; look at what changed, then pin the new one");
        });
        return " and attested: %d files, manifest sha256 %s".formatted(result.files(), result.digest());
    }

    private static void bindHostPrograms(RootTree tree) {
        for (String name : HOST_TREES) {
            bindTop(Path.of("/", name), "/" + name, tree, false);
        }
    }

    /** A link stays a link (/bin → usr/bin), a directory is bound read-only. */
    private static void bindTop(Path source, String target, RootTree tree, boolean mapped) {
        try {
            if (Files.isSymbolicLink(source)) {
                tree.add(new RootfsStep.Symlink(
                        target, Files.readSymbolicLink(source).toString()));
            } else if (Files.isDirectory(source)) {
                tree.bind(
                        target,
                        source.toString(),
                        MountAttributes.SEALED,
                        mapped ? Owners.MAPPED_WHERE_POSSIBLE : Owners.HOST);
            }
        } catch (IOException e) {
            throw new InvalidSpecException("can't read " + source + ": " + e.getMessage());
        }
    }

    private static void rootfs(
            LaunchRequest request, Path rootfs, String attested, RootTree tree, LaunchPlan.Builder plan) {
        Optional<MemorySize> overlay = request.spec().filesystem().overlay();
        // gVisor has an overlay of its own.
        if (overlay.isPresent() && !request.sandboxed()) {
            tree.add(new RootfsStep.Directory(LAYERS));
            tree.add(new RootfsStep.Tmpfs(
                    LAYERS,
                    "size=" + overlay.get().bytes() + ",mode=700",
                    MountAttributes.NO_SUID | MountAttributes.NO_DEV));
            eachTop(rootfs, entry -> overlayTop(entry, "/" + entry.getFileName(), tree, plan.mapped()));
            tree.add(new RootfsStep.Detach(LAYERS));
        } else {
            eachTop(rootfs, entry -> bindTop(entry, "/" + entry.getFileName(), tree, plan.mapped()));
        }
        overlay.ifPresentOrElse(
                size -> plan.can(
                        LAYER,
                        "write over its root filesystem for as long as it lives, in memory",
                        "overlay: " + size + "; rootfs " + rootfs + " stays as it is" + attested),
                () -> plan.cannot(LAYER, "change its programs", "rootfs " + rootfs + " is read-only" + attested));
    }

    private static void overlayTop(Path source, String target, RootTree tree, boolean mapped) {
        if (Files.isDirectory(source, LinkOption.NOFOLLOW_LINKS)) {
            tree.add(new RootfsStep.Directory(target));
            tree.add(new RootfsStep.Overlay(
                    target, source.toString(), mapped ? Owners.MAPPED_WHERE_POSSIBLE : Owners.HOST));
        } else {
            bindTop(source, target, tree, mapped);
        }
    }

    private static void eachTop(Path rootfs, Consumer<Path> action) {
        try (Stream<Path> entries = Files.list(rootfs)) {
            entries.sorted()
                    .filter(entry -> !OWN_TREES.contains(entry.getFileName().toString()))
                    .forEach(action);
        } catch (IOException e) {
            throw new InvalidSpecException("the rootfs " + rootfs + " can't be listed: " + e);
        }
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
                                "/dev/" + name,
                                MountAttributes.NO_SUID | MountAttributes.NO_EXEC,
                                false)
                        : new RootfsStep.Device("/dev/" + name, 0666, 1, minor)));
        tree.add(new RootfsStep.Symlink("/dev/fd", "/proc/self/fd"));
        tree.add(new RootfsStep.Symlink("/dev/stdin", "/proc/self/fd/0"));
        tree.add(new RootfsStep.Symlink("/dev/stdout", "/proc/self/fd/1"));
        tree.add(new RootfsStep.Symlink("/dev/stderr", "/proc/self/fd/2"));
        tree.add(new RootfsStep.Directory("/dev/shm"));
        tree.add(new RootfsStep.Tmpfs(
                "/dev/shm",
                "size=64M,mode=1777",
                MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC));
    }

    /** Of what gVisor mounts itself; and what works for the shim inside. */
    private static void addMountPoints(RootTree tree, List<TmpfsMount> tmpfs) {
        for (String target : List.of("/dev", "/tmp", HOME, "/proc", "/sys", "/run/nucleus")) {
            tree.directories(target);
        }
        tmpfs.forEach(mount -> tree.directories(mount.target()));
        tree.add(new RootfsStep.Self(OciBundle.RELAY));
    }

    /** What the workload may write: /tmp and a home, in memory. */
    private static void addScratch(RootTree tree, LaunchPlan.Identity identity, MemorySize home) {
        long attributes = MountAttributes.NO_SUID | MountAttributes.NO_DEV;
        tree.add(new RootfsStep.Directory("/tmp"));
        tree.add(new RootfsStep.Tmpfs("/tmp", "size=256M,mode=1777", attributes));
        tree.add(new RootfsStep.Directory("/home"));
        tree.add(new RootfsStep.Directory(HOME));
        tree.add(new RootfsStep.Tmpfs(
                HOME,
                "size=" + home.bytes() + ",mode=700,uid=" + identity.uid() + ",gid=" + identity.gid(),
                attributes));
        tree.add(new RootfsStep.Directory("/run"));
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

    private static List<String> writable(Filesystem filesystem) {
        boolean workspace = filesystem
                .workspace()
                .filter(mount -> mount.access() != WorkspaceMount.Access.BIND_RO)
                .isPresent();
        List<String> overlaid = new java.util.ArrayList<>();
        if (filesystem.overlay().isPresent()) {
            eachTop(filesystem.rootfs().orElseThrow(), entry -> overlaid.add("/" + entry.getFileName()));
        }
        return Stream.of(
                        Stream.of("/tmp", "/dev/shm", HOME),
                        workspace ? Stream.of(WorkspaceMount.TARGET) : Stream.<String>empty(),
                        overlaid.stream(),
                        filesystem.tmpfs().stream().map(TmpfsMount::target),
                        filesystem.volumes().stream()
                                .filter(volume -> !volume.readOnly())
                                .map(VolumeMount::target))
                .flatMap(targets -> targets)
                .toList();
    }

    private static void context(LaunchRequest request, RootTree tree, LaunchPlan.Builder plan) {
        request.spec().filesystem().context().ifPresent(context -> {
            Path source = context.mode() == ContextMount.Mode.COPY
                    ? request.copies().resolve(CONTEXT_COPY)
                    : context.source();
            tree.bind(
                    ContextMount.TARGET,
                    source.toString(),
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
            tree.add(workspaceStep(workspace, source, attributes));
            plan.can(
                    LAYER,
                    switch (workspace.access()) {
                        case BIND_RW -> "change " + workspace.source() + " of the host, as its owner";
                        case BIND_RO -> "read " + workspace.source() + " of the host";
                        case COPY_IN_OUT ->
                            "change a copy of " + workspace.source() + " of the host, to be brought back at its end";
                    },
                    "workspace at " + WorkspaceMount.TARGET);
            if (workspace.execute()) {
                plan.can(LAYER, "run programs in " + WorkspaceMount.TARGET, "workspace: exec");
            } else {
                plan.cannot(LAYER, "run programs in " + WorkspaceMount.TARGET, "noexec");
            }
        });
    }

    /**
     * The owner of the directory on disk is the workload, so that it can work, and what it makes is the owner's. Not where
     * root owns it: what it makes must not be root's, with bits that only root's files should have. Without root there is
     * one user anyway.
     */
    private RootfsStep workspaceStep(WorkspaceMount workspace, Path source, long attributes) {
        LaunchPlan.Identity owner = workspace.copied()
                ? new LaunchPlan.Identity(host.identity().uid(), host.identity().gid(), List.of())
                : owner(source);
        boolean mapped = host.identity().root() && (workspace.copied() || owner.uid() != 0);
        return mapped
                ? new RootfsStep.Workspace(
                        WorkspaceMount.TARGET, source.toString(), attributes, owner.uid(), owner.gid())
                : new RootfsStep.Bind(WorkspaceMount.TARGET, source.toString(), attributes, false);
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

    /** Where a secret is on the host: the credentials that systemd gives the manager are in a directory of theirs. */
    private static String source(SecretMount secret) {
        if (!secret.source().startsWith(SecretMount.CREDENTIAL)) {
            return secret.source();
        }
        String name = secret.source().substring(SecretMount.CREDENTIAL.length());
        String directory = System.getenv("CREDENTIALS_DIRECTORY");
        Path file = directory == null ? null : Path.of(directory).resolve(name).normalize();
        if (file == null || !file.startsWith(Path.of(directory)) || !Files.isRegularFile(file)) {
            throw new InvalidSpecException("secrets: systemd gives the manager no credential '" + name
                    + "'; add LoadCredential=" + name + ":/path to its unit");
        }
        return file.toString();
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
                "size=16M,mode=700,uid=" + identity.uid() + ",gid=" + identity.gid(),
                MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC));
        for (SecretMount secret : secrets) {
            tree.add(new RootfsStep.Secret(
                    secret.target(), source(secret), secret.mode(), identity.uid(), identity.gid()));
            plan.can(LAYER, "read a copy of " + secret.source() + " of the host", "secret at " + secret.target());
        }
        tree.add(new RootfsStep.Seal(SecretMount.FOLDER, MountAttributes.READ_ONLY));
    }

    private static void addTmpfs(RootTree tree, TmpfsMount tmpfs, LaunchPlan.Identity identity) {
        tree.directories(tmpfs.target());
        tree.add(new RootfsStep.Tmpfs(
                tmpfs.target(),
                "size=" + tmpfs.size().bytes() + ",mode=755,uid=" + identity.uid() + ",gid=" + identity.gid(),
                MountAttributes.NO_SUID | MountAttributes.NO_DEV));
    }

    private void addVolume(
            RootTree tree,
            VolumeMount volume,
            LaunchRequest request,
            LaunchPlan.Identity identity,
            LaunchPlan.Builder plan) {
        long attributes =
                MountAttributes.NO_SUID | MountAttributes.NO_DEV | (volume.readOnly() ? MountAttributes.READ_ONLY : 0);
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
                    volume.target(), place.path().toString(), attributes, 0700, owner.uid(), owner.gid(), owners));
            source = place.path().toString();
        } else {
            if (Files.isDirectory(Path.of(source))) {
                tree.directories(volume.target());
            } else {
                tree.parents(volume.target());
            }
            tree.add(new RootfsStep.Bind(volume.target(), source, attributes, false, owners));
        }
        plan.can(
                LAYER,
                (volume.readOnly() ? "read " : "read and write ") + source + " of the host",
                "volume at " + volume.target());
    }

    /** A socket of the shim's, by which the workload tells of itself; it leads nowhere else. */
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
                socket,
                MountAttributes.READ_ONLY | MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC,
                false));
        plan.can(LAYER, "tell Nucleus how it is", "a notify probe, by " + ServiceNotify.SOCKET);
    }

    private static String workdir(Filesystem filesystem) {
        if (filesystem.workspace().isPresent()) {
            return WorkspaceMount.TARGET;
        }
        return filesystem.rootfs().isPresent() ? "/" : HOME;
    }

    private void command(LaunchRequest request, LaunchPlan.Identity identity, LaunchPlan.Builder plan) {
        var variables = new TreeMap<String, String>();
        variables.put("PATH", PATH);
        variables.put("HOME", HOME);
        variables.put("LANG", "C.UTF-8");
        variables.put("USER", identity.uid() == 0 ? "root" : "agent");
        request.spec().notification().ifPresent(notify -> {
            variables.put("NOTIFY_SOCKET", ServiceNotify.SOCKET);
            notify.watchdog()
                    .ifPresent(within -> variables.put("WATCHDOG_USEC", Long.toString(within.toNanos() / 1_000)));
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
