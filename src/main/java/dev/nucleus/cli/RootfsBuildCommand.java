package dev.nucleus.cli;

import dev.nucleus.rootfs.RootfsBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus rootfs build}: a small attested root filesystem of some of the host's programs. */
@CommandLine.Command(
        name = "build",
        mixinStandardHelpOptions = true,
        description = "Build a root filesystem from programs of this host with the libraries they need, and attest it.")
final class RootfsBuildCommand implements Callable<Integer> {

    private final Session session;

    @CommandLine.Parameters(paramLabel = "DIRECTORY", description = "made by this; must not be there yet")
    private Path directory = Path.of("");

    @CommandLine.Option(
            names = {"-p", "--program"},
            required = true,
            description = "a program with its libraries; again for each")
    private List<Path> programs = List.of();

    @CommandLine.Option(
            names = {"-c", "--copy"},
            description = "a file or directory with what is in it, such as modules and data; again for each")
    private List<Path> copies = List.of();

    @CommandLine.Option(names = "--user", description = "NAME:UID:GID, who the workload will be; again for each")
    private List<String> users = List.of();

    RootfsBuildCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Path top = session.resolve(directory);
        RootfsBuilder.Result result = RootfsBuilder.build(
                top,
                programs.stream().map(session::resolve).toList(),
                copies.stream().map(session::resolve).toList(),
                users.stream().map(RootfsBuilder.User::parse).toList());
        for (String missing : result.missing()) {
            session.print("missing on this host: " + missing);
        }
        for (String leftOut : result.leftOut()) {
            session.print("not copied: " + leftOut);
        }
        session.print("%s: %d files, %d KiB, manifest sha256 %s"
                .formatted(
                        top,
                        result.attestation().files(),
                        result.bytes() / 1024,
                        result.attestation().digest()));
        return 0;
    }
}
