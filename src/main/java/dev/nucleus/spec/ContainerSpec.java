package dev.nucleus.spec;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one container runs and within which limits: everything that a launch can request.
 *
 * @param command the program and its arguments
 * @param env variables in addition to the defaults; the host's are never passed on
 * @param user empty: an unprivileged user of the container's own
 * @param networking its networks and ports, if {@code network} is {@link Network#BRIDGE}
 * @param init whether PID 1 is a small init, which reaps orphans and ends with the supervisor; otherwise the command is
 */
public record ContainerSpec(
        Mode mode,
        List<String> command,
        SortedMap<String, String> env,
        Optional<String> workdir,
        Optional<User> user,
        UserNamespace userNamespace,
        Network network,
        Networking networking,
        Resources resources,
        Filesystem filesystem,
        Security security,
        Optional<ServiceNotify> notification,
        boolean init,
        LogPolicy log) {

    public ContainerSpec {
        command = List.copyOf(command);
        env = Collections.unmodifiableSortedMap(new TreeMap<>(env));
        if (command.isEmpty() || command.getFirst().isEmpty()) {
            throw new InvalidSpecException("a command is needed, such as [/bin/server, --port, \"8080\"]");
        }
        if (command.stream().anyMatch(part -> part.indexOf('\0') >= 0)) {
            throw new InvalidSpecException("a command can't contain a NUL character");
        }
        for (String name : env.keySet()) {
            if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
                throw new InvalidSpecException("'" + name + "' can't name an environment variable");
            }
        }
        if (network != Network.BRIDGE
                && !(networking.ports().isEmpty() && networking.attachments().isEmpty())) {
            throw new InvalidSpecException("network: " + network + " has no ports to publish and no networks to join");
        }
        if (init && resources.pids() == 1) {
            throw new InvalidSpecException(
                    "pids: 1 leaves no room for the command beside its init; write at least 2, or "
                            + "init: false (--no-init)");
        }
        workdir.ifPresent(path -> {
            if (!path.equals("/")) {
                ContainerPath.check(path);
            }
        });
    }

    /** A container of the given mode with every default. */
    public static ContainerSpec of(Mode mode, List<String> command) {
        return new Builder(mode, command).build();
    }

    /** A builder with every default. */
    public static Builder builder(Mode mode, List<String> command) {
        return new Builder(mode, command);
    }

    /** A copy for display, in which only the named variables keep their values. */
    public ContainerSpec redacted(Set<String> plainVariables, String hidden) {
        var shown = new TreeMap<String, String>();
        env.forEach((name, value) -> shown.put(name, plainVariables.contains(name) ? value : hidden));
        return change().env(shown).build();
    }

    /** A builder with the values of this specification. */
    public Builder change() {
        return new Builder(this);
    }

    /** Builds a specification. Not thread-safe. */
    public static final class Builder {

        private Mode mode;
        private List<String> command;
        private Map<String, String> env = Map.of();
        private Optional<String> workdir = Optional.empty();
        private Optional<User> user = Optional.empty();
        private UserNamespace userNamespace = UserNamespace.NONE;
        private Network network = Network.NONE;
        private Networking networking = Networking.NONE;
        private Optional<MemorySize> memory = Optional.empty();
        private Optional<MemorySize> swap = Optional.empty();
        private Optional<Cpus> cpus = Optional.empty();
        private Optional<Integer> cpuWeight = Optional.empty();
        private int pids = Resources.DEFAULT_PIDS;
        private int openFiles = Resources.DEFAULT_OPEN_FILES;
        private List<IoLimit> io = List.of();
        private Optional<Path> rootfs = Optional.empty();
        private Optional<String> rootfsSha256 = Optional.empty();
        private Optional<MemorySize> overlay = Optional.empty();
        private Optional<ContextMount> context = Optional.empty();
        private Optional<WorkspaceMount> workspace = Optional.empty();
        private MemorySize home = Filesystem.DEFAULT_HOME;
        private boolean homeExecute;
        private List<VolumeMount> volumes = List.of();
        private List<TmpfsMount> tmpfs = List.of();
        private List<SecretMount> secrets = List.of();
        private PolicySource seccomp = Security.DEFAULT.seccomp();
        private boolean trace;
        private List<String> capabilities = List.of();
        private Optional<PolicySource.File> capabilityPolicy = Optional.empty();
        private Optional<PolicySource.File> landlock = Optional.empty();
        private Optional<Lockdown> lockdown = Optional.empty();
        private Optional<Runtime> runtime = Optional.empty();
        private Optional<GvisorPlatform> gvisorPlatform = Optional.empty();
        private Optional<Trust> trust = Optional.empty();
        private boolean timeNamespace;
        private boolean allowDegraded;
        private Optional<ServiceNotify> notification = Optional.empty();
        private boolean init = true;
        private LogPolicy log = LogPolicy.DEFAULT;

        private Builder(Mode mode, List<String> command) {
            this.mode = mode;
            this.command = command;
        }

        private Builder(ContainerSpec from) {
            notification = from.notification();
            init = from.init();
            log = from.log();
            mode = from.mode();
            command = from.command();
            env = from.env();
            workdir = from.workdir();
            user = from.user();
            userNamespace = from.userNamespace();
            network = from.network();
            networking = from.networking();
            resources(from.resources());
            filesystem(from.filesystem());
            security(from.security());
        }

        public Builder mode(Mode value) {
            mode = value;
            return this;
        }

        public Builder command(List<String> value) {
            command = value;
            return this;
        }

        public Builder env(Map<String, String> value) {
            env = value;
            return this;
        }

        public Builder workdir(Optional<String> value) {
            workdir = value;
            return this;
        }

        public Builder user(Optional<User> value) {
            user = value;
            return this;
        }

        public Builder userNamespace(UserNamespace value) {
            userNamespace = value;
            return this;
        }

        public Builder network(Network value) {
            network = value;
            return this;
        }

        public Builder networking(Networking value) {
            networking = value;
            return this;
        }

        public Builder resources(Resources value) {
            memory = value.memory();
            swap = value.swap();
            cpus = value.cpus();
            cpuWeight = value.cpuWeight();
            pids = value.pids();
            openFiles = value.openFiles();
            io = value.io();
            return this;
        }

        public Builder memory(Optional<MemorySize> value) {
            memory = value;
            return this;
        }

        public Builder swap(Optional<MemorySize> value) {
            swap = value;
            return this;
        }

        public Builder cpus(Optional<Cpus> value) {
            cpus = value;
            return this;
        }

        public Builder cpuWeight(Optional<Integer> value) {
            cpuWeight = value;
            return this;
        }

        public Builder pids(int value) {
            pids = value;
            return this;
        }

        public Builder openFiles(int value) {
            openFiles = value;
            return this;
        }

        public Builder io(List<IoLimit> value) {
            io = value;
            return this;
        }

        public Builder filesystem(Filesystem value) {
            rootfs = value.rootfs();
            rootfsSha256 = value.rootfsSha256();
            overlay = value.overlay();
            context = value.context();
            workspace = value.workspace();
            home = value.home();
            homeExecute = value.homeExecute();
            volumes = value.volumes();
            tmpfs = value.tmpfs();
            secrets = value.secrets();
            return this;
        }

        public Builder rootfs(Optional<Path> value) {
            rootfs = value;
            return this;
        }

        public Builder rootfsSha256(Optional<String> value) {
            rootfsSha256 = value;
            return this;
        }

        public Builder overlay(Optional<MemorySize> value) {
            overlay = value;
            return this;
        }

        public Builder context(Optional<ContextMount> value) {
            context = value;
            return this;
        }

        public Builder workspace(Optional<WorkspaceMount> value) {
            workspace = value;
            return this;
        }

        public Builder home(MemorySize value) {
            home = value;
            return this;
        }

        public Builder homeExecute(boolean value) {
            homeExecute = value;
            return this;
        }

        public Builder volumes(List<VolumeMount> value) {
            volumes = value;
            return this;
        }

        public Builder tmpfs(List<TmpfsMount> value) {
            tmpfs = value;
            return this;
        }

        public Builder secrets(List<SecretMount> value) {
            secrets = value;
            return this;
        }

        public Builder security(Security value) {
            seccomp = value.seccomp();
            trace = value.trace();
            capabilities = value.capabilities();
            capabilityPolicy = value.capabilityPolicy();
            landlock = value.landlock();
            lockdown = value.lockdown();
            runtime = value.runtime();
            gvisorPlatform = value.gvisorPlatform();
            trust = value.trust();
            timeNamespace = value.timeNamespace();
            allowDegraded = value.allowDegraded();
            return this;
        }

        public Builder seccomp(PolicySource value) {
            seccomp = value;
            return this;
        }

        public Builder seccomp(String name) {
            return seccomp(new PolicySource.Named(name));
        }

        public Builder trace(boolean value) {
            trace = value;
            return this;
        }

        public Builder capabilities(List<String> value) {
            capabilities = value;
            return this;
        }

        public Builder capabilityPolicy(Optional<PolicySource.File> value) {
            capabilityPolicy = value;
            return this;
        }

        public Builder landlock(Optional<PolicySource.File> value) {
            landlock = value;
            return this;
        }

        public Builder lockdown(Optional<Lockdown> value) {
            lockdown = value;
            return this;
        }

        public Builder runtime(Optional<Runtime> value) {
            runtime = value;
            return this;
        }

        public Builder gvisorPlatform(Optional<GvisorPlatform> value) {
            gvisorPlatform = value;
            return this;
        }

        public Builder trust(Optional<Trust> value) {
            trust = value;
            return this;
        }

        public Builder timeNamespace(boolean value) {
            timeNamespace = value;
            return this;
        }

        public Builder notification(Optional<ServiceNotify> value) {
            notification = value;
            return this;
        }

        public Builder init(boolean value) {
            init = value;
            return this;
        }

        public Builder log(LogPolicy value) {
            log = value;
            return this;
        }

        public Builder allowDegraded(boolean value) {
            allowDegraded = value;
            return this;
        }

        /**
         * @throws InvalidSpecException naming the invalid field
         */
        public ContainerSpec build() {
            return new ContainerSpec(
                    mode,
                    command,
                    new TreeMap<>(env),
                    workdir,
                    user,
                    userNamespace,
                    network,
                    networking,
                    new Resources(memory, swap, cpus, cpuWeight, pids, openFiles, io),
                    new Filesystem(
                            rootfs,
                            rootfsSha256,
                            overlay,
                            context,
                            workspace,
                            home,
                            homeExecute,
                            volumes,
                            tmpfs,
                            secrets),
                    new Security(
                            seccomp,
                            trace,
                            capabilities,
                            capabilityPolicy,
                            landlock,
                            lockdown,
                            runtime,
                            gvisorPlatform,
                            trust,
                            timeNamespace,
                            allowDegraded),
                    notification,
                    init,
                    log);
        }
    }
}
