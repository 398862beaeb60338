package dev.nucleus.cli;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Cpus;
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
import dev.nucleus.spec.PolicySource;
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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** The options that describe a container: the fields of a fleet file, by the same names. */
final class ContainerOptions {

    @CommandLine.Option(
            names = "--mode",
            defaultValue = "agent",
            description = "confinement: agent, strict-agent or production")
    private String mode = "agent";

    @CommandLine.Option(names = "--memory", description = "memory limit, for example 512M")
    private @Nullable String memory;

    @CommandLine.Option(
            names = "--swap",
            description = "swap limit beyond the memory, for example 256M; needs --memory")
    private @Nullable String swap;

    @CommandLine.Option(names = "--cpus", description = "processor limit, for example 0.5")
    private @Nullable String cpus;

    @CommandLine.Option(
            names = "--cpu-weight",
            description = "processor share under contention, 1 to 10000; default: 100")
    private @Nullable Integer cpuWeight;

    @CommandLine.Option(
            names = "--io",
            description = "I/O limits of a block device: 'MAJOR:MINOR rbps=10M wbps=1M riops=100 wiops=50'")
    private List<String> io = new ArrayList<>();

    @CommandLine.Option(names = "--pids", defaultValue = "512", description = "process limit; 0: none; default: 512")
    private int pids = Resources.DEFAULT_PIDS;

    @CommandLine.Option(
            names = "--open-files",
            defaultValue = "1024",
            description = "open file limit per process; default: 1024")
    private int openFiles = Resources.DEFAULT_OPEN_FILES;

    @CommandLine.Option(
            names = "--log-rate",
            defaultValue = "16M",
            description = "bytes per second that are logged; default: 16M")
    private String logRate = "16M";

    @CommandLine.Option(
            names = "--log-overflow",
            defaultValue = "block",
            description = "output beyond the log rate: block (the command's writes wait) or drop; default: block")
    private String logOverflow = "block";

    @CommandLine.Option(
            names = {"-e", "--env"},
            description = "environment variable: NAME=value")
    private List<String> env = new ArrayList<>();

    @CommandLine.Option(
            names = "--env-fd",
            description = "descriptor of the client to read variables from, each ended by a newline or NUL")
    private @Nullable Integer envDescriptor;

    @CommandLine.Option(names = "--workdir", description = "working directory of the command")
    private @Nullable String workdir;

    @CommandLine.Option(names = "--rootfs", description = "root filesystem, a directory")
    private @Nullable Path rootfs;

    @CommandLine.Option(names = "--rootfs-sha256", description = "SHA-256 of its manifest")
    private @Nullable String rootfsSha256;

    @CommandLine.Option(names = "--user", description = "user: NAME, NAME:GROUP or UID:GID")
    private @Nullable String user;

    @CommandLine.Option(
            names = "--user-namespace",
            defaultValue = "none",
            description = "none, auto, keep-id or nomap; default: none, without root nomap")
    private String userNamespace = "none";

    @CommandLine.Option(
            names = {"-v", "--volume"},
            description = "host directory or file: SRC:DEST[:ro|rw][,exec]; exec: run programs in it")
    private List<String> volumes = new ArrayList<>();

    @CommandLine.Option(names = "--overlay", description = "memory limit for what is written to the root filesystem")
    private @Nullable String overlay;

    @CommandLine.Option(names = "--home", description = "memory limit of its home: SIZE[:exec]; default: 64M")
    private @Nullable String home;

    @CommandLine.Option(names = "--context", description = "read-only directory at /context: DIR[:copy|bind]")
    private @Nullable String context;

    @CommandLine.Option(
            names = "--workspace",
            description = "working directory at /workspace: DIR[:bind-rw|bind-ro|copy-in-out][:exec|noexec]; "
                    + "default: bind-rw, and exec in agent mode")
    private @Nullable String workspace;

    @CommandLine.Option(
            names = "--tmpfs",
            description = "directory in memory: DEST[:SIZE][:exec]; /tmp and /dev/shm are replaced")
    private List<String> tmpfs = new ArrayList<>();

    @CommandLine.Option(names = "--secret", description = "secret, copied to /run/secrets/NAME in memory: SRC:NAME")
    private List<String> secrets = new ArrayList<>();

    @CommandLine.Option(names = "--network", defaultValue = "none", description = "network: none or host")
    private String network = "none";

    @CommandLine.Option(
            names = "--seccomp",
            defaultValue = "default",
            description = "seccomp profile: a name or a file (OCI JSON)")
    private String seccomp = Security.DEFAULT_SECCOMP;

    @CommandLine.Option(names = "--seccomp-sha256", description = "SHA-256 of the seccomp file")
    private @Nullable String seccompSha256;

    @CommandLine.Option(
            names = "--trace",
            description = "allow and record every system call, for policy learn (agent mode)")
    private boolean trace;

    @CommandLine.Option(names = "--landlock", description = "Landlock policy file")
    private @Nullable Path landlock;

