package dev.nucleus.web;

import dev.nucleus.container.ContainerLog;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.util.HtmlUtils;

/**
 * One open page. Others put messages into a bounded queue and never wait; one thread sends. A viewer that falls
 * behind loses log lines, not changes; one that is gone is noticed at the next heartbeat.
 */
final class Viewer {

    private sealed interface Message {
        record Changed() implements Message {}

        record Logged(ContainerLog.Line line, LogPosition position) implements Message {}
    }

    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final int QUEUE = 512;

    private final SseEmitter emitter;
    private final Optional<String> only;
    private final BlockingQueue<Message> queue = new ArrayBlockingQueue<>(QUEUE);
    /** A permit when something changed since it was last taken. */
    private final Semaphore change = new Semaphore(0);

    private final Set<Runnable> partings = ConcurrentHashMap.newKeySet();
    private volatile boolean changeQueued;
    private volatile boolean gone;
    /** Of the last line sent; used by the sending thread alone. */
    private Optional<LogPosition> position;

    /**
     * @param only the container it looks at; empty: all
     * @param position how far it has shown the log
     */
    Viewer(SseEmitter emitter, Optional<String> only, Optional<LogPosition> position) {
        this.emitter = emitter;
        this.only = only;
        this.position = position;
    }

    void changed(Optional<String> name) {
        boolean concerned = only.isEmpty() || only.equals(name);
        if (concerned) {
            change.release();
        }
        if (concerned && !changeQueued) {
            changeQueued = true;
            if (!queue.offer(new Message.Changed())) {
                changeQueued = false;
            }
        }
    }

    /** @return false when the viewer is too slow to be told */
    boolean logged(ContainerLog.Line line, LogPosition seen) {
        return queue.offer(new Message.Logged(line, seen));
    }

    /** Waits for the next change, or for the viewer to leave. */
    void awaitChange() throws InterruptedException {
        change.acquire();
        change.drainPermits();
    }

    /** What is to be closed when the viewer leaves. */
    void onLeave(Runnable parting) {
        partings.add(parting);
        if (gone) {
            parting.run();
        }
    }

    boolean gone() {
        return gone;
    }

    void leave() {
        gone = true;
        change.release();
        partings.forEach(Runnable::run);
        // Wakes the sender; a full queue is one that it is busy with.
        queue.offer(new Message.Changed());
    }

    /** Sends until the viewer is gone. */
    void serve() {
        try {
            // What happened between the page and this connection.
            changed(only);
            while (!gone) {
                Message message = queue.poll(HEARTBEAT.toSeconds(), TimeUnit.SECONDS);
                switch (message) {
                    case null -> emitter.send(SseEmitter.event().comment("alive"));
                    case Message.Changed() -> {
                        changeQueued = false;
                        emitter.send(event("changed").data(""));
                    }
                    case Message.Logged(var line, var seen) -> {
                        position = Optional.of(seen);
                        emitter.send(event("log").data(html(line)));
                    }
                }
            }
        } catch (IOException | IllegalStateException e) {
            leave();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            leave();
        }
    }

    private SseEmitter.SseEventBuilder event(String name) {
        return SseEmitter.event()
                .id(position.map(LogPosition::toString).orElse("-"))
                .name(name);
    }

    private static String html(ContainerLog.Line line) {
        return "<li class=\"log-line\" data-stream=\"" + HtmlUtils.htmlEscape(line.stream()) + "\"><time>"
                + HtmlUtils.htmlEscape(Times.timeOfDay(line.time())) + "</time> <span>"
                + HtmlUtils.htmlEscape(line.text()) + "</span></li>";
    }
}
