package dev.nucleus.cli;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.Egress;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.GvisorPlatform;
import dev.nucleus.spec.HomeMount;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.IoLimit;
import dev.nucleus.spec.Lockdown;
import dev.nucleus.spec.LogPolicy;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.NetworkAttachment;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.PublishedPort;
import dev.nucleus.spec.Resources;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.Security;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.Trust;
import dev.nucleus.spec.User;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * The options that describe a container, named like the fields of a fleet file. Defaults are initial values of fields,
 * because a {@code defaultValue} costs three exceptions per run: picocli tries to parse it as a number first.
 */
final class ContainerOptions {

    @CommandLine.Option(
            names = "--mode",
            paramLabel = "MODE",
            description = "confinement: agent, strict-agent or production; default: agent")
    private String mode = "agent";

    @CommandLine.Option(names = "--memory", paramLabel = "SIZE", description = "memory limit, for example 512M")
    private @Nullable String memory;

    @CommandLine.Option(
            names = "--swap",
            paramLabel = "SIZE",
            description = "swap limit in addition to memory, for example 256M; needs --memory")
    private @Nullable String swap;

    @CommandLine.Option(names = "--cpus", paramLabel = "NUMBER", description = "CPU limit, for example 0.5")
    private @Nullable String cpus;

    @CommandLine.Option(
            names = "--cpu-weight",
            paramLabel = "WEIGHT",
            description = "CPU share under contention, 1 to 10000; default: 100")
    private @Nullable Integer cpuWeight;

    @CommandLine.Option(
            names = "--io",
            paramLabel = "LIMITS",
            description = "I/O limits of a block device: 'MAJOR:MINOR rbps=10M wbps=1M riops=100 wiops=50'; repeatable")
    private List<String> io = new ArrayList<>();

    @CommandLine.Option(
            names = "--pids",
            paramLabel = "NUMBER",
            description = "limit on processes and threads; 0 for none; default: 512")
    private int pids = Resources.DEFAULT_PIDS;

    @CommandLine.Option(
            names = "--open-files",
            paramLabel = "NUMBER",
            description = "open file limit per process; default: 1024")
    private int openFiles = Resources.DEFAULT_OPEN_FILES;

    @CommandLine.Option(
            names = "--log-rate",
            paramLabel = "SIZE",
            description = "log rate limit in bytes per second, 4K to 1G; each line counts 256 bytes besides its text; "
                    + "default: 16M")
    private String logRate = "16M";

    @CommandLine.Option(
            names = "--log-overflow",
            paramLabel = "POLICY",
            description = "output beyond the log rate: block (the command's writes wait) or drop; default: block")
    private String logOverflow = "block";

    @CommandLine.Option(
            names = {"-e", "--env"},
            paramLabel = "NAME=VALUE",
            description = "environment variable; repeatable")
    private List<String> env = new ArrayList<>();

    @CommandLine.Option(
            names = "--env-fd",
            paramLabel = "FD",
            description = "file descriptor to read variables from, each terminated by a newline or NUL")
    private @Nullable Integer envDescriptor;

