package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Instant;

/** A newly created file, held open by its descriptor even if its name is removed or replaced. */
public final class NewFile implements AutoCloseable {

    private final Descriptor descriptor;
    private final String label;

    NewFile(Descriptor descriptor, String label) {
        this.descriptor = descriptor;
        this.label = label;
    }

    /** Opens another descriptor of it, for writing from its beginning. */
    public FileChannel write() throws IOException {
        return FileChannel.open(descriptor.path(), StandardOpenOption.WRITE);
    }

    public FileStat status() throws IOException {
        return FileStat.of(descriptor.number(), label);
    }

    public void setOwner(int uid, int gid) throws IOException {
        SystemCall.check(label, () -> Libc.INSTANCE.fchown(descriptor.number(), uid, gid));
    }

    /** @param mode of chmod(2) */
    public void setMode(int mode) throws IOException {
        SystemCall.check(label, () -> Libc.INSTANCE.fchmod(descriptor.number(), mode));
    }

    /** @param modified the time of the last change of content, which further writes would overwrite */
    public void setModified(Instant modified) throws IOException {
        FileTimes.setModified(descriptor, modified, label);
    }

    /** @param bytes its length; unwritten parts are holes */
    public void setSize(long bytes) throws IOException {
        SystemCall.check(label, () -> Libc.INSTANCE.ftruncate(descriptor.number(), bytes));
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
