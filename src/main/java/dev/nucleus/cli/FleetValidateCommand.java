package dev.nucleus.cli;

import dev.nucleus.fleet.FleetFiles;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.text.ArgumentText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code nucleus fleet validate}: reports every mistake in fleet files, or what they declare. */
@CommandLine.Command(name = "validate", description = "Check fleet files and report every mistake. Needs no manager.")
final class FleetValidateCommand implements Callable<Integer> {

    private static final List<Path> PROCESS_LOCAL_PATHS =
            List.of(Path.of("/dev/fd"), Path.of("/dev/stdin"), Path.of("/proc"));

    private final Caller caller;

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @CommandLine.Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "fleet file, or a directory of them; the same as an argument")
    private @Nullable Path file;

    @CommandLine.Parameters(arity = "0..*", paramLabel = "FILE", description = "fleet file, or a directory of them")
    private List<Path> files = List.of();

    FleetValidateCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws IOException {
        var all = new ArrayList<>(files);
        if (file != null) {
            all.add(file);
        }
        if (all.isEmpty()) {
            throw new CommandLine.ParameterException(spec.commandLine(), "missing operand: fleet file");
        }
        for (Path path : all) {
            for (FleetSpec fleet : FleetFiles.read(readable(path))) {
                int services = fleet.services().size();
                caller.print(
                        fleet.name() + ": " + services + (services == 1 ? " service" : " services") + ", no mistakes");
            }
        }
        return 0;
    }

    /**
     * Resolves a path and refuses what a manager can't read for its client: the client's standard input and
     * descriptors, and special files such as pipes, which may have no end.
     */
    private Path readable(Path path) {
        Path resolved = ArgumentText.file(caller.resolve(path));
        boolean descriptor =
                path.toString().equals("-") || PROCESS_LOCAL_PATHS.stream().anyMatch(resolved::startsWith);
        boolean special = Files.exists(resolved) && !Files.isRegularFile(resolved) && !Files.isDirectory(resolved);
        if (caller instanceof Session && (descriptor || special)) {
            throw new InvalidSpecException(
                    "'" + path + "' is not a regular file; write the fleet to a file and name that file");
        }
        return resolved;
    }
}
