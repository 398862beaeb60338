package dev.nucleus.workspace;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Sorts the names in directories by their bytes, in bounded memory: small directories are sorted in memory, large ones
 * in runs on disk that are merged while they are read. Confined to one walk.
 */
final class NameSorter implements AutoCloseable {

    /** Names kept in memory for all directories being walked; as many again while one of them is being sorted. */
    private static final int HELD = 4_096;

    /** A directory with at most this many names is always kept in memory. */
    private static final int FEW = 32;

    private static final int READ_BYTES = 2_048;

    private final Path scratchDirectory;
    private @Nullable FileChannel scratch;
    private long scratchEnd;
    private int held;

    /** @param scratchDirectory the manager's own directory, for a temporary file that is deleted on close */
    NameSorter(Path scratchDirectory) {
        this.scratchDirectory = scratchDirectory;
    }

    /** Sorted names, one after another. */
    interface Names extends AutoCloseable {
        /** The next name; null at the end. */
        @Nullable
        FileName next() throws IOException;

        @Override
        void close();
    }

    /** @param size counts each name, and throws if there are too many */
    Names sort(Directory directory, TreeSize size) throws IOException {
        var names = new ArrayList<FileName>();
        var runs = new ArrayList<Run>();
        try (Directory.Listing listing = directory.list()) {
            for (FileName name = listing.next(); name != null; name = listing.next()) {
                size.count(name);
                if (names.size() == HELD) {
                    runs.add(spill(names));
                }
                names.add(name);
            }
        }
        if (runs.isEmpty() && (names.size() <= FEW || held + names.size() <= HELD)) {
            names.sort(Comparator.naturalOrder());
            names.trimToSize();
            return new InMemory(names);
        }
        runs.add(spill(names));
        return new Merged(runs);
    }

    private Run spill(List<FileName> names) throws IOException {
        names.sort(Comparator.naturalOrder());
        ByteBuffer bytes = ByteBuffer.allocate(
                names.stream().mapToInt(name -> 2 + name.bytes().length()).sum());
        for (FileName name : names) {
            bytes.putShort((short) name.bytes().length()).put(name.bytes().getBytes(StandardCharsets.ISO_8859_1));
        }
        names.clear();
        bytes.flip();
        var run = new Run(scratchEnd, scratchEnd + bytes.limit());
        while (bytes.hasRemaining()) {
            scratchEnd += scratch().write(bytes, scratchEnd);
        }
        return run;
    }

    private FileChannel scratch() throws IOException {
        FileChannel opened = scratch;
        if (opened == null) {
            opened = FileChannel.open(
                    Files.createTempFile(scratchDirectory, ".names", ""),
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE);
            scratch = opened;
        }
        return opened;
    }

    @Override
    public void close() throws IOException {
        if (scratch != null) {
            scratch.close();
        }
    }

    private final class InMemory implements Names {

        private final List<FileName> names;
        private int next;

        InMemory(List<FileName> names) {
            this.names = names;
            held += names.size();
        }

        @Override
        public @Nullable FileName next() {
            return next < names.size() ? names.get(next++) : null;
        }

        @Override
        public void close() {
            held -= names.size();
        }
    }

    private static final class Merged implements Names {

        private final PriorityQueue<Run> runs = new PriorityQueue<>(Comparator.comparing(Run::current));

        Merged(List<Run> runs) throws IOException {
            for (Run run : runs) {
                if (run.advance()) {
                    this.runs.add(run);
                }
            }
        }

        @Override
        public @Nullable FileName next() throws IOException {
            Run run = runs.poll();
            if (run == null) {
                return null;
            }
            FileName name = run.current();
            if (run.advance()) {
                runs.add(run);
            }
            return name;
        }

        @Override
        public void close() {
            runs.clear();
        }
    }

    /** A run of sorted names on disk, read in small pieces. */
    private final class Run {

        private final ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES).limit(0);
        private final long end;
        private long position;
        private @Nullable FileName current;

        Run(long start, long end) {
            this.position = start;
            this.end = end;
        }

        FileName current() {
            return Objects.requireNonNull(current);
        }

        /** Advances to the next name; false at the end. */
        boolean advance() throws IOException {
            if (position == end && !buffer.hasRemaining()) {
                return false;
            }
            require(2);
            int length = buffer.getShort();
            require(length);
            byte[] name = new byte[length];
            buffer.get(name);
            current = new FileName(new String(name, StandardCharsets.ISO_8859_1));
            return true;
        }

        private void require(int bytes) throws IOException {
            while (buffer.remaining() < bytes) {
                buffer.compact();
                buffer.limit((int) Math.min(buffer.capacity(), buffer.position() + (end - position)));
                int read = scratch().read(buffer, position);
                if (read <= 0) {
                    throw new EOFException("the list of names in " + scratchDirectory + " ends early");
                }
                position += read;
                buffer.flip();
            }
        }
    }
}
