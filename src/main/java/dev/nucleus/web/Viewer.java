package dev.nucleus.web;

import dev.nucleus.log.ContainerLog;
import dev.nucleus.text.VisibleText;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.util.HtmlUtils;

/**
 * One open page. One thread sends. A change is noted and never waited for; lines of a log wait for their place in a short queue,
 * so the reader of a page that falls behind falls behind with it. A page that is gone is noticed at the next heartbeat.
 */
final class Viewer {

    private sealed interface Message {
        record Changed() implements Message {}

        record Logged(ContainerLog.Line line, LogPosition position) implements Message {}

        /** @param bytes of the log that are not shown */
        record LeftOut(long bytes, LogPosition position) implements Message {}

        record Heartbeat() implements Message {}
    }

    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final int QUEUE = 128;

    private final SseEmitter emitter;
    private final Optional<String> only;
    /** A permit when something changed since it was last taken. */
    private final Semaphore change = new Semaphore(0);

    private final Set<Runnable> partings = ConcurrentHashMap.newKeySet();
    private volatile boolean gone;

    /** Guards {@code queue} and {@code changed}. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition ready = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final Queue<Message> queue = new ArrayDeque<>();
    private boolean changed;

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

    /** The container it looks at; empty: all. */
    Optional<String> only() {
        return only;
    }

    void changed(Optional<String> name) {
        if (only.isPresent() && !only.equals(name)) {
            return;
        }
        change.release();
        lock.lock();
        try {
            changed = true;
            ready.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is room for the line, or the viewer has left. */
    void logged(ContainerLog.Line line, LogPosition seen) throws InterruptedException {
        put(new Message.Logged(line, seen));
    }

    /** Bytes of the log were left out before a position. Waits as {@link #logged} does. */
    void leftOut(long bytes, LogPosition seen) throws InterruptedException {
        put(new Message.LeftOut(bytes, seen));
    }

    private void put(Message message) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (queue.size() >= QUEUE && !gone) {
                room.await();
            }
            if (!gone) {
                queue.add(message);
                ready.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The next thing to send; a change before lines. */
    private Message take() throws InterruptedException {
        long left = HEARTBEAT.toNanos();
        lock.lockInterruptibly();
        try {
            while (!changed && queue.isEmpty() && !gone && left > 0) {
                left = ready.awaitNanos(left);
            }
            if (changed) {
                changed = false;
                return new Message.Changed();
            }
            room.signal();
            Message next = queue.poll();
            return next == null ? new Message.Heartbeat() : next;
        } finally {
            lock.unlock();
        }
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

    /** It is closed already. */
    void forget(Runnable parting) {
        partings.remove(parting);
    }

    boolean gone() {
        return gone;
    }

    void leave() {
        gone = true;
        change.release();
        partings.forEach(Runnable::run);
        lock.lock();
        try {
            ready.signalAll();
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Sends until the viewer is gone. */
    void serve() {
        try {
            // What happened between the page and this connection.
            changed(only);
            while (!gone) {
                switch (take()) {
                    case Message.Heartbeat() -> emitter.send(SseEmitter.event().comment("alive"));
                    case Message.Changed() -> emitter.send(event("changed").data(""));
                    case Message.Logged(var line, var seen) -> {
                        position = Optional.of(seen);
                        emitter.send(event("log").data(html(line)));
                    }
                    case Message.LeftOut(var bytes, var seen) -> {
                        position = Optional.of(seen);
                        emitter.send(event("log").data(html(bytes)));
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
                + HtmlUtils.htmlEscape(VisibleText.logLine(line.text())) + "</span></li>";
    }

    private static String html(long leftOut) {
        return "<li class=\"log-line\" data-stream=\"left-out\"><span>… " + leftOut
                + " bytes skipped: this page could not keep up</span></li>";
    }
}
