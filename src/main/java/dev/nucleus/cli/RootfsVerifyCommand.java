package dev.nucleus.cli;

import dev.nucleus.rootfs.RootfsAttestation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus rootfs verify}: verifies a root filesystem as production mode does. */
@CommandLine.Command(
        name = "verify",
        description = "Compare a root filesystem with its manifest, as production mode does.")
final class RootfsVerifyCommand implements Callable<Integer> {

    private final Caller caller;

    @CommandLine.Parameters(paramLabel = "DIRECTORY", description = "root filesystem")
    private Path directory = Path.of("");

    RootfsVerifyCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws IOException {
        Path top = caller.resolve(directory);
        RootfsAttestation.Result result = RootfsAttestation.ofThisUser().verify(top);
        caller.print("%s: %d files as recorded, manifest sha256 %s".formatted(top, result.files(), result.digest()));
        return 0;
    }
}
