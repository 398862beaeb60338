package dev.nucleus.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A small ext4 file system, mounted until it is closed. While it is frozen, a process that writes to it is in an
 * uninterruptible wait, as on a disk that doesn't respond: not even SIGKILL ends it.
 *
 * @param directory where it is mounted
 * @see <a href="https://man7.org/linux/man-pages/man8/fsfreeze.8.html">fsfreeze(8)</a>
 */
public record FreezableDisk(Path directory) implements AutoCloseable {

    private static final String SIZE = "8M";

    public static FreezableDisk mount(Path directory) throws IOException {
        Path image = directory.resolveSibling(directory.getFileName() + ".img");
        Command.run("truncate", "-s", SIZE, image.toString());
        Command.run("mkfs.ext4", "-q", "-F", image.toString());
        Files.createDirectories(directory);
        Command.run("mount", "-o", "loop", image.toString(), directory.toString());
        return new FreezableDisk(directory);
    }

    public void freeze() throws IOException {
        Command.run("fsfreeze", "-f", directory.toString());
    }

    public void thaw() throws IOException {
        Command.run("fsfreeze", "-u", directory.toString());
    }

    @Override
    public void close() throws IOException {
        Command.run("umount", directory.toString());
    }
}
