package dev.nucleus.spec;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * An amount of memory or storage, in bytes.
 *
 * <p>Written as digits with an optional binary suffix: {@code 512M}, {@code 512Mi}, {@code 1G}
 * (1024-based, as cgroups count), in upper or lower case. Without a suffix, bytes.
 *
 * @param bytes at least 1
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html#memory">cgroup v2, memory.max</a>
 */
public record MemorySize(long bytes) {

    private static final Pattern FORMAT = Pattern.compile("(\\d{1,18})(?:([KMGT])i?)?B?", Pattern.CASE_INSENSITIVE);
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
        String unit = matcher.group(2);
        int shift = unit == null ? 0 : 10 * (UNITS.indexOf(unit.toUpperCase(Locale.ROOT)) + 1);
        try {
            return new MemorySize(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift));
        } catch (ArithmeticException overflow) {
            throw new InvalidSpecException("'" + text + "' is more than 2^63 bytes");
        }
    }

    /**
     * Reads a memory limit, at least 1 MiB: below it the launch itself is killed.
     *
     * @throws InvalidSpecException also if it is less, usually a number without its unit
     */
    public static MemorySize parseLimit(String text) {
        return parse("memory", text, new MemorySize(1L << 20));
    }

    /**
     * Reads the size of something in memory, or the bytes per second of a device: at least one page, the unit in which
     * the kernel counts.
     *
     * @param field for the error
     * @throws InvalidSpecException also if it is less, usually a number without its unit
     */
    public static MemorySize parsePages(String field, String text) {
        return parse(field, text, new MemorySize(4096));
    }

    private static MemorySize parse(String field, String text, MemorySize least) {
        MemorySize size = parse(text);
        if (size.bytes < least.bytes) {
            boolean bare = text.strip().matches("\\d+");
            throw new InvalidSpecException(field + ": '" + text + "' is " + size.bytes + " bytes, and the minimum is "
                    + least + "; write " + (bare ? "the unit too, such as " + text.strip() + "M" : least + " or more"));
        }
        return size;
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

    /** Formats bytes for display, to a tenth of the largest unit: {@code 1.5M}. */
    public static String approximate(long bytes) {
        String units = "KMGT";
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < units.length() - 1) {
            value /= 1024;
            unit++;
        }
        return unit < 0 ? bytes + "B" : String.format(Locale.ROOT, "%.1f%c", value, units.charAt(unit));
    }
}
