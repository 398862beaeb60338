package dev.nucleus.cli;

import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus man}: manual pages. */
@CommandLine.Command(
        name = "man",
        description = "Print the manual page of a command in the format of man: nucleus man run | man -l -")
final class ManCommand implements Callable<Integer> {

    private final Caller caller;

    @CommandLine.Parameters(
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "command, such as run or fleet validate; default: nucleus itself")
    private List<String> command = List.of();

    ManCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws IOException {
        String path = String.join(" ", command);
        caller.print(Reference.text(("man " + path).strip())
                .orElseThrow(() -> new InvalidSpecException("there is no command '" + path + "'; see nucleus --help"))
                .stripTrailing());
        return 0;
    }
}
