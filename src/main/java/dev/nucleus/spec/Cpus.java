package dev.nucleus.spec;

/**
 * Processors that may be used, as a fraction or multiple of one: {@code 0.5}, {@code 2}.
 *
 * @param value positive, finite, at most 65536
 */
public record Cpus(double value) {

    /** Period of the CPU controllers' quota, in microseconds. */
    public static final long PERIOD_MICROS = 100_000;

    private static final double MAXIMUM = 65_536;
    private static final long SMALLEST_QUOTA_MICROS = 1_000;

    public Cpus {
        if (!(value > 0 && value <= MAXIMUM)) {
            throw new InvalidSpecException("cpus must be above 0 and at most 65536, was " + value);
        }
    }

    public static Cpus parse(String text) {
        try {
            return new Cpus(Double.parseDouble(text.strip()));
        } catch (NumberFormatException e) {
            throw new InvalidSpecException("'" + text + "' is not a number of cpus; write 0.5 or 2");
        }
    }

    /** Microseconds of processor time per {@link #PERIOD_MICROS}; at least the kernel's minimum, 1 ms. */
    public long quotaMicros() {
        return Math.max(SMALLEST_QUOTA_MICROS, Math.round(value * PERIOD_MICROS));
    }

    @Override
    public String toString() {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
