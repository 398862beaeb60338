package dev.nucleus.preparation;

import dev.nucleus.spec.UserNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The ranges of user and group IDs that the host grants an ordinary user, and the programs that map them (subuid(5),
 * newuidmap(1)).
 *
 * @param user name of the manager's user
 * @param users the largest range of users; empty: none is granted
 * @param groups the largest range of groups
 * @param newuidmap its path, without links; empty: there is none that only root can have installed
 * @param newgidmap likewise
 */
public record SubordinateIds(
        String user,
        Optional<Range> users,
        Optional<Range> groups,
        Optional<Path> newuidmap,
        Optional<Path> newgidmap) {

    static final SubordinateIds NONE =
            new SubordinateIds("", Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    private static final List<String> PLACES = List.of("usr/bin", "bin");

    public record Range(int first, int count) {}

    /** Whether the container has more than one user, if the manager runs without root. */
    static boolean needed(UserNamespace requested) {
        return !requested.equals(UserNamespace.NONE) && !(requested instanceof UserNamespace.NoMap);
    }

    /**
     * @param root the host's root directory
     * @param user name of the user
     */
    static SubordinateIds read(Path root, String user, int uid) {
        return new SubordinateIds(
                user,
                largest(root.resolve("etc/subuid"), user, uid),
                largest(root.resolve("etc/subgid"), user, uid),
                program(root, "newuidmap"),
                program(root, "newgidmap"));
    }

    private static Optional<Range> largest(Path file, String user, int uid) {
        try {
            return Files.readAllLines(file).stream()
                    .map(line -> line.split(":", -1))
                    .filter(fields -> fields.length == 3
                            && (fields[0].equals(user) || fields[0].equals(Integer.toString(uid)))
                            && fields[1].matches("\\d{1,9}")
                            && fields[2].matches("\\d{1,9}"))
                    .map(fields -> new Range(Integer.parseInt(fields[1]), Integer.parseInt(fields[2])))
                    .max(Comparator.comparingInt(Range::count));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<Path> program(Path root, String name) {
        return PLACES.stream()
                .flatMap(place -> trusted(root.resolve(place).resolve(name)).stream())
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Optional<Path> trusted(Path program) {
        try {
            return Optional.of(TrustedProgram.at(program).path());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
