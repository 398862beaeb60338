package dev.nucleus.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file system in memory with little space, mounted until it is closed.
 *
 * @param directory where it is mounted
 */
public record SmallDisk(Path directory) implements AutoCloseable {

    private static final int BLOCK = 4096;

    /** @param options as tmpfs(5) has them, such as {@code size=1m} */
    public static SmallDisk mount(Path directory, String options) throws IOException {
        Files.createDirectories(directory);
        Command.run("mount", "-t", "tmpfs", "-o", options + ",mode=700", "nucleus-test", directory.toString());
        return new SmallDisk(directory);
    }

    /** Fills the remaining space. @return the file that fills it */
    public Path fill() throws IOException {
        Path file = directory.resolve("filling");
        try (var out = Files.newOutputStream(file)) {
            while (true) {
                out.write(new byte[BLOCK]);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
            return file;
        }
    }

    @Override
    public void close() throws IOException {
        Command.run("umount", directory.toString());
    }
}
