package dev.nucleus.web;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerLog;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spawner.ShimMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings a viewer the log of whatever container is live under a name, and of the one after it. */
final class LogFollower {

    private static final Logger log = LoggerFactory.getLogger(LogFollower.class);

    private final Supplier<Optional<Container>> present;
    private final Viewer viewer;
    private Optional<LogPosition> position;

    /**
     * @param present the container that is live now
     * @param position what the viewer has seen
     */
    LogFollower(Supplier<Optional<Container>> present, Viewer viewer, Optional<LogPosition> position) {
        this.present = present;
        this.viewer = viewer;
        this.position = position;
    }

    /** Follows until the viewer is gone. */
    void follow() {
        Optional<Container> last = Optional.empty();
        try {
            while (!viewer.gone()) {
                Optional<Container> now = present.get().filter(Container::running);
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

    private void follow(Container container) {
        long offset = position.filter(seen -> seen.container().equals(container.id()))
                .map(LogPosition::offset)
                .orElse(0L);
        try (ShimConnection connection = container.shim().log(offset, true)) {
            viewer.onLeave(connection::close);
            var line = new ByteArrayOutputStream();
            Optional<ShimMessage> message = connection.receive();
            while (!viewer.gone()
                    && message.isPresent()
                    && message.get() instanceof ShimMessage.Data(var start, var bytes)) {
                show(container.id(), start, bytes, line);
                message = connection.receive();
            }
        } catch (IOException e) {
            log.debug("the log of '{}' can't be followed: {}", container.name(), e.toString());
        }
    }

    /** Shows the lines that end in these bytes; keeps the beginning of the next. */
    private void show(String container, long start, byte[] bytes, ByteArrayOutputStream line) {
        int from = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == '\n') {
                line.write(bytes, from, at - from);
                from = at + 1;
                var seen = new LogPosition(container, start + from);
                position = Optional.of(seen);
                ContainerLog.parse(line.toString(StandardCharsets.UTF_8)).ifPresent(text -> viewer.logged(text, seen));
                line.reset();
            }
        }
        line.write(bytes, from, bytes.length - from);
    }
}
