package dev.nucleus.spec;

import java.util.Arrays;
import java.util.Locale;

/**
 * How far the kernel keeps even root from changing or reading it (kernel_lockdown(7)). In the order of strictness: the
 * later one satisfies a request for the earlier.
 */
public enum Lockdown {
    /** Root can't change the running kernel. */
    INTEGRITY,
    /** Nor read secrets out of it. */
    CONFIDENTIALITY;

    public static Lockdown parse(String text) {
        return Arrays.stream(values())
                .filter(lockdown -> lockdown.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new InvalidSpecException(
                        "'" + text + "' is no lockdown of the kernel; write integrity or confidentiality"));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
