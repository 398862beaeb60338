package dev.nucleus.audit;

import java.util.ArrayList;
import java.util.List;

/**
 * An operator's command has been handled. Published within the manager.
 *
 * @param principal the user that the kernel reports for the peer of the socket
 * @param arguments without the values of environment variables, which may be secrets
 */
public record CommandReceived(String principal, List<String> arguments, int exitCode) {

    public CommandReceived {
        arguments = withoutValues(arguments);
    }

    private static List<String> withoutValues(List<String> arguments) {
        var shown = new ArrayList<String>();
        boolean environment = false;
        boolean options = true;
        for (String argument : arguments) {
            options &= !argument.equals("--");
            if (environment) {
                shown.add(nameOf(argument));
            } else if (options && argument.startsWith("--env=")) {
                shown.add("--env=" + nameOf(argument.substring("--env=".length())));
            } else if (options && argument.startsWith("-e") && argument.length() > 2 && argument.charAt(1) == 'e') {
                shown.add("-e" + nameOf(argument.substring(2)));
            } else {
                shown.add(argument);
            }
            environment = options && !environment && (argument.equals("-e") || argument.equals("--env"));
        }
        return List.copyOf(shown);
    }

    private static String nameOf(String variable) {
        int equals = variable.indexOf('=');
        return equals < 0 ? variable : variable.substring(0, equals) + "=…";
    }
}
