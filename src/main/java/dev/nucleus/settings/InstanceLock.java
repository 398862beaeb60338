package dev.nucleus.settings;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/**
 * Locks the state and run directory for this manager, from before anything is read there until it exits. The kernel
 * releases the locks with the process, however it ends (fcntl(2)). Two managers on one state directory would each take
 * the containers of the other for lost ones.
 */
@Component
public final class InstanceLock implements DisposableBean {

    private final List<FileChannel> held = new ArrayList<>();

    InstanceLock(NucleusProperties properties) {
        try {
            if (properties.externalSpawner().isPresent()) {
                RunDirectory.checkSocket(properties.externalSpawner().get());
            }
            hold(PrivateDirectories.create(properties.state()));
            hold(RunDirectory.prepare(properties.run()));
        } catch (IOException e) {
            close();
            throw new UnusableDirectoryException(e);
        }
    }

    private void hold(Path directory) throws IOException {
        Path file = directory.resolve("manager.lock");
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        @Nullable FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            close();
            throw new DirectoryInUseException(directory);
        }
        held.add(channel);
    }

    private void close() {
        for (FileChannel channel : held) {
            try {
                channel.close();
            } catch (IOException e) {
                // The kernel releases the lock anyway.
            }
        }
        held.clear();
    }

    @Override
    public void destroy() {
        close();
    }
}
