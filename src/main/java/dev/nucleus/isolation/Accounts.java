package dev.nucleus.isolation;

import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Users and groups by name, from the passwd(5) and group(5) files below a root.
 *
 * @param root the container's root filesystem, or the host's
 */
record Accounts(Path root) {

    record Account(int uid, int gid, String home) {}

    Account user(String name) {
        return line("etc/passwd", name)
                .map(fields -> new Account(
                        Integer.parseInt(fields[2]), Integer.parseInt(fields[3]), fields.length > 5 ? fields[5] : "/"))
                .orElseThrow(() -> new InvalidSpecException(
                        "user '" + name + "' is not in " + root.resolve("etc/passwd") + "; write uid:gid instead"));
    }

    int group(String name) {
        return line("etc/group", name)
                .map(fields -> Integer.parseInt(fields[2]))
                .orElseThrow(() -> new InvalidSpecException(
                        "group '" + name + "' is not in " + root.resolve("etc/group") + "; write its number instead"));
    }

    private Optional<String[]> line(String file, String name) {
        List<String> lines;
        try {
            lines = Files.readAllLines(root.resolve(file));
        } catch (IOException e) {
            return Optional.empty();
        }
        return lines.stream()
                .map(line -> line.split(":", -1))
                .filter(fields -> fields.length >= 3 && fields[0].equals(name))
                .findFirst();
    }
}
