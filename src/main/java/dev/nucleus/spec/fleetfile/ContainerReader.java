package dev.nucleus.spec.fleetfile;

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
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.Resources;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.Trust;
import dev.nucleus.spec.User;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** Reads the fields of a service that describe its containers. */
final class ContainerReader {

    private final Path folder;
    private final Mode fleetMode;

    ContainerReader(Path folder, Mode fleetMode) {
        this.folder = folder;
        this.fleetMode = fleetMode;
    }

    Optional<ContainerSpec> read(YamlMapping fields) {
        Mode mode = fields.parse("mode", Mode::parse).orElse(fleetMode);
        Optional<YamlValue> command = fields.require("command", "[/bin/server, --port, \"8080\"]");
        ContainerSpec.Builder spec = ContainerSpec.builder(
                mode, command.map(value -> value.command("command")).orElse(List.of()));
        spec.env(environment(fields));
        spec.workdir(fields.take("workdir").or(() -> fields.take("working-dir")).flatMap(YamlValue::text));
        Optional<User> user = fields.parse("user", User::parse);
        List<String> groups = fields.list("groups", Function.identity());
        if (user.isEmpty() && !groups.isEmpty()) {
            fields.place()
                    .problem("'groups' are supplementary groups of a user; write user: too, such as user: \"70:70\"");
        }
        spec.user(user.map(u -> new User(u.user(), u.group(), groups)));
        fields.take("user-namespace").flatMap(ContainerReader::userNamespace).ifPresent(spec::userNamespace);
        NetworkingReader.read(fields, spec);
        resources(fields, spec);
        filesystem(fields, mode, spec);
        security(fields, spec);
        return command.flatMap(_ -> fields.place().attempt(spec::build));
    }

    private static Map<String, String> environment(YamlMapping fields) {
        var env = new TreeMap<String, String>();
        fields.take("environment")
                .or(() -> fields.take("env"))
                .flatMap(ContainerReader::variables)
                .ifPresent(entries -> entries.takeAll().forEach((name, value) -> {
                    if (value.isNull()) {
                        value.problem(
                                "'" + name + "' has no value: Compose would pass the host's, which never reaches a "
                                        + "container; write the value, or '' for an empty one");
                    } else {
                        value.text().ifPresent(text -> env.put(name, text));
                    }
                }));
        return env;
    }

    private static Optional<YamlMapping> variables(YamlValue value) {
        if (!value.isList()) {
            return value.mapping();
        }
        String first = value.items().stream()
                .findFirst()
                .filter(item -> !item.isMapping() && !item.isList() && !item.isNull())
                .map(YamlValue::kind)
                .map(text -> text.substring(1, text.length() - 1))
                .orElse("NAME=value");
        String[] variable = first.split("=", 2);
        value.problem("'environment' is a mapping here, not a list; write environment: {" + variable[0] + ": "
                + (variable.length == 2 && !variable[1].isEmpty() ? '"' + variable[1] + '"' : "value") + "}");
        return Optional.empty();
    }

