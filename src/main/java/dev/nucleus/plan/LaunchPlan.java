package dev.nucleus.plan;

import dev.nucleus.spec.Mode;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything decided about one launch. A pure function of the request, the policy and the host: the same inputs give an
 * equal plan. The native side carries it out and decides nothing.
 *
 * @param statements what the container can and can't do, and why
 */
public record LaunchPlan(
        String id,
        String name,
        Mode mode,
        Places places,
        Namespaces namespaces,
        Cgroup cgroup,
        Rootfs rootfs,
        Execution execution,
        Confinement confinement,
        Streams streams,
        Gvisor gvisor,
        Hooks hooks,
        List<Statement> statements) {

    /**
     * @param directory the container's own, with its logs and exit record
     * @param socket path of the socket that its shim listens on
     * @param staging an empty directory of the host, the mount point while the root is built
     * @param reserved the manager's own directories, which no bind mount may overlap
     */
    public record Places(String directory, String socket, String staging, List<String> reserved) {
        public Places {
            reserved = List.copyOf(reserved);
        }
    }

    /**
     * @param flags CLONE_NEW* of clone(2)
     * @param links interfaces on networks, besides the loopback interface
     * @param ownClocks whether monotonic and boot time begin with the container (time_namespaces(7))
     */
    public record Namespaces(int flags, boolean ownClocks, String hostname, UserMapping users, List<Link> links) {

        public Namespaces {
            links = List.copyOf(links);
        }
    }

    /**
     * An interface of the container on a network.
     *
     * @param hostName of its other end, on the host
     * @param name in the container
     * @param alias a note on the host's end: whose it is
     * @param mac hardware address of both ends
     * @param first whether the default routes lead here
     */
    public record Link(
            String hostName,
            String name,
            String alias,
            int mtu,
            byte[] mac,
            Addresses addresses,
            Addresses gateways,
            boolean first) {

        /** Its IPv4 address, which every link has. */
        public InetAddress ipv4() {
            return addresses.ipv4().orElseThrow().address();
        }
    }

    /**
     * Addresses of one interface.
     *
     * @param ipv4 with the length of its network's prefix
     * @param ipv6 likewise
     */
    public record Addresses(Optional<Address> ipv4, Optional<Address> ipv6) {

        public record Address(InetAddress address, int prefix) {}

        public Stream<InetAddress> all() {
            return Stream.of(ipv4, ipv6).flatMap(Optional::stream).map(Address::address);
        }
    }

    /**
     * Mapping of the user namespace; without maps there is none.
     *
     * @param denySetgroups whether supplementary groups can't be set in it
     */
    public record UserMapping(List<IdMap> uids, List<IdMap> gids, boolean denySetgroups, MapPrograms programs) {}

    /** Paths of newuidmap(1) and newgidmap(1), which write the maps; empty: they are written directly. */
    public record MapPrograms(String uids, String gids) {
        static final MapPrograms NONE = new MapPrograms("", "");
    }

    /** Size of a process's terminal, in characters. */
    public record Terminal(int rows, int columns) {}

    /**
     * A terminal for the workload.
     *
     * @param socket path of the socket that receives its master instead of the log (OCI runtimes' --console-socket);
     *     empty: none
     */
    public record Console(Terminal size, Optional<String> socket) {

        public static Console of(Terminal size) {
            return new Console(size, Optional.empty());
        }
    }

    /**
     * Input, output and log.
     *
     * @param keepStdin whether input is a pipe that a client may write to; else it is empty
     */
    public record Streams(boolean keepStdin, Optional<Console> console, Log log) {}

    public record IdMap(int inside, int outside, int count) {}

    /**
     * @param limitsMemory whether its processes may be killed for lack of memory
     * @param unified directory in the v2 hierarchy that the container is created in; empty: none
     * @param directories directories to create, parents first
     * @param writes values to write to control files, in order
     * @param joins "tasks" files of the v1 hierarchies to join
     * @param freezer directory of the v1 freezer, which is created and joined at the first pause; empty: none
     * @param devices device program of the v2 directory, an array of struct bpf_insn; none: no program
     */
    public record Cgroup(
            boolean required,
            boolean limitsMemory,
            String unified,
            List<String> directories,
            List<Write> writes,
            List<String> joins,
            String freezer,
            byte[] devices) {

        public record Write(String file, String value) {}

        /** Whether the container's own number of processes is limited, independent of its user's other processes. */
        public boolean limitsProcesses() {
            return writes.stream().anyMatch(write -> write.file().endsWith("/pids.max"));
        }
    }

    /**
     * @param options mount options of the root's tmpfs
     * @param audited whether every mount is verified from inside before anything runs
     * @param writable writable mount points; all others are read-only
     */
    public record Rootfs(String options, List<RootfsStep> steps, boolean audited, List<String> writable) {}

    /**
     * The command and its user.
     *
     * @param init whether PID 1 is the supervisor's init, which reaps orphans and forwards signals
     * @param held whether the container is only created: it waits before the command until it is started
     * @param notifySocket socket on which the workload reports its state with sd_notify(3); empty: none
     */
    public record Execution(
            Command command, Identity identity, boolean init, boolean held, int oomScoreAdj, String notifySocket) {}

    /** The restrictions on the process. */
    public record Confinement(Capabilities capabilities, Rlimits rlimits, Landlock landlock, Seccomp seccomp) {}

    public record Identity(int uid, int gid, List<Integer> groups) {}

    /** Bit sets by capability number; the effective set is the permitted one. */
    public record Capabilities(long bounding, long permitted, long inheritable, long ambient) {}

    public record Rlimits(boolean required, List<Rlimit> limits) {

        /** @param resource RLIMIT_* number of getrlimit(2) on x86-64 */
        public record Rlimit(String name, int resource, long soft, long hard) {}
    }

    /**
     * @param handledFiles 0: no Landlock
     * @param flags flags of landlock_restrict_self(2)
     */
    public record Landlock(
            boolean required,
            long handledFiles,
            long handledNetwork,
            long scoped,
            int flags,
            List<PathRule> paths,
            List<PortRule> ports) {

        public record PathRule(String path, long access, boolean optional) {}

        public record PortRule(int port, long access) {}
    }

    /**
     * @param program array of struct sock_filter
     * @param errno error number with which a reported call fails
     */
    public record Seccomp(String profile, byte[] program, Denied denied, int errno) {

        /** How a call that the program does not allow is handled; numbers as in native/src/launch/plan.h. */
        public enum Denied {
            /** It fails, without a notification. */
            REFUSED(0),
            /** The shim is notified, and the call fails. */
            REPORTED(1),
            /** The shim is notified, and the call continues. */
            TRACED(2);

            private final int number;

            Denied(int number) {
                this.number = number;
            }

            int number() {
                return number;
            }
        }
    }

    /** @param environment NAME=value, in order */
    public record Command(String workdir, List<String> arguments, List<String> environment) {

        private Command redacted(List<String> shown, Set<String> plainVariables, String hidden) {
            List<String> variables = environment.stream()
                    .map(variable -> {
                        String name = variable.substring(0, variable.indexOf('='));
                        return plainVariables.contains(name) ? variable : name + "=" + hidden;
                    })
                    .toList();
            return new Command(workdir, shown, variables);
        }
    }

    /**
     * A separate kernel for the container, provided by an OCI runtime of the host: the plan's command is then the
     * runtime's, and the bundle describes the workload.
     *
     * @param config the bundle's config.json; none: the host's kernel
     * @param workload the command that the bundle runs, for display
     * @param identity the workload's identity; the plan's own is then the runtime's
     * @param process user and confinement of a command run inside: the process object of the bundle's format, without
     *     arguments, environment, directory, terminal and the closing brace
     * @param environment the workload's environment, NAME=value, in order
     * @param served numbers of the root's steps that the runtime mounts itself
     * @param exec command line that runs a command inside, up to the container's ID
     * @param kill command line that sends a signal inside, up to the container's ID
     */
    public record Gvisor(
            byte[] config,
            List<String> workload,
            Identity identity,
            String process,
            List<String> environment,
            Set<Integer> served,
            List<String> exec,
            List<String> kill) {
        public static final Gvisor NONE = new Gvisor(
                new byte[0], List.of(), new Identity(0, 0, List.of()), "", List.of(), Set.of(), List.of(), List.of());

        public boolean present() {
            return config.length > 0;
        }
    }

    /**
     * The administrator's programs that run on the host at points of the container lifecycle.
     *
     * @param state the container's state as JSON, as they read it, without status, pid and the closing brace
     */
    public record Hooks(String state, List<Hook> list) {
        public static final Hooks NONE = new Hooks("", List.of());
    }

    /**
     * One of the administrator's programs.
     *
     * @param path path without links
     * @param device the program's file system when it was checked, as {@code st_dev} of stat(2)
     * @param inode its inode number; another program at that path is refused, because its owner was not checked
     * @param arguments with the program's name as the first
     */
    public record Hook(
            HookPhase phase,
            String path,
            long device,
            long inode,
            List<String> arguments,
            List<String> environment,
            Duration timeout) {}

    /**
     * Files of {@code fileBytes} each, at most {@code files} kept.
     *
     * @param rate bytes per second
     * @param blocks whether the container's writes block beyond the rate; else the excess is not logged
     */
    public record Log(long fileBytes, int files, long rate, boolean blocks) {}

    /** The requested command, whichever runtime runs it. */
    public List<String> workload() {
        return gvisor.present() ? gvisor.workload() : execution.command().arguments();
    }

    /**
     * A copy for display: the values of variables are hidden except for those named, and parts that only the spawner
     * needs are left out.
     */
    public LaunchPlan redacted(Set<String> plainVariables, String hidden) {
        return new LaunchPlan(
                id,
                name,
                mode,
                places,
                namespaces,
                cgroup,
                rootfs,
                new Execution(
                        execution.command().redacted(workload(), plainVariables, hidden),
                        execution.identity(),
                        execution.init(),
                        execution.held(),
                        execution.oomScoreAdj(),
                        execution.notifySocket()),
                confinement,
                streams,
                Gvisor.NONE,
                Hooks.NONE,
                statements);
    }

    /** The layers' statements about this container, in plain words, one line each. */
    public List<String> explain() {
        return statements.stream().map(Statement::toString).toList();
    }

    /** Collects the layers' parts. */
    public static final class Builder {

        private final String id;
        private final String name;
        private final Mode mode;
        private final Places places;
        private int namespaces;
        private boolean ownClocks;
        private final List<IdMap> uidMaps = new ArrayList<>();
        private final List<IdMap> gidMaps = new ArrayList<>();
        private boolean denySetgroups;
        private MapPrograms mapPrograms = MapPrograms.NONE;
        private boolean init;
        private boolean keepStdin;
        private boolean held;
        private Optional<Console> console = Optional.empty();
        private String hostname = "";
        private List<Link> links = List.of();
        private @Nullable Cgroup cgroup;
        private @Nullable Rootfs rootfs;
        private @Nullable Identity identity;
        private @Nullable Capabilities capabilities;
        private @Nullable Rlimits rlimits;
        private @Nullable Landlock landlock;
        private @Nullable Seccomp seccomp;
        private @Nullable Command command;
        private Gvisor gvisor = Gvisor.NONE;
        private Hooks hooks = Hooks.NONE;
        private String notifySocket = "";
        private final List<Statement> statements = new ArrayList<>();

        public Builder(String id, String name, Mode mode, Places places) {
            this.id = id;
            this.name = name;
            this.mode = mode;
            this.places = places;
        }

        public Builder links(List<Link> value) {
            links = value;
            return this;
        }

        public Builder hostname(String value) {
            hostname = value;
            return this;
        }

        public Builder namespaces(int flags) {
            namespaces |= flags;
            return this;
        }

        public Builder ownClocks(boolean value) {
            ownClocks = value;
            return this;
        }

        public Builder mapIdentities(List<IdMap> uids, List<IdMap> gids) {
            uidMaps.addAll(uids);
            gidMaps.addAll(gids);
            return this;
        }

        public Builder denySetgroups(boolean value) {
            denySetgroups = value;
            return this;
        }

        public Builder mapPrograms(String uids, String gids) {
            mapPrograms = new MapPrograms(uids, gids);
            return this;
        }

        public Builder init(boolean value) {
            init = value;
            return this;
        }

        public Builder keepStdin(boolean value) {
            keepStdin = value;
            return this;
        }

        /** Whether the container waits just before its command until it is started. */
        public Builder held(boolean value) {
            held = value;
            return this;
        }

        public Builder console(Optional<Console> value) {
            console = value;
            return this;
        }

        public Builder cgroup(Cgroup value) {
            cgroup = value;
            return this;
        }

        public Builder rootfs(Rootfs value) {
            rootfs = value;
            return this;
        }

        public Builder identity(Identity value) {
            identity = value;
            return this;
        }

        public Builder capabilities(Capabilities value) {
            capabilities = value;
            return this;
        }

        public Builder rlimits(Rlimits value) {
            rlimits = value;
            return this;
        }

        public Builder landlock(Landlock value) {
            landlock = value;
            return this;
        }

        public Builder seccomp(Seccomp value) {
            seccomp = value;
            return this;
        }

        public Builder command(Command value) {
            command = value;
            return this;
        }

        public Builder gvisor(Gvisor value) {
            gvisor = value;
            return this;
        }

        /** Path of the socket on which the shim receives the workload's notifications. */
        public Builder notifySocket(String value) {
            notifySocket = value;
            return this;
        }

        public Builder hooks(Hooks value) {
            hooks = value;
            return this;
        }

        public Builder can(String layer, String what, String because) {
            statements.add(new Statement(layer, true, what, because));
            return this;
        }

        public Builder cannot(String layer, String what, String because) {
            statements.add(new Statement(layer, false, what, because));
            return this;
        }

        /** The identity, for layers that come after the one that decides it. */
        public Identity identity() {
            return Objects.requireNonNull(identity, "identity is decided by an earlier layer");
        }

        /** The control group, for layers that come after the one that decides it. */
        public Cgroup cgroup() {
            return Objects.requireNonNull(cgroup, "the control group is decided by an earlier layer");
        }

        /** The capabilities, for layers that come after the one that decides them. */
        public Capabilities capabilities() {
            return Objects.requireNonNull(capabilities, "capabilities are decided by an earlier layer");
        }

        /** The limits, for layers that come after the one that decides them. */
        public Rlimits rlimits() {
            return Objects.requireNonNull(rlimits, "rlimits are decided by an earlier layer");
        }

        /** The command, for layers that come after the one that decides it. */
        public Command command() {
            return Objects.requireNonNull(command, "the command is decided by an earlier layer");
        }

        /** The root, for layers that come after the one that decides it. */
        public Rootfs rootfs() {
            return Objects.requireNonNull(rootfs, "the root is decided by an earlier layer");
        }

        /** The hostname, for layers that come after the one that decides it. */
        public String hostname() {
            return hostname;
        }

        public boolean mapped() {
            return !uidMaps.isEmpty();
        }

        /**
         * @throws NullPointerException naming the part that no layer contributed
         */
        public LaunchPlan build(Log log) {
            return new LaunchPlan(
                    id,
                    name,
                    mode,
                    places,
                    new Namespaces(
                            namespaces,
                            ownClocks,
                            hostname,
                            new UserMapping(List.copyOf(uidMaps), List.copyOf(gidMaps), denySetgroups, mapPrograms),
                            links),
                    Objects.requireNonNull(cgroup, "cgroup"),
                    Objects.requireNonNull(rootfs, "rootfs"),
                    new Execution(
                            Objects.requireNonNull(command, "command"),
                            Objects.requireNonNull(identity, "identity"),
                            init,
                            held,
                            0,
                            notifySocket),
                    new Confinement(
                            Objects.requireNonNull(capabilities, "capabilities"),
                            Objects.requireNonNull(rlimits, "rlimits"),
                            Objects.requireNonNull(landlock, "landlock"),
                            Objects.requireNonNull(seccomp, "seccomp")),
                    new Streams(keepStdin, console, log),
                    gvisor,
                    hooks,
                    List.copyOf(statements));
        }
    }
}
