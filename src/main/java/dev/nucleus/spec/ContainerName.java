package dev.nucleus.spec;

import java.util.regex.Pattern;

/** Names of containers, services and fleets. */
public final class ContainerName {

    private static final int MAX_LENGTH = 63;
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]*");

    private ContainerName() {}

    /** Checks a name: letters, digits, {@code - _ .}, beginning with a letter or digit, at most 63 characters. */
    public static String check(String kind, String name) {
        if (name.length() > MAX_LENGTH || !PART.matcher(name).matches()) {
            throw new InvalidSpecException("'" + name + "' can't name a " + kind + "; use letters, digits, '-', '_' "
                    + "and '.', begin with a letter or digit, at most 63 characters");
        }
        return name;
    }
}
