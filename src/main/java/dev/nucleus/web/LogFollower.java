package dev.nucleus.web;

import dev.nucleus.container.Container;
import dev.nucleus.log.ContainerLog;
import dev.nucleus.log.LogFeed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a viewer the log of the container that currently has a name, and then of its successors. */
final class LogFollower {

    private static final Logger log = LoggerFactory.getLogger(LogFollower.class);

    /** Bytes that a page may fall behind; beyond that, it continues with the newest lines. */
    private static final long MAX_BEHIND = 1 << 20;

    private final Supplier<Optional<Container>> present;
    private final Viewer viewer;
    private Optional<LogPosition> position;

    /**
     * @param present supplies the current container
     * @param position up to where the viewer has seen a log
     */
    LogFollower(Supplier<Optional<Container>> present, Viewer viewer, Optional<LogPosition> position) {
        this.present = present;
        this.viewer = viewer;
        this.position = position;
    }

    /** Follows until the viewer has disconnected. */
    void follow() {
        Optional<Container> last = Optional.empty();
        try {
            while (!viewer.isClosed()) {
                Optional<Container> now = present.get().filter(Container::isRunning);
                if (now.isPresent() && !now.equals(last)) {
                    last = now;
                    follow(now.get());
                } else {
                    viewer.awaitChange();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow(Container container) throws InterruptedException {
        long offset = position.filter(seen -> seen.container().equals(container.id()))
                .map(LogPosition::offset)
                .orElse(0L);
        try (LogFeed.Reader reader = container.feed().open(offset)) {
            Runnable parting = reader::close;
            viewer.onClose(parting);
            copy(container.id(), reader);
            viewer.removeCloseAction(parting);
        } catch (IOException e) {
            log.debug("the log of '{}' can't be followed: {}", container.name(), e.toString());
        }
    }

    private void copy(String container, LogFeed.Reader reader) throws IOException, InterruptedException {
        var line = new ByteArrayOutputStream();
        OptionalLong expected = OptionalLong.empty();
        Optional<ContainerLog.Chunk> chunk = reader.next();
        while (!viewer.isClosed() && chunk.isPresent()) {
            long start = chunk.get().offset();
            byte[] bytes = chunk.get().bytes();
            if (expected.isPresent() && expected.getAsLong() < start) {
                line.reset();
                bytes = fromNextLine(bytes);
                start = chunk.get().offset() + chunk.get().bytes().length - bytes.length;
                viewer.leftOut(start - expected.getAsLong(), new LogPosition(container, start));
            }
            show(container, start, bytes, line);
            expected = OptionalLong.of(start + bytes.length);
            if (reader.behind() > MAX_BEHIND) {
                reader.skipToBuffer();
            }
            chunk = reader.next();
        }
    }

    /** Drops the partial line at the beginning of the bytes. */
    private static byte[] fromNextLine(byte[] bytes) {
        int at = 0;
        while (at < bytes.length && bytes[at] != '\n') {
            at++;
        }
        return Arrays.copyOfRange(bytes, Math.min(at + 1, bytes.length), bytes.length);
    }

    /** Shows the lines that end in these bytes, and keeps the beginning of the next line. */
    private void show(String container, long start, byte[] bytes, ByteArrayOutputStream line)
            throws InterruptedException {
        int from = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == '\n') {
                line.write(bytes, from, at - from);
                from = at + 1;
                var seen = new LogPosition(container, start + from);
                position = Optional.of(seen);
                Optional<ContainerLog.Line> text = ContainerLog.parse(line.toString(StandardCharsets.UTF_8));
                if (text.isPresent()) {
                    viewer.logged(text.get(), seen);
                }
                line.reset();
            }
        }
        line.write(bytes, from, bytes.length - from);
    }
}
