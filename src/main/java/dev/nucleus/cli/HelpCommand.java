package dev.nucleus.cli;

import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus help}: the same as {@code --help}. */
@CommandLine.Command(name = "help", description = "Show the help of a command.")
final class HelpCommand implements Callable<Integer> {

    private final Caller caller;

    @CommandLine.Parameters(
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "command, such as run or fleet validate; default: nucleus itself")
    private List<String> command = List.of();

    HelpCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws IOException {
        String path = String.join(" ", command);
        caller.print(Reference.text(("--help " + path).strip())
                .orElseThrow(() -> new InvalidSpecException("there is no command '" + path + "'; see nucleus --help"))
                .stripTrailing());
        return 0;
    }
}
