package dev.nucleus.cli;

import dev.nucleus.fleet.FleetFiles;
import dev.nucleus.spec.FleetSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus fleet validate}: every mistake of a file at once, or what it declares. */
@CommandLine.Command(name = "validate", mixinStandardHelpOptions = true, description = "Check a fleet file.")
final class FleetValidateCommand implements Callable<Integer> {

    private final Session session;

    @CommandLine.Option(
            names = {"-f", "--file"},
            required = true,
            description = "the file, or a folder of them")
    private Path file = Path.of("");

    FleetValidateCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        for (FleetSpec fleet : FleetFiles.read(session.resolve(file))) {
            session.print(fleet.name() + ": " + fleet.services().size() + " services, no mistakes");
        }
        return 0;
    }
}
