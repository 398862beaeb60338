package dev.nucleus.stress;

import java.util.List;

/**
 * How a client's command ended.
 *
 * @param interrupted whether the manager was killed meanwhile, so that the command has no result
 */
record Outcome(List<String> command, int code, String out, String err, boolean interrupted) {

    boolean succeeded() {
        return !interrupted && code == 0;
    }

    @Override
    public String toString() {
        return "'nucleus " + String.join(" ", command) + "': exit code " + code + ", output '" + shorten(out)
                + "', error output '" + shorten(err) + "'";
    }

    private static String shorten(String text) {
        String line = text.replace("\n", "\\n");
        return line.length() > 300 ? line.substring(0, 150) + " … " + line.substring(line.length() - 150) : line;
    }
}
