package dev.nucleus.spec;

/**
 * A TCP port.
 *
 * @param number 1 to 65535
 */
public record Port(int number) {

    public Port {
        if (number < 1 || number > 65_535) {
            throw new InvalidSpecException("a port is 1 to 65535, was " + number);
        }
    }

    public static Port parse(String text) {
        try {
            return new Port(Integer.parseInt(text.strip()));
        } catch (NumberFormatException e) {
            throw new InvalidSpecException("'" + text + "' is not a port; write a number from 1 to 65535");
        }
    }
}
