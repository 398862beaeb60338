package dev.nucleus.cli;

import dev.nucleus.rootfs.RootfsAttestation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus rootfs attest}: records the present content of a root filesystem as the expected one. */
@CommandLine.Command(
        name = "attest",
        description = "Record the content of a root filesystem in a manifest, which production mode verifies.")
final class RootfsAttestCommand implements Callable<Integer> {

    private final Caller caller;

    @CommandLine.Parameters(paramLabel = "DIRECTORY", description = "root filesystem")
    private Path directory = Path.of("");

    RootfsAttestCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws IOException {
        Path top = caller.resolve(directory);
        RootfsAttestation.Result result = RootfsAttestation.attest(top);
        caller.print("%s: %d files, manifest sha256 %s".formatted(top, result.files(), result.digest()));
        return 0;
    }
}
