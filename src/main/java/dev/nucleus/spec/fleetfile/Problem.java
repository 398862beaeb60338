package dev.nucleus.spec.fleetfile;

/**
 * One problem in a file.
 *
 * @param line counted from 1
 * @param column counted from 1
 * @param message what is wrong and what would be valid
 */
public record Problem(String file, int line, int column, String message) {

    @Override
    public String toString() {
        return file + ":" + line + ":" + column + ": " + message;
    }
}
