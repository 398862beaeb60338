package dev.nucleus.cli;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.User;
import dev.nucleus.spec.VolumeMount;
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

    @CommandLine.Option(names = "--cpus", description = "most processors, such as 0.5")
    private @Nullable String cpus;

    @CommandLine.Option(names = "--pids", defaultValue = "512", description = "most processes; 0: no limit")
    private int pids = ContainerSpec.DEFAULT_PIDS;

    @CommandLine.Option(names = "--open-files", defaultValue = "1024", description = "most open files per process")
    private int openFiles = ContainerSpec.DEFAULT_OPEN_FILES;

    @CommandLine.Option(
            names = {"-e", "--env"},
            description = "NAME=value")
    private List<String> env = new ArrayList<>();

    @CommandLine.Option(names = "--workdir", description = "where the command starts")
    private @Nullable String workdir;

    @CommandLine.Option(names = "--rootfs", description = "a directory that becomes /")
    private @Nullable Path rootfs;

    @CommandLine.Option(names = "--user", description = "name, name:group or uid:gid")
    private @Nullable String user;

    @CommandLine.Option(
            names = {"-v", "--volume"},
            description = "SRC:DEST[:ro]")
    private List<String> volumes = new ArrayList<>();

    @CommandLine.Option(names = "--tmpfs", description = "DEST[:SIZE]")
    private List<String> tmpfs = new ArrayList<>();

    @CommandLine.Option(names = "--network", defaultValue = "none", description = "none or host")
    private String network = "none";

    @CommandLine.Option(names = "--seccomp", defaultValue = "default", description = "the name of a profile")
    private String seccomp = ContainerSpec.DEFAULT_SECCOMP;

    @CommandLine.Option(names = "--capability", description = "one to keep, such as NET_BIND_SERVICE")
    private List<String> capabilities = new ArrayList<>();

    @CommandLine.Option(names = "--allow-degraded", description = "run even if a layer can't be applied (agent mode)")
    private boolean allowDegraded;

    ContainerSpec spec(List<String> command, Session session) {
        var variables = new TreeMap<String, String>();
        for (String variable : env) {
            int equals = variable.indexOf('=');
            if (equals < 1) {
                throw new InvalidSpecException("'" + variable + "' is not NAME=value");
            }
            variables.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        return new ContainerSpec(
                Mode.parse(mode),
                command,
                variables,
                Optional.ofNullable(workdir),
                Optional.ofNullable(rootfs).map(session::resolve),
                Optional.ofNullable(user).map(User::parse),
                Optional.ofNullable(memory).map(MemorySize::parse),
                Optional.ofNullable(cpus).map(Cpus::parse),
                pids,
                openFiles,
                volumes.stream().map(text -> volume(text, session)).toList(),
                tmpfs.stream().map(TmpfsMount::parse).toList(),
                Network.parse(network),
                seccomp,
                capabilities.stream().map(name -> name.toUpperCase(Locale.ROOT)).toList(),
                allowDegraded);
    }

    /** On the command line a source may be relative to where the client stands. */
    private static VolumeMount volume(String text, Session session) {
        int colon = text.indexOf(':');
        if (colon <= 0) {
            return VolumeMount.parse(text);
        }
        return VolumeMount.parse(session.resolve(Path.of(text.substring(0, colon))) + text.substring(colon));
    }
}
