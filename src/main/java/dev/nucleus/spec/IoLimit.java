package dev.nucleus.spec;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Limits per second of a container's reads from and writes to one block device.
 *
 * @param major major number of the device, as {@code lsblk} shows it
 * @param readBytes at least 1; empty: no limit
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html#io">cgroup v2, io.max</a>
 */
public record IoLimit(
        int major,
        int minor,
        Optional<Long> readBytes,
        Optional<Long> writeBytes,
        Optional<Long> readOperations,
        Optional<Long> writeOperations) {

    private static final Pattern DEVICE = Pattern.compile("(\\d{1,5}):(\\d{1,7})");

    public IoLimit {
        if (readBytes.isEmpty() && writeBytes.isEmpty() && readOperations.isEmpty() && writeOperations.isEmpty()) {
            throw new InvalidSpecException("io of device " + major + ":" + minor
                    + " limits nothing; write one of rbps=, wbps=, riops=, wiops=");
        }
    }

    /** Reads {@code 8:0 rbps=10M wbps=1M riops=100 wiops=50}, each limit at most once, in any order. */
    public static IoLimit parse(String text) {
        String[] parts = text.strip().split("\\s+");
        Matcher device = DEVICE.matcher(parts[0]);
        if (!device.matches()) {
            throw new InvalidSpecException(
                    "'" + text + "' is not a device limit; write MAJOR:MINOR rbps=10M wbps=10M riops=100 wiops=100");
        }
        var limit = new Long[4];
        for (int i = 1; i < parts.length; i++) {
            int index = switch (parts[i].replaceFirst("=.*", "")) {
                case "rbps" -> 0;
                case "wbps" -> 1;
                case "riops" -> 2;
                case "wiops" -> 3;
                default -> throw new InvalidSpecException("'" + parts[i] + "' is none of rbps=, wbps=, riops=, wiops=");
            };
            if (limit[index] != null) {
                throw new InvalidSpecException("'" + parts[i] + "' repeats a limit; write each once");
            }
            String value = parts[i].substring(parts[i].indexOf('=') + 1);
            limit[index] = index < 2 ? MemorySize.parsePages("io", value).bytes() : operations(value);
        }
        return new IoLimit(
                Integer.parseInt(device.group(1)),
                Integer.parseInt(device.group(2)),
                Optional.ofNullable(limit[0]),
                Optional.ofNullable(limit[1]),
                Optional.ofNullable(limit[2]),
                Optional.ofNullable(limit[3]));
    }

    private static long operations(String text) {
        if (!text.matches("[1-9]\\d{0,9}")) {
            throw new InvalidSpecException("'" + text + "' is not a number of operations per second");
        }
        return Long.parseLong(text);
    }

    /** Major and minor number, as in the kernel's control files. */
    public String device() {
        return major + ":" + minor;
    }

    @Override
    public String toString() {
        return device()
                + part(" rbps=", readBytes)
                + part(" wbps=", writeBytes)
                + part(" riops=", readOperations)
                + part(" wiops=", writeOperations);
    }

    private static String part(String name, Optional<Long> value) {
        return value.map(number -> name + number).orElse("");
    }
}
