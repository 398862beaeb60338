package dev.nucleus.spec;

/**
 * Limits what a container writes to its log. Attached clients are not affected: they get every byte from the container
 * itself.
 *
 * @param rate bytes per second; a line costs 256 bytes besides its text. Bursts of one second are allowed
 * @param overflow what happens to output beyond the rate
 */
public record LogPolicy(MemorySize rate, Overflow overflow) {

    /** Bounds the supervisor's work, and how much it slows a container down. */
    public static final LogPolicy DEFAULT = new LogPolicy(MemorySize.parse("16M"), Overflow.BLOCK);

    private static final long LOWEST = 4096;
    private static final long HIGHEST = 1L << 30;

    /** What happens to output beyond the rate. */
    public enum Overflow {
        /** The container's writes block. */
        BLOCK,
        /** It is not logged; a record in the log gives the number of bytes missing. */
        DROP;

        public static Overflow parse(String text) {
            return switch (text) {
                case "block" -> BLOCK;
                case "drop" -> DROP;
                default -> throw new InvalidSpecException("log overflow is block or drop; was '" + text + "'");
            };
        }
    }

    public LogPolicy {
        if (rate.bytes() < LOWEST || rate.bytes() > HIGHEST) {
            throw new InvalidSpecException("log rate is 4K to 1G per second, was " + rate.bytes() + " bytes");
        }
    }
}