    private static Optional<UserNamespace> userNamespace(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(UserNamespace::parse);
        }
        return value.mapping().flatMap(fields -> {
            List<UserNamespace.IdRange> uids = fields.list("uids", UserNamespace.IdRange::parse);
            List<UserNamespace.IdRange> gids = fields.list("gids", UserNamespace.IdRange::parse);
            fields.finish();
            return value.attempt(() -> new UserNamespace.Explicit(uids, gids));
        });
    }

    private static void resources(YamlMapping fields, ContainerSpec.Builder spec) {
        spec.memory(fields.parse("memory", MemorySize::parseLimit));
        spec.swap(size(fields, "swap"));
        spec.cpus(fields.parse("cpus", Cpus::parse));
        spec.cpuWeight(fields.take("cpu-weight").flatMap(value -> value.integer(Resources::checkCpuWeight)));
        fields.take("pids")
                .flatMap(value -> value.integer(Resources::checkPids))
                .ifPresent(spec::pids);
        fields.take("open-files")
                .flatMap(value -> value.integer(Resources::checkOpenFiles))
                .ifPresent(spec::openFiles);
        spec.io(fields.list("io", IoLimit::parse));
        fields.take("log").flatMap(ContainerReader::log).ifPresent(spec::log);
    }

    private static Optional<LogPolicy> log(YamlValue value) {
        return value.mapping().flatMap(fields -> {
            Optional<MemorySize> rate = fields.parse("rate", MemorySize::parse);
            Optional<LogPolicy.Overflow> overflow = fields.parse("overflow", LogPolicy.Overflow::parse);
            fields.finish();
            return value.attempt(() -> new LogPolicy(
                    rate.orElse(LogPolicy.DEFAULT.rate()), overflow.orElse(LogPolicy.DEFAULT.overflow())));
        });
    }

    /** The size of something in memory. */
    private static Optional<MemorySize> size(YamlMapping fields, String name) {
        return fields.parse(name, text -> MemorySize.parsePages(name, text));
    }

    private void filesystem(YamlMapping fields, Mode mode, ContainerSpec.Builder spec) {
        spec.rootfs(fields.take("rootfs").flatMap(YamlValue::text).map(this::inFolder));
        spec.rootfsSha256(fields.take("rootfs-sha256").flatMap(YamlValue::text));
        spec.overlay(size(fields, "overlay"));
        fields.take("home")
                .flatMap(ContainerReader::home)
                .ifPresent(home -> spec.home(home.size()).homeExecute(home.execute()));
        spec.context(fields.take("context").flatMap(this::context));
        spec.workspace(fields.take("workspace").flatMap(value -> workspace(value, mode)));
        var volumes = new ArrayList<VolumeMount>();
        var tmpfs = new ArrayList<TmpfsMount>();
        fields.take("volumes").stream()
                .flatMap(value -> value.items().stream())
                .forEach(item -> mount(item, volumes, tmpfs));
        fields.take("tmpfs").stream()
                .flatMap(value -> value.items().stream())
                .forEach(item -> tmpfs(item).ifPresent(tmpfs::add));
        spec.volumes(volumes);
        spec.tmpfs(tmpfs);
        spec.secrets(fields.take("secrets").stream()
                .flatMap(value -> value.items().stream())
                .flatMap(item -> secret(item).stream())
                .toList());
    }

    /** {@code ./src}, or {@code {path: ./src, mode: bind}}. */
    private Optional<ContextMount> context(YamlValue value) {
        if (!value.isMapping()) {
            return value.text()
                    .flatMap(path -> value.attempt(() -> new ContextMount(inFolder(path), ContextMount.Mode.COPY)));
        }
        return value.mapping().flatMap(fields -> {
            Optional<String> path = fields.require("path", "./src").flatMap(YamlValue::text);
            ContextMount.Mode mode =
                    fields.parse("mode", ContextMount.Mode::parse).orElse(ContextMount.Mode.COPY);
            fields.finish();
            return path.flatMap(text -> value.attempt(() -> new ContextMount(inFolder(text), mode)));
        });
    }

    /** {@code 64M}, {@code 64M:exec}, or {@code {size: 64M, exec: true}}. */
    private static Optional<HomeMount> home(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(HomeMount::parse);
        }
        return value.mapping().map(fields -> {
            MemorySize size = size(fields, "size").orElse(Filesystem.DEFAULT_HOME);
            boolean execute = flag(fields, "exec");
            fields.finish();
            return new HomeMount(size, execute);
        });
    }

    /**
     * {@code db:/data:ro}, or Compose's long form: {@code {type: volume, source: db, target: /data, read_only: true}}
     * with the types "volume", "bind" and "tmpfs", and additionally {@code exec: true}.
     */
    private void mount(YamlValue value, List<VolumeMount> volumes, List<TmpfsMount> tmpfs) {
        if (!value.isMapping()) {
            value.parse(text -> {
                        int colon = text.indexOf(':');
                        checkSource(
                                colon < 0 ? text : text.substring(0, colon), colon < 0 ? "" : text.substring(colon));
                        return volume(text);
                    })
                    .ifPresent(volumes::add);
            return;
        }
        value.mapping().ifPresent(fields -> {
            String type = fields.parse("type", ContainerReader::mountType).orElse("volume");
            if (type.equals("tmpfs")) {
                fields.take("tmpfs").flatMap(YamlValue::mapping).ifPresent(inner -> {
                    fields.adopt(inner, List.of("size"));
                    inner.finish();
                });
                longTmpfs(value, fields).ifPresent(tmpfs::add);
                return;
            }
            Optional<String> source = fields.require("source", "db").flatMap(YamlValue::text);
            Optional<String> target = fields.require("target", "/data").flatMap(YamlValue::text);
            boolean readOnly = flag(fields, "read-only");
            boolean execute = flag(fields, "exec");
            fields.finish();
            source.flatMap(from -> target.flatMap(to -> value.attempt(() -> {
                        checkSource(from, "");
                        return new VolumeMount(from, to, readOnly, execute);
                    })))
                    .ifPresent(volumes::add);
        });
    }

    /** Refuses Compose's relative sources: host paths are absolute here, as on the command line. */
    private void checkSource(String source, String rest) {
        if (source.startsWith(".")) {
            Path path = inFolder(source);
            throw new InvalidSpecException(
                    "volumes: '" + source + rest + "' begins with a relative path; write '" + path + rest
                            + "', or declare volumes: {data: {path: " + source
                            + "}} at the top of the file and write 'data" + rest
                            + "' here");
        }
        if (source.startsWith("~")) {
            throw new InvalidSpecException("volumes: '" + source + rest
                    + "': '~' is not expanded here; write the absolute path, such as '/home/me" + source.substring(1)
                    + rest
                    + "'");
        }
    }

    private static VolumeMount volume(String text) {
        if (text.startsWith("/") && text.indexOf(':') < 0) {
            throw new InvalidSpecException(
                    "volumes: '" + text + "' has no source, and anonymous volumes are not supported; "
                            + "write 'data:" + text
                            + "' for a volume that is declared at the top of the file, or tmpfs: ['" + text
                            + "'] for temporary files");
        }
        return VolumeMount.parse(text);
    }

    private static String mountType(String text) {
        if (!List.of("volume", "bind", "tmpfs").contains(text)) {
            throw new InvalidSpecException("a mount is of type volume, bind or tmpfs; was '" + text + "'");
        }
        return text;
    }

    /** {@code /scratch:64M:exec}, or {@code {target: /scratch, size: 64M, exec: true}}. */
    private static Optional<TmpfsMount> tmpfs(YamlValue value) {
        return value.isMapping()
                ? value.mapping().flatMap(fields -> longTmpfs(value, fields))
                : value.parse(TmpfsMount::parse);
    }

    private static Optional<TmpfsMount> longTmpfs(YamlValue value, YamlMapping fields) {
        Optional<String> target = fields.require("target", "/scratch").flatMap(YamlValue::text);
        MemorySize size = size(fields, "size").orElse(TmpfsMount.DEFAULT_SIZE);
        boolean execute = flag(fields, "exec");
        fields.finish();
        return target.flatMap(to -> value.attempt(() -> new TmpfsMount(to, size, execute)));
    }

    private static boolean flag(YamlMapping fields, String name) {
        return fields.take(name).flatMap(YamlValue::bool).orElse(false);
    }

    /** {@code ./work}, or {@code {path: ./work, access: copy-in-out, exec: true}}. */
    private Optional<WorkspaceMount> workspace(YamlValue value, Mode mode) {
        boolean usual = WorkspaceMount.executableIn(mode);
        if (!value.isMapping()) {
            return value.text()
                    .flatMap(path -> value.attempt(
                            () -> new WorkspaceMount(inFolder(path), WorkspaceMount.Access.BIND_RW, usual)));
        }
        return value.mapping().flatMap(fields -> {
            Optional<String> path = fields.require("path", "./work").flatMap(YamlValue::text);
            WorkspaceMount.Access access =
                    fields.parse("access", WorkspaceMount.Access::parse).orElse(WorkspaceMount.Access.BIND_RW);
            boolean execute = fields.take("exec").flatMap(YamlValue::bool).orElse(usual);
            fields.finish();
            return path.flatMap(text -> value.attempt(() -> new WorkspaceMount(inFolder(text), access, execute)));
        });
    }

    /** {@code keys/db:db-password}, or {@code {source: keys/db, target: db-password, mode: "0400"}}. */
    private Optional<SecretMount> secret(YamlValue value) {
        if (!value.isMapping()) {
            return value.parse(text -> {
                int colon = text.indexOf(':');
                if (colon < 0) {
                    throw new InvalidSpecException(
                            "secrets: '" + text + "' names no file; write the file and the secret's " + "name: 'keys/"
                                    + text + ":" + text + "'");
                }
                return SecretMount.parse(colon < 1 ? text : inFolder(text.substring(0, colon)) + text.substring(colon));
            });
        }
        return value.mapping().flatMap(fields -> {
            Optional<String> credential = fields.take("systemd-credential").flatMap(YamlValue::text);
            Optional<String> source = credential.isPresent()
                    ? Optional.empty()
                    : fields.require("source", "keys/db").flatMap(YamlValue::text);
            Optional<String> target = fields.take("target").flatMap(YamlValue::text);
            int mode = fields.parse("mode", SecretMount::parseMode).orElse(SecretMount.DEFAULT_MODE);
            fields.finish();
            if (credential.isPresent()) {
                return value.attempt(() -> new SecretMount(
                        SecretMount.CREDENTIAL + credential.get(), target.orElse(credential.get()), mode));
            }
            return source.flatMap(path -> value.attempt(() -> {
                Path file = inFolder(path);
                return new SecretMount(file.toString(), target.orElse(String.valueOf(file.getFileName())), mode);
            }));
        });
    }

    private void security(YamlMapping fields, ContainerSpec.Builder spec) {
        fields.take("seccomp").flatMap(this::seccomp).ifPresent(spec::seccomp);
        fields.take("trace").flatMap(YamlValue::bool).ifPresent(spec::trace);
        fields.take("capabilities").ifPresent(value -> {
            if (value.isList()) {
                spec.capabilities(value.list(ContainerReader::capability));
            } else {
                spec.capabilityPolicy(policyFile(value));
            }
        });
        spec.landlock(fields.take("landlock").flatMap(this::policyFile));
        spec.lockdown(fields.parse("lockdown", Lockdown::parse));
        spec.runtime(fields.parse("runtime", Runtime::parse));
        spec.gvisorPlatform(fields.parse("gvisor-platform", GvisorPlatform::parse));
        spec.trust(fields.parse("trust", Trust::parse));
        fields.take("init").flatMap(YamlValue::bool).ifPresent(spec::init);
        fields.take("time-namespace").flatMap(YamlValue::bool).ifPresent(spec::timeNamespace);
        fields.take("allow-degraded").flatMap(YamlValue::bool).ifPresent(spec::allowDegraded);
    }

    /** The name of a profile, or the user's own file. */
    private Optional<PolicySource> seccomp(YamlValue value) {
        if (value.isMapping()) {
            return policyFile(value).map(PolicySource.class::cast);
        }
        return value.text()
                .map(text -> PolicySource.looksLikeFile(text)
                        ? new PolicySource.File(inFolder(text), Optional.empty())
                        : new PolicySource.Named(text));
    }

    /** {@code policies/web.json}, or {@code {file: policies/web.json, sha256: …}}. */
    private Optional<PolicySource.File> policyFile(YamlValue value) {
        if (!value.isMapping()) {
            return value.text().map(text -> new PolicySource.File(inFolder(text), Optional.empty()));
        }
        return value.mapping().flatMap(fields -> {
            Optional<String> file = fields.require("file", "policies/web.json").flatMap(YamlValue::text);
            Optional<String> sha256 = fields.take("sha256").flatMap(YamlValue::text);
            fields.finish();
            return file.flatMap(path -> value.attempt(() -> new PolicySource.File(inFolder(path), sha256)));
        });
    }

    private Path inFolder(String path) {
        return folder.resolve(path).normalize();
    }

    static String capability(String text) {
        String name = text.toUpperCase(Locale.ROOT);
        return name.startsWith("CAP_") ? name.substring(4) : name;
    }
}
