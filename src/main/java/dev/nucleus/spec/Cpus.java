package dev.nucleus.spec;

import java.util.regex.Pattern;

/**
 * A CPU limit, as a fraction or multiple of one CPU: {@code 0.5}, {@code 2}.
 *
 * @param value positive, finite, at most 65536
 */
public record Cpus(double value) {

    /** Period of the CPU controllers' quota, in microseconds. */
    public static final long PERIOD_MICROS = 100_000;

    private static final double MAXIMUM = 65_536;
    private static final long MIN_QUOTA_MICROS = 1_000;

    private static final Pattern NUMBER = Pattern.compile("([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?");

    public Cpus {
        if (!(value > 0 && value <= MAXIMUM)) {
            throw new InvalidSpecException("cpus must be above 0 and at most 65536, was " + value);
        }
    }

    public static Cpus parse(String text) {
        // Double.parseDouble also accepts 2d and 0x1p3, which are not YAML numbers.
        if (!NUMBER.matcher(text.strip()).matches()) {
            throw new InvalidSpecException("'" + text + "' is not a number of cpus; write 0.5 or 2");
        }
        return new Cpus(Double.parseDouble(text.strip()));
    }

    /** Microseconds of processor time per {@link #PERIOD_MICROS}; at least the kernel's minimum, 1 ms. */
    public long quotaMicros() {
        return Math.max(MIN_QUOTA_MICROS, Math.round(value * PERIOD_MICROS));
    }

    @Override
    public String toString() {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
