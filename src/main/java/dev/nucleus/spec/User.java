package dev.nucleus.spec;

import java.util.List;
import java.util.Optional;

/**
 * The user and groups that the workload runs as, by name or number.
 *
 * @param user a name of the container's passwd file, or a number
 * @param group a name or number; required when the user is a number
 * @param groups supplementary groups
 */
public record User(String user, Optional<String> group, List<String> groups) {

    public User {
        groups = List.copyOf(groups);
        if (isNumber(user) && group.isEmpty()) {
            throw new InvalidSpecException("user " + user + " is a number, so it needs a group: write " + user + ":"
                    + user + " or another group");
        }
    }

    /** Reads {@code user}, {@code user:group} or {@code 70:70}. */
    public static User parse(String text) {
        String[] parts = text.split(":", -1);
        if (parts.length > 2 || parts[0].isEmpty() || (parts.length == 2 && parts[1].isEmpty())) {
            throw new InvalidSpecException("'" + text + "' is not a user; write name, name:group or 70:70");
        }
        return new User(parts[0], parts.length == 2 ? Optional.of(parts[1]) : Optional.empty(), List.of());
    }

    static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** The number that the text denotes; empty for a name. */
    public static Optional<Integer> number(String text) {
        if (!isNumber(text)) {
            return Optional.empty();
        }
        long value = text.length() > 10 ? Long.MAX_VALUE : Long.parseLong(text);
        if (value > Integer.MAX_VALUE) {
            throw new InvalidSpecException("'" + text + "' is not a user or group number; at most 2147483647");
        }
        return Optional.of((int) value);
    }

    @Override
    public String toString() {
        return user + group.map(name -> ":" + name).orElse("");
    }
}
