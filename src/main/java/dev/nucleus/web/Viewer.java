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
 * One open page. One thread sends. Recording a change never blocks; lines of a log wait for room in a short queue, so
 * the log reader of a slow page falls behind with it. A closed page is detected at the next heartbeat.
 */
final class Viewer {

    private sealed interface Message {
        record Changed() implements Message {}

        record Logged(ContainerLog.Line line, LogPosition position) implements Message {}

        /** @param bytes number of bytes of the log that are not shown */
        record LeftOut(long bytes, LogPosition position) implements Message {}

        record Heartbeat() implements Message {}
    }

    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final int QUEUE = 128;

    private final SseEmitter emitter;
    private final Optional<String> only;
    /** Has a permit when something has changed since the last one was acquired. */
    private final Semaphore change = new Semaphore(0);

    private final Set<Runnable> closeActions = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** Guards {@code queue} and {@code changed}. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition ready = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final Queue<Message> queue = new ArrayDeque<>();
    private boolean changed;

    /** Position of the last line sent; used only by the sending thread. */
    private Optional<LogPosition> position;

    /**
     * @param only name of the container that the page shows; empty: all
     * @param position up to where the page has shown the log
     */
    Viewer(SseEmitter emitter, Optional<String> only, Optional<LogPosition> position) {
        this.emitter = emitter;
        this.only = only;
        this.position = position;
    }

    /** The name of the container that the page shows; empty: all. */
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

    /** Queues a line. Waits until there is room for it or the viewer has disconnected. */
    void logged(ContainerLog.Line line, LogPosition seen) throws InterruptedException {
        put(new Message.Logged(line, seen));
    }

    /** Queues a note that bytes before a position were skipped. Waits as {@link #logged} does. */
    void leftOut(long bytes, LogPosition seen) throws InterruptedException {
        put(new Message.LeftOut(bytes, seen));
    }

    private void put(Message message) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (queue.size() >= QUEUE && !closed) {
                room.await();
            }
            if (!closed) {
                queue.add(message);
                ready.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes the next message to send; a change precedes lines. */
    private Message take() throws InterruptedException {
        long left = HEARTBEAT.toNanos();
        lock.lockInterruptibly();
        try {
            while (!changed && queue.isEmpty() && !closed && left > 0) {
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

    /** Waits for the next change or until the viewer has disconnected. */
    void awaitChange() throws InterruptedException {
        change.acquire();
        change.drainPermits();
    }

    /** Registers an action to run when the viewer disconnects. */
    void onClose(Runnable parting) {
        closeActions.add(parting);
        if (closed) {
            parting.run();
        }
    }

    /** Unregisters an action that is no longer needed. */
    void removeCloseAction(Runnable parting) {
        closeActions.remove(parting);
    }

    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
        change.release();
        closeActions.forEach(Runnable::run);
        lock.lock();
        try {
            ready.signalAll();
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Sends until the viewer has disconnected. */
    void serve() {
        try {
            // Covers changes between the rendering of the page and this connection.
            changed(only);
            while (!closed) {
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
            close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
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
