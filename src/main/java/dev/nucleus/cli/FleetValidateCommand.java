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

/** {@code nucleus fleet validate}: every mistake of a file at once, or what it declares. */
@CommandLine.Command(name = "validate", description = "Check fleet files and report every mistake. Needs no manager.")
final class FleetValidateCommand implements Callable<Integer> {

    private static final List<Path> OF_A_PROCESS = List.of(Path.of("/dev/fd"), Path.of("/dev/stdin"), Path.of("/proc"));

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
            throw new CommandLine.ParameterException(spec.commandLine(), "a fleet file is missing");
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

    /** A manager sees neither its client's standard input nor its descriptors; and a pipe may have no end. */
    private Path readable(Path path) {
        Path resolved = ArgumentText.file(caller.resolve(path));
        boolean descriptor =
                path.toString().equals("-") || OF_A_PROCESS.stream().anyMatch(resolved::startsWith);
        boolean special = Files.exists(resolved) && !Files.isRegularFile(resolved) && !Files.isDirectory(resolved);
        if (caller instanceof Session && (descriptor || special)) {
            throw new InvalidSpecException(
                    "'" + path + "' is no regular file: write what is to be checked to a file, and name that");
        }
        return resolved;
    }
}
