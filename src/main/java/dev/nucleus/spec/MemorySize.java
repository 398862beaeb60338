package dev.nucleus.spec;

import java.util.regex.Pattern;

/**
 * An amount of memory or storage, in bytes.
 *
 * <p>Written as digits with an optional binary suffix: {@code 512M}, {@code 512Mi}, {@code 1G}
 * (1024-based, as cgroups count). Without a suffix, bytes.
 *
 * @param bytes at least 1
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html#memory">cgroup v2, memory.max</a>
 */
public record MemorySize(long bytes) {

    private static final Pattern FORMAT = Pattern.compile("(\\d{1,18})([KMGT]?)i?B?");
    private static final String UNITS = "KMGT";

    public MemorySize {
        if (bytes < 1) {
            throw new InvalidSpecException("a size must be at least 1 byte, was " + bytes);
        }
    }

    /** Reads {@code 512M}; an overflow is an error, never a smaller number. */
    public static MemorySize parse(String text) {
        var matcher = FORMAT.matcher(text.strip());
        if (!matcher.matches()) {
            throw new InvalidSpecException("'" + text + "' is not a size; write bytes or K, M, G, T, such as 512M");
        }
        int shift =
                10 * (UNITS.indexOf(matcher.group(2)) + 1) * (matcher.group(2).isEmpty() ? 0 : 1);
        try {
            return new MemorySize(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift));
        } catch (ArithmeticException overflow) {
            throw new InvalidSpecException("'" + text + "' is more than 2^63 bytes");
        }
    }

    @Override
    public String toString() {
        int unit = -1;
        long value = bytes;
        while (value % 1024 == 0 && unit < UNITS.length() - 1) {
            value /= 1024;
            unit++;
        }
        return unit < 0 ? Long.toString(value) : value + UNITS.substring(unit, unit + 1);
    }

    /** Bytes as people compare them, to a tenth of the largest unit: {@code 1.5M}. */
    public static String approximate(long bytes) {
        String units = "KMGT";
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < units.length() - 1) {
            value /= 1024;
            unit++;
        }
        return unit < 0 ? bytes + "B" : String.format(java.util.Locale.ROOT, "%.1f%c", value, units.charAt(unit));
    }
}
