package dev.nucleus.cli;

import dev.nucleus.rootfs.RootfsBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus rootfs build}: builds a small attested root filesystem from programs of the host. */
@CommandLine.Command(
        name = "build",
        description = "Build a root filesystem from programs of this host with the libraries they need, and attest it.")
final class RootfsBuildCommand implements Callable<Integer> {

    private final Caller caller;

    @CommandLine.Parameters(paramLabel = "DIRECTORY", description = "directory to create; it must not exist")
    private Path directory = Path.of("");

    @CommandLine.Option(
            names = {"-p", "--program"},
            required = true,
            paramLabel = "FILE",
            description = "program to include with its libraries; repeatable")
    private List<Path> programs = List.of();

    @CommandLine.Option(
            names = {"-c", "--copy"},
            paramLabel = "PATH",
            description = "file or directory to include, such as modules and data; repeatable")
    private List<Path> copies = List.of();

    @CommandLine.Option(
            names = "--user",
            paramLabel = "NAME:UID:GID",
            description = "user to create for the workload; repeatable")
    private List<String> users = List.of();

    RootfsBuildCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws IOException {
        Path top = caller.resolve(directory);
        RootfsBuilder.Result result = RootfsBuilder.build(
                top,
                programs.stream().map(caller::resolve).toList(),
                copies.stream().map(caller::resolve).toList(),
                users.stream().map(RootfsBuilder.User::parse).toList());
        for (String missing : result.missing()) {
            caller.print("missing on this host: " + missing);
        }
        for (String leftOut : result.leftOut()) {
            caller.print("not copied: " + leftOut);
        }
        caller.print("%s: %d files, %d KiB, manifest sha256 %s"
                .formatted(
                        top,
                        result.attestation().files(),
                        result.bytes() / 1024,
                        result.attestation().digest()));
        return 0;
    }
}
