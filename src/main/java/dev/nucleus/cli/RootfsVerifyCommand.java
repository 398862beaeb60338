package dev.nucleus.cli;

import dev.nucleus.rootfs.RootfsAttestation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus rootfs verify}: what production mode would say of it. */
@CommandLine.Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Compare a root filesystem with its manifest, as production mode does.")
final class RootfsVerifyCommand implements Callable<Integer> {

    private final Session session;

    @CommandLine.Parameters(paramLabel = "DIRECTORY")
    private Path directory = Path.of("");

    RootfsVerifyCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Path top = session.resolve(directory);
        RootfsAttestation.Result result = RootfsAttestation.ofThisUser().verify(top);
        session.print("%s: %d files as recorded, manifest sha256 %s".formatted(top, result.files(), result.digest()));
        return 0;
    }
}
