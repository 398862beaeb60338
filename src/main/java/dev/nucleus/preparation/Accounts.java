package dev.nucleus.preparation;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.Node;
import dev.nucleus.kernel.TrustedPath;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Users and groups by name, from the passwd(5) and group(5) files below a root. A root filesystem is untrusted: its
 * files are opened as if from inside it, so that no link leads to a file of the host, and only regular files of at most
 * 1 MiB are read.
 *
 * @param root the container's root filesystem, or the host's
 */
record Accounts(Path root) {

    private static final int MAX_BYTES = 1 << 20;

    // passwd(5) and group(5).
    private static final int UID = 2;
    private static final int GID = 3;
    private static final int GROUP_GID = 2;
    private static final int HOME = 5;

    record Account(int uid, int gid, String home) {}

    /**
     * A line of one of the files.
     *
     * @param place file and line number, for messages
     */
    private record Line(String place, String[] fields) {

        /**
         * The number in a field. As in a spec, numbers above 2147483647 are refused: where IDs are signed, they are
         * negative.
         */
        int number(int field, String what) {
            String text = field < fields.length ? fields[field] : "";
            if (text.matches("[0-9]{1,10}")) {
                long value = Long.parseLong(text);
                if (value <= Integer.MAX_VALUE) {
                    return (int) value;
                }
            }
            throw new InvalidSpecException(place + ": the " + what + " of '" + fields[0]
                    + "' is not a number from 0 to 2147483647; write numbers in the spec instead");
        }
    }

    Account user(String name) {
        Line line = line("etc/passwd", name)
                .orElseThrow(() -> new InvalidSpecException(
                        "user '" + name + "' is not in " + root.resolve("etc/passwd") + "; write uid:gid instead"));
        return new Account(
                line.number(UID, "user number"),
                line.number(GID, "group number"),
                line.fields().length > HOME ? line.fields()[HOME] : "/");
    }

    int group(String name) {
        return line("etc/group", name)
                .map(line -> line.number(GROUP_GID, "group number"))
                .orElseThrow(() -> new InvalidSpecException(
                        "group '" + name + "' is not in " + root.resolve("etc/group") + "; write its number instead"));
    }

    /** The first line that begins with the name; other lines are not validated. */
    private Optional<Line> line(String file, String name) {
        String[] lines = read(file).split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            if (lines[i].startsWith(name + ":")) {
                return Optional.of(new Line(root.resolve(file) + ":" + (i + 1), lines[i].split(":", -1)));
            }
        }
        return Optional.empty();
    }

    private String read(String file) {
        try (TrustedPath opened = TrustedPath.open(root);
                Directory directory = opened.openDirectory();
                Node node = directory.nodeInRoot(file);
                FileChannel content = node.read()) {
            ByteBuffer text = ByteBuffer.allocate(MAX_BYTES + 1);
            while (text.hasRemaining() && content.read(text) >= 0) {
                // Up to the end of the file or the limit.
            }
            if (!text.hasRemaining()) {
                throw new InvalidSpecException(root.resolve(file) + " is larger than 1 MiB; write uid:gid instead");
            }
            return StandardCharsets.UTF_8.decode(text.flip()).toString();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return "";
        } catch (IOException e) {
            throw new InvalidSpecException(
                    "can't look up a user or group: " + e.getMessage() + "; write uid:gid instead");
        }
    }
}