    @CommandLine.Option(names = "--landlock-sha256", description = "SHA-256 of the Landlock policy file")
    private @Nullable String landlockSha256;

    @CommandLine.Option(names = "--capability-policy", description = "capability policy file")
    private @Nullable Path capabilityPolicy;

    @CommandLine.Option(names = "--capability-policy-sha256", description = "SHA-256 of the capability policy file")
    private @Nullable String capabilityPolicySha256;

    @CommandLine.Option(names = "--lockdown", description = "required kernel lockdown: integrity or confidentiality")
    private @Nullable String lockdown;

    @CommandLine.Option(names = "--runtime", description = "native, or gvisor for a kernel of its own")
    private @Nullable String runtime;

    @CommandLine.Option(names = "--gvisor-platform", description = "gVisor platform: systrap, kvm or ptrace")
    private @Nullable String gvisorPlatform;

    @CommandLine.Option(names = "--trust", description = "trusted or untrusted; untrusted code needs gVisor")
    private @Nullable String trust;

    @CommandLine.Option(
            names = "--init",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "run a small init as PID 1; default: true")
    private boolean init;

    @CommandLine.Option(names = "--time-namespace", description = "own monotonic and boot time clocks")
    private boolean timeNamespace;

    @CommandLine.Option(names = "--capability", description = "capability to keep, for example NET_BIND_SERVICE")
    private List<String> capabilities = new ArrayList<>();

    @CommandLine.Option(names = "--allow-degraded", description = "run without layers that the host lacks (agent mode)")
    private boolean allowDegraded;

    ContainerSpec spec(List<String> command, Session session) throws IOException {
        var variables = new TreeMap<String, String>();
        List<String> given = new ArrayList<>(env);
        if (envDescriptor != null) {
            given.addAll(EnvironmentText.variables(session.readDescriptor(envDescriptor)));
        }
        for (String variable : given) {
            int equals = variable.indexOf('=');
            if (equals < 1) {
                throw new InvalidSpecException(
                        envDescriptor == null || env.contains(variable)
                                ? "'" + variable + "' is not NAME=value"
                                // It may be a secret.
                                : "--env-fd: a line is not NAME=value");
            }
            variables.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        ContainerSpec.Builder spec = ContainerSpec.builder(Mode.parse(mode), command)
                .env(variables)
                .workdir(Optional.ofNullable(workdir))
                .user(Optional.ofNullable(user).map(User::parse))
                .userNamespace(UserNamespace.parse(userNamespace))
                .network(Network.parse(network));
        resources(spec);
        filesystem(spec, session);
        security(spec, session);
        return spec.build();
    }

    private void resources(ContainerSpec.Builder spec) {
        spec.memory(Optional.ofNullable(memory).map(MemorySize::parseLimit))
                .swap(Optional.ofNullable(swap).map(text -> MemorySize.parsePages("swap", text)))
                .cpus(Optional.ofNullable(cpus).map(Cpus::parse))
                .cpuWeight(Optional.ofNullable(cpuWeight))
                .pids(pids)
                .openFiles(openFiles)
                .io(io.stream().map(IoLimit::parse).toList());
    }

    private void filesystem(ContainerSpec.Builder spec, Session session) {
        Optional<HomeMount> homeMount = Optional.ofNullable(home).map(HomeMount::parse);
        spec.rootfs(Optional.ofNullable(rootfs).map(session::resolve))
                .rootfsSha256(Optional.ofNullable(rootfsSha256))
                .overlay(Optional.ofNullable(overlay).map(text -> MemorySize.parsePages("overlay", text)))
                .home(homeMount.map(HomeMount::size).orElse(Filesystem.DEFAULT_HOME))
                .homeExecute(homeMount.map(HomeMount::execute).orElse(false))
                .context(Optional.ofNullable(context).map(text -> ContextMount.parse(directory(text, session))))
                .workspace(Optional.ofNullable(workspace)
                        .map(text -> WorkspaceMount.parse(directory(text, session), Mode.parse(mode))))
                .volumes(volumes.stream().map(text -> volume(text, session)).toList())
                .tmpfs(tmpfs.stream().map(TmpfsMount::parse).toList())
                .secrets(secrets.stream()
                        .map(text -> onHost(text, session))
                        .map(SecretMount::parse)
                        .toList());
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
                .log(new LogPolicy(MemorySize.parse(logRate), LogPolicy.Overflow.parse(logOverflow)))
                .timeNamespace(timeNamespace)
                .allowDegraded(allowDegraded);
    }

    private static PolicySource.File file(Path path, @Nullable String sha256, Session session) {
        return new PolicySource.File(session.resolve(path), Optional.ofNullable(sha256));
    }

    /** On the command line a source may be relative to where the client stands. */
    private static VolumeMount volume(String text, Session session) {
        return VolumeMount.parse(onHost(text, session));
    }

    /** The directory before the first colon, from where the client stands. */
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
