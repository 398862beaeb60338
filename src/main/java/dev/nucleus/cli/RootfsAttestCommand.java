package dev.nucleus.cli;

import dev.nucleus.rootfs.RootfsAttestation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus rootfs attest}: what is there now is what shall be there. */
@CommandLine.Command(
        name = "attest",
        mixinStandardHelpOptions = true,
        description = "Record what is in a root filesystem, for production mode to insist on.")
final class RootfsAttestCommand implements Callable<Integer> {

    private final Session session;

    @CommandLine.Parameters(paramLabel = "DIRECTORY")
    private Path directory = Path.of("");

    RootfsAttestCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Path top = session.resolve(directory);
        RootfsAttestation.Result result = RootfsAttestation.attest(top);
        session.print("%s: %d files, manifest sha256 %s".formatted(top, result.files(), result.digest()));
        return 0;
    }
}
