package dev.nucleus.cli;

import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** {@code nucleus completion}: prints a shell completion script. */
@CommandLine.Command(
        name = "completion",
        description = "Print a completion script. For bash: nucleus completion bash > "
                + "/usr/share/bash-completion/completions/nucleus")
final class CompletionCommand implements Callable<Integer> {

    private final Caller caller;

    @CommandLine.Parameters(paramLabel = "SHELL", description = "bash or zsh")
    private String shell = "";

    CompletionCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws IOException {
        caller.print(Reference.text("completion " + shell)
                .orElseThrow(() -> new InvalidSpecException(
                        "no completion script for '" + shell + "'; supported shells: bash and zsh"))
                .stripTrailing());
        return 0;
    }
}
