package dev.nucleus.spec;

/** Ports from the first to the last, both included. */
public record PortRange(int first, int last) {

    private static final int HIGHEST = 65_535;

    public PortRange {
        if (first < 1 || last > HIGHEST || first > last) {
            throw new InvalidSpecException(
                    "'" + first + (first == last ? "" : "-" + last) + "' is not a range of ports; they are 1 to 65535");
        }
    }

    /** Parses {@code 80} or {@code 8000-8010}. */
    public static PortRange parse(String text) {
        int hyphen = text.indexOf('-');
        int first = number(hyphen < 0 ? text : text.substring(0, hyphen));
        return new PortRange(first, hyphen < 0 ? first : number(text.substring(hyphen + 1)));
    }

    private static int number(String text) {
        if (!text.matches("\\d{1,5}")) {
            throw new InvalidSpecException("'" + text + "' is not a port; write a number from 1 to 65535");
        }
        return Integer.parseInt(text);
    }

    public int size() {
        return last - first + 1;
    }

    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
