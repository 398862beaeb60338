package dev.nucleus.cli;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.GvisorPlatform;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.IoLimit;
import dev.nucleus.spec.Lockdown;
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

    @CommandLine.Option(names = "--mode", defaultValue = "agent", description = "agent, strict-agent or production")
    private String mode = "agent";

    @CommandLine.Option(names = "--memory", description = "most memory, such as 512M")
    private @Nullable String memory;

    @CommandLine.Option(names = "--swap", description = "most swap beyond the memory, such as 256M; needs --memory")
    private @Nullable String swap;

    @CommandLine.Option(names = "--cpus", description = "most processors, such as 0.5")
    private @Nullable String cpus;

    @CommandLine.Option(names = "--cpu-weight", description = "share of scarce processors, 1 to 10000; usual: 100")
    private @Nullable Integer cpuWeight;

    @CommandLine.Option(names = "--io", description = "'MAJOR:MINOR rbps=10M wbps=1M riops=100 wiops=50'")
    private List<String> io = new ArrayList<>();

    @CommandLine.Option(names = "--pids", defaultValue = "512", description = "most processes; 0: no limit")
    private int pids = Resources.DEFAULT_PIDS;

    @CommandLine.Option(names = "--open-files", defaultValue = "1024", description = "most open files per process")
    private int openFiles = Resources.DEFAULT_OPEN_FILES;

    @CommandLine.Option(
            names = {"-e", "--env"},
            description = "NAME=value")
    private List<String> env = new ArrayList<>();

    @CommandLine.Option(
            names = "--env-fd",
            description = "a descriptor of the client with more of them, each ended by a newline or NUL")
    private @Nullable Integer envDescriptor;

    @CommandLine.Option(names = "--workdir", description = "where the command starts")
    private @Nullable String workdir;

    @CommandLine.Option(names = "--rootfs", description = "a directory that becomes /")
    private @Nullable Path rootfs;

    @CommandLine.Option(names = "--rootfs-sha256", description = "what its manifest must hash to")
    private @Nullable String rootfsSha256;

    @CommandLine.Option(names = "--user", description = "name, name:group or uid:gid")
    private @Nullable String user;

    @CommandLine.Option(
            names = "--user-namespace",
            defaultValue = "none",
            description = "none, auto, keep-id or nomap; without root it is nomap at least")
    private String userNamespace = "none";

    @CommandLine.Option(
            names = {"-v", "--volume"},
            description = "SRC:DEST[:ro]")
    private List<String> volumes = new ArrayList<>();

    @CommandLine.Option(names = "--overlay", description = "most memory for what is written to the rootfs")
    private @Nullable String overlay;

    @CommandLine.Option(names = "--home", description = "most memory for its home; usual: 64M")
    private @Nullable String home;

    @CommandLine.Option(names = "--context", description = "DIR[:copy|bind], read at /context")
    private @Nullable String context;

    @CommandLine.Option(
            names = "--workspace",
            description = "DIR[:bind-rw|bind-ro|copy-in-out][:exec], worked in at /workspace")
    private @Nullable String workspace;

    @CommandLine.Option(names = "--tmpfs", description = "DEST[:SIZE]")
    private List<String> tmpfs = new ArrayList<>();

    @CommandLine.Option(names = "--secret", description = "SRC:NAME, a copy in memory at /run/secrets/NAME")
    private List<String> secrets = new ArrayList<>();

    @CommandLine.Option(names = "--network", defaultValue = "none", description = "none or host")
    private String network = "none";

    @CommandLine.Option(
            names = "--seccomp",
            defaultValue = "default",
            description = "the name of a profile, or a file (OCI JSON)")
    private String seccomp = Security.DEFAULT_SECCOMP;

    @CommandLine.Option(names = "--seccomp-sha256", description = "what the file given with --seccomp must hash to")
    private @Nullable String seccompSha256;

    @CommandLine.Option(
            names = "--trace",
            description = "allow and record every system call, to learn from (agent mode)")
    private boolean trace;

    @CommandLine.Option(names = "--landlock", description = "a file of Landlock rules")
    private @Nullable Path landlock;

    @CommandLine.Option(names = "--landlock-sha256", description = "what that file must hash to")
    private @Nullable String landlockSha256;

    @CommandLine.Option(names = "--capability-policy", description = "a file of capability sets")
    private @Nullable Path capabilityPolicy;

    @CommandLine.Option(names = "--capability-policy-sha256", description = "what that file must hash to")
    private @Nullable String capabilityPolicySha256;

    @CommandLine.Option(
            names = "--lockdown",
            description = "integrity or confidentiality: what the kernel must be locked to")
    private @Nullable String lockdown;

    @CommandLine.Option(names = "--runtime", description = "native, or gvisor: a kernel of its own")
    private @Nullable String runtime;

    @CommandLine.Option(names = "--gvisor-platform", description = "systrap, kvm or ptrace")
    private @Nullable String gvisorPlatform;

    @CommandLine.Option(names = "--trust", description = "trusted or untrusted; untrusted code wants gVisor")
    private @Nullable String trust;

    @CommandLine.Option(names = "--time-namespace", description = "clocks of its own for monotonic and boot time")
    private boolean timeNamespace;

    @CommandLine.Option(names = "--capability", description = "one to keep, such as NET_BIND_SERVICE")
    private List<String> capabilities = new ArrayList<>();

    @CommandLine.Option(names = "--allow-degraded", description = "run even if a layer can't be applied (agent mode)")
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
        spec.memory(Optional.ofNullable(memory).map(MemorySize::parse))
                .swap(Optional.ofNullable(swap).map(MemorySize::parse))
                .cpus(Optional.ofNullable(cpus).map(Cpus::parse))
                .cpuWeight(Optional.ofNullable(cpuWeight))
                .pids(pids)
                .openFiles(openFiles)
                .io(io.stream().map(IoLimit::parse).toList());
    }

    private void filesystem(ContainerSpec.Builder spec, Session session) {
        spec.rootfs(Optional.ofNullable(rootfs).map(session::resolve))
                .rootfsSha256(Optional.ofNullable(rootfsSha256))
                .overlay(Optional.ofNullable(overlay).map(MemorySize::parse))
                .home(Optional.ofNullable(home).map(MemorySize::parse).orElse(Filesystem.DEFAULT_HOME))
                .context(Optional.ofNullable(context).map(text -> ContextMount.parse(directory(text, session))))
                .workspace(Optional.ofNullable(workspace).map(text -> WorkspaceMount.parse(directory(text, session))))
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
