package dev.nucleus.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import picocli.CommandLine;

/** Runs {@code java -jar nucleus.jar COMMAND}: help, and commands that need no manager. */
public final class LocalCommands {

    private static final Set<String> ABOUT = Set.of("-h", "--help", "-V", "--version");

    private LocalCommands() {}

    /**
     * Runs the command, if the arguments are one.
     *
     * @param arguments of the jar; a manager's settings begin with {@code --}
     * @return the exit code; empty when a manager is to be started
     */
    public static OptionalInt run(String[] arguments) {
        if (arguments.length == 0 || arguments[0].startsWith("-") && !ABOUT.contains(arguments[0])) {
            return OptionalInt.empty();
        }
        String command = arguments[0];
        var caller = new Process();
        PrintWriter errors = caller.writer(true);
        CommandLine line = CommandTree.without(caller)
                .with(command)
                .setOut(caller.writer(false))
                .setErr(errors);
        line.setExecutionStrategy(parsed -> {
            Integer help = CommandLine.executeHelpRequest(parsed);
            if (help != null) {
                return help;
            }
            if (parsed.hasSubcommand() && !CommandTree.isLocal(command)) {
                errors.println("nucleus: '" + command
                        + "' is a command for a running manager; run it with the nucleus client: " + "nucleus "
                        + String.join(" ", List.of(arguments)));
                return Failures.USAGE;
            }
            return new CommandLine.RunLast().execute(parsed);
        });
        line.setExecutionExceptionHandler((exception, _, _) -> Failures.report(exception, command, errors));
        int code = line.execute(arguments);
        if (caller.writer(false).checkError()) {
            errors.println("nucleus: can't write to standard output");
            return OptionalInt.of(Failures.REFUSED);
        }
        return OptionalInt.of(errors.checkError() ? Failures.REFUSED : code);
    }

    /** This process's own directory and streams. */
    private static final class Process implements Caller {

        private final PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
        private final PrintWriter err = new PrintWriter(System.err, true, System.err.charset());

        @Override
        public Path resolve(Path path) {
            return path.toAbsolutePath().normalize();
        }

        @Override
        public void print(String line) {
            out.println(line);
        }

        @Override
        public PrintWriter writer(boolean error) {
            return error ? err : out;
        }
    }
}
