package dev.nucleus.spec;

import java.util.Arrays;
import java.util.Locale;

/**
 * How far the kernel is protected even from root (kernel_lockdown(7)), in the order of strictness: a later value
 * satisfies a request for an earlier one.
 */
public enum Lockdown {
    /** Root can't change the running kernel. */
    INTEGRITY,
    /** Root can't read the kernel's secrets either. */
    CONFIDENTIALITY;

    public static Lockdown parse(String text) {
        return Arrays.stream(values())
                .filter(lockdown -> lockdown.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new InvalidSpecException(
                        "'" + text + "' is not a kernel lockdown; write integrity or confidentiality"));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
