package dev.nucleus.isolation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The ranges of users and groups that the host lets an ordinary user have, and the programs that grant them (subuid(5),
 * newuidmap(1)).
 *
 * @param root of the host's files
 * @param user by its name
 */
record SubordinateIds(Path root, String user, int uid) {

    private static final List<String> PLACES = List.of("usr/bin", "bin");

    record Range(int first, int count) {}

    /** The largest range of users that is this user's. */
    Optional<Range> users() {
        return largest("etc/subuid");
    }

    /** The largest range of groups. */
    Optional<Range> groups() {
        return largest("etc/subgid");
    }

    private Optional<Range> largest(String file) {
        try {
            return Files.readAllLines(root.resolve(file)).stream()
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

    /** The path of newuidmap or newgidmap, without links; empty when there is none that only root can have installed. */
    Optional<Path> program(String name) {
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