    @CommandLine.Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "working directory of the command")
    private @Nullable String workdir;

    @CommandLine.Option(names = "--rootfs", paramLabel = "DIR", description = "directory to use as root filesystem")
    private @Nullable Path rootfs;

    @CommandLine.Option(names = "--rootfs-sha256", paramLabel = "HASH", description = "SHA-256 of the rootfs manifest")
    private @Nullable String rootfsSha256;

    @CommandLine.Option(
            names = {"-u", "--user"},
            paramLabel = "USER",
            description = "user to run as: NAME, NAME:GROUP or UID:GID")
    private @Nullable String user;

    @CommandLine.Option(
            names = "--user-namespace",
            paramLabel = "KIND",
            description = "user namespace: none, auto, keep-id or nomap; default: none, or nomap without root")
    private String userNamespace = "none";

    @CommandLine.Option(
            names = {"-v", "--volume"},
            paramLabel = "SPEC",
            description =
                    "host directory or file to mount: SRC:DEST[:ro|rw|exec|ro,exec]; exec allows running programs in "
                            + "it; repeatable")
    private List<String> volumes = new ArrayList<>();

    @CommandLine.Option(
            names = "--mount",
            paramLabel = "SPEC",
            description = "mount in the long form: type=bind,source=SRC,target=DEST[,readonly][,exec], "
                    + "type=tmpfs,target=DEST[,size=SIZE][,exec] or type=secret,source=SRC,target=NAME[,mode=0400]; "
                    + "repeatable")
    private List<String> mounts = new ArrayList<>();

    @CommandLine.Option(
            names = "--overlay",
            paramLabel = "SIZE",
            description = "make the root filesystem writable, in memory up to this size")
    private @Nullable String overlay;

    @CommandLine.Option(
            names = "--home",
            paramLabel = "SIZE[:exec]",
            description = "size limit of the home directory, which is in memory; default: 64M")
    private @Nullable String home;

    @CommandLine.Option(
            names = "--context",
            paramLabel = "DIR[:copy|bind]",
            description = "host directory to provide read-only at /context; default: copy")
    private @Nullable String context;

    @CommandLine.Option(
            names = "--workspace",
            paramLabel = "SPEC",
            description = "host directory to work in at /workspace: DIR[:bind-rw|bind-ro|copy-in-out][:exec|noexec]; "
                    + "default: bind-rw, and exec in agent mode")
    private @Nullable String workspace;

    @CommandLine.Option(
            names = "--tmpfs",
            paramLabel = "SPEC",
            description = "tmpfs to mount: DEST[:SIZE][:exec]; repeatable")
    private List<String> tmpfs = new ArrayList<>();

    @CommandLine.Option(
            names = "--secret",
            paramLabel = "SRC:NAME",
            description = "file to copy to /run/secrets/NAME, in memory; repeatable")
    private List<String> secrets = new ArrayList<>();

    @CommandLine.Option(
            names = "--network",
            paramLabel = "NETWORK",
            description =
                    "network: none, bridge, a fleet's FLEET/NETWORK, or host; repeatable; default: none, or bridge if"
                            + " ports are published")
    private List<String> networks = new ArrayList<>();

    @CommandLine.Option(
            names = {"-p", "--publish"},
            paramLabel = "[ADDRESS:][PORT:]PORT[/PROTOCOL]",
            description =
                    "port of the host that is forwarded to a port of the container, on 127.0.0.1 unless an address is"
                            + " given; repeatable")
    private List<String> ports = new ArrayList<>();

    @CommandLine.Option(
            names = "--egress",
            paramLabel = "RULE",
            description =
                    "destinations outside its networks: none, open, or BLOCK[:PORT[/PROTOCOL]], repeatable; default:"
                            + " open in agent mode, else none")
    private List<String> egress = new ArrayList<>();

    @CommandLine.Option(
            names = "--seccomp",
            paramLabel = "PROFILE",
            description = "seccomp profile: a name or a file (OCI JSON)")
    private String seccomp = Security.DEFAULT_SECCOMP;

    @CommandLine.Option(names = "--seccomp-sha256", paramLabel = "HASH", description = "SHA-256 of the seccomp file")
    private @Nullable String seccompSha256;

    @CommandLine.Option(
            names = "--trace",
            description =
                    "allow and record every system call, for nucleus policy learn (agent mode only); the container"
                            + " is kept when the command exits")
    private boolean trace;

    @CommandLine.Option(names = "--landlock", paramLabel = "FILE", description = "Landlock policy file")
    private @Nullable Path landlock;

    @CommandLine.Option(
            names = "--landlock-sha256",
            paramLabel = "HASH",
            description = "SHA-256 of the Landlock policy file")
    private @Nullable String landlockSha256;

    @CommandLine.Option(names = "--capability-policy", paramLabel = "FILE", description = "capability policy file")
    private @Nullable Path capabilityPolicy;

    @CommandLine.Option(
            names = "--capability-policy-sha256",
            paramLabel = "HASH",
            description = "SHA-256 of the capability policy file")
    private @Nullable String capabilityPolicySha256;

    @CommandLine.Option(
            names = "--lockdown",
            paramLabel = "LEVEL",
            description = "kernel lockdown to require: integrity or confidentiality")
    private @Nullable String lockdown;

    @CommandLine.Option(
            names = "--runtime",
            paramLabel = "RUNTIME",
            description = "runtime: native, or gvisor for a separate kernel")
    private @Nullable String runtime;

    @CommandLine.Option(
            names = "--gvisor-platform",
            paramLabel = "PLATFORM",
            description = "gVisor platform: systrap, kvm or ptrace")
    private @Nullable String gvisorPlatform;

    @CommandLine.Option(
            names = "--trust",
            paramLabel = "LEVEL",
            description = "trust in the code: trusted or untrusted, which needs gVisor")
    private @Nullable String trust;

    @CommandLine.Option(
            names = "--init",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "run an init as PID 1, which reaps orphans and forwards signals; default: --init")
    private boolean init;

    @CommandLine.Option(names = "--time-namespace", description = "separate monotonic and boot time clocks")
    private boolean timeNamespace;

    @CommandLine.Option(
            names = "--capability",
            paramLabel = "NAME",
            description = "capability to keep, for example NET_BIND_SERVICE; repeatable")
    private List<String> capabilities = new ArrayList<>();

    @CommandLine.Option(
            names = "--allow-degraded",
            description = "run without isolation layers that the host lacks (agent mode only)")
    private boolean allowDegraded;

    ContainerSpec spec(List<String> command, Session session) throws IOException {
        var variables = new TreeMap<String, String>();
        List<String> given = new ArrayList<>(env);
        if (envDescriptor != null) {
            given.addAll(EnvironmentText.variables(session.readDescriptor(envDescriptor)));
        }
        for (String variable : given) {
            if (!EnvironmentText.isVariable(variable)) {
                throw new InvalidSpecException(
                        envDescriptor == null || env.contains(variable)
                                ? "'" + variable + "' is not NAME=value"
                                // The line may contain a secret.
                                : "--env-fd: a line is not NAME=value");
            }
            int equals = variable.indexOf('=');
            variables.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        ContainerSpec.Builder spec = ContainerSpec.builder(Mode.parse(mode), command)
                .env(variables)
                .workdir(Optional.ofNullable(workdir))
                .user(Optional.ofNullable(user).map(User::parse))
                .userNamespace(UserNamespace.parse(userNamespace));
        network(spec);
        resources(spec);
        filesystem(spec, session);
        security(spec, session);
        return spec.build();
    }

    private void network(ContainerSpec.Builder spec) {
        if (networks.size() == 1
                && ports.isEmpty()
                && egress.isEmpty()
                && networks.getFirst().matches("none|host")) {
            spec.network(Network.parse(networks.getFirst()));
            return;
        }
        List<PublishedPort> published = readAll("--publish", ports, PublishedPort::parse).stream()
                .flatMap(List::stream)
                .toList();
        List<String> names = networks.isEmpty() && !published.isEmpty() ? List.of(NetworkAttachment.BRIDGE) : networks;
        names.stream().filter(name -> name.matches("none|host")).findFirst().ifPresent(name -> {
            throw new InvalidSpecException("--network: " + name + " has no ports, rules or other networks beside it");
        });
        if (names.isEmpty()) {
            if (!egress.isEmpty()) {
                throw new InvalidSpecException(
                        "--egress: a container without a network has none; add --network bridge");
            }
            return;
        }
        spec.network(Network.BRIDGE)
                .networking(new Networking(
                        names.stream().map(NetworkAttachment::to).toList(), published, egress(), Optional.empty()));
    }

    private Optional<Egress> egress() {
        return egress.isEmpty()
                ? Optional.empty()
                : read("--egress", String.join(" ", egress), text -> Egress.parse(List.of(text.split(" "))));
    }

    private void resources(ContainerSpec.Builder spec) {
        spec.memory(read("--memory", memory, MemorySize::parseLimit))
                .swap(read("--swap", swap, text -> MemorySize.parsePages("swap", text)))
                .cpus(read("--cpus", cpus, Cpus::parse))
                .cpuWeight(Optional.ofNullable(cpuWeight))
                .pids(pids)
                .openFiles(openFiles)
                .io(readAll("--io", io, IoLimit::parse));
    }

    /** Parses the value of an option; an error begins with the option's name. */
    private static <T> Optional<T> read(String option, @Nullable String text, Function<String, T> parser) {
        if (text == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(parser.apply(text));
        } catch (InvalidSpecException e) {
            String field = option.substring(2) + ": ";
            String message = String.valueOf(e.getMessage());
            throw new InvalidSpecException(
                    option + ": " + (message.startsWith(field) ? message.substring(field.length()) : message));
        }
    }

    private static <T> List<T> readAll(String option, List<String> texts, Function<String, T> parser) {
        return texts.stream()
                .flatMap(text -> read(option, text, parser).stream())
                .toList();
    }

    private void filesystem(ContainerSpec.Builder spec, Session session) {
        var allVolumes = new ArrayList<>(
                volumes.stream().map(text -> volume(text, session)).toList());
        var allTmpfs = new ArrayList<>(readAll("--tmpfs", tmpfs, TmpfsMount::parse));
        var allSecrets = new ArrayList<>(secrets.stream()
                .map(text -> SecretMount.parse(onHost(text, session)))
                .toList());
        for (String text : mounts) {
            switch (MountOption.parse(text, session::resolve)) {
                case MountOption.Bind(var mount) -> allVolumes.add(mount);
                case MountOption.Memory(var mount) -> allTmpfs.add(mount);
                case MountOption.Secret(var mount) -> allSecrets.add(mount);
            }
        }
        Optional<HomeMount> homeMount = read("--home", home, HomeMount::parse);
        spec.rootfs(Optional.ofNullable(rootfs).map(session::resolve))
                .rootfsSha256(Optional.ofNullable(rootfsSha256))
                .overlay(read("--overlay", overlay, text -> MemorySize.parsePages("overlay", text)))
                .home(homeMount.map(HomeMount::size).orElse(Filesystem.DEFAULT_HOME))
                .homeExecute(homeMount.map(HomeMount::execute).orElse(false))
                .context(Optional.ofNullable(context).map(text -> ContextMount.parse(directory(text, session))))
                .workspace(Optional.ofNullable(workspace)
                        .map(text -> WorkspaceMount.parse(directory(text, session), Mode.parse(mode))))
                .volumes(allVolumes)
                .tmpfs(allTmpfs)
                .secrets(allSecrets);
    }

    private void security(ContainerSpec.Builder spec, Session session) {
        spec.seccomp(
                        PolicySource.looksLikeFile(seccomp)
                                ? file(Path.of(seccomp), seccompSha256, session)
                                : new PolicySource.Named(seccomp))
                .trace(trace)
                .capabilities(capabilities.stream()
                        .map(name -> name.toUpperCase(Locale.ROOT))
                        .toList())
                .capabilityPolicy(
                        Optional.ofNullable(capabilityPolicy).map(path -> file(path, capabilityPolicySha256, session)))
                .landlock(Optional.ofNullable(landlock).map(path -> file(path, landlockSha256, session)))
                .lockdown(Optional.ofNullable(lockdown).map(Lockdown::parse))
                .runtime(Optional.ofNullable(runtime).map(Runtime::parse))
                .gvisorPlatform(Optional.ofNullable(gvisorPlatform).map(GvisorPlatform::parse))
                .trust(Optional.ofNullable(trust).map(Trust::parse))
                .init(init)
                .log(new LogPolicy(
                        read("--log-rate", logRate, MemorySize::parse).orElseThrow(),
                        LogPolicy.Overflow.parse(logOverflow)))
                .timeNamespace(timeNamespace)
                .allowDegraded(allowDegraded);
    }

    private static PolicySource.File file(Path path, @Nullable String sha256, Session session) {
        return new PolicySource.File(session.resolve(path), Optional.ofNullable(sha256));
    }

    /** Parses a volume, whose source may be relative to the client's working directory. */
    private static VolumeMount volume(String text, Session session) {
        int colon = text.indexOf(':');
        String source = colon < 0 ? "" : text.substring(0, colon);
        if (!source.isEmpty() && source.indexOf('/') < 0 && !source.matches("\\.{1,2}")) {
            throw new InvalidSpecException("-v " + text + ": '" + source + "' looks like a named volume, which only"
                    + " fleet files have; write ./" + text + " for a directory");
        }
        return VolumeMount.parse(onHost(text, session));
    }

    /** Resolves the directory before the first colon against the client's working directory. */
    private static String directory(String text, Session session) {
        int colon = text.indexOf(':');
        return colon < 0
                ? session.resolve(Path.of(text)).toString()
                : session.resolve(Path.of(text.substring(0, colon))) + text.substring(colon);
    }

    private static String onHost(String text, Session session) {
        int colon = text.indexOf(':');
        return colon <= 0 || text.startsWith(SecretMount.CREDENTIAL)
                ? text
                : session.resolve(Path.of(text.substring(0, colon))) + text.substring(colon);
    }
}
