package dev.nucleus.web;

import dev.nucleus.container.ContainerLog;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.util.HtmlUtils;

/**
 * One open page. Others put messages into a bounded queue and never wait; one thread sends. A viewer that falls
 * behind loses log lines, not changes; one that is gone is noticed at the next heartbeat.
 */
final class Viewer {

    private sealed interface Message {
        record Changed() implements Message {}

        record Logged(ContainerLog.Line line) implements Message {}
    }

    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final int QUEUE = 512;
    private static final AtomicLong IDS = new AtomicLong();

    private final SseEmitter emitter;
    private final Optional<String> only;
    private final BlockingQueue<Message> queue = new ArrayBlockingQueue<>(QUEUE);
    private volatile boolean changeQueued;
    private volatile boolean gone;

    /** @param only the container it looks at; empty: all */
    Viewer(SseEmitter emitter, Optional<String> only) {
        this.emitter = emitter;
        this.only = only;
    }

    void changed(Optional<String> name) {
        boolean concerned = only.isEmpty() || only.equals(name);
        if (concerned && !changeQueued) {
            changeQueued = true;
            if (!queue.offer(new Message.Changed())) {
                changeQueued = false;
            }
        }
    }

    /** @return false when the viewer is too slow to be told */
    boolean logged(ContainerLog.Line line) {
        return queue.offer(new Message.Logged(line));
    }

    boolean gone() {
        return gone;
    }

    void leave() {
        gone = true;
    }

    /** Sends until the viewer is gone. */
    void serve() {
        try {
            while (!gone) {
                Message message = queue.poll(HEARTBEAT.toSeconds(), TimeUnit.SECONDS);
                switch (message) {
                    case null -> emitter.send(SseEmitter.event().comment("alive"));
                    case Message.Changed() -> {
                        changeQueued = false;
                        emitter.send(event("changed").data(""));
                    }
                    case Message.Logged(var line) -> emitter.send(event("log").data(html(line)));
                }
            }
        } catch (IOException | IllegalStateException e) {
            gone = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            gone = true;
        }
    }

    private static SseEmitter.SseEventBuilder event(String name) {
        return SseEmitter.event().id(Long.toString(IDS.incrementAndGet())).name(name);
    }

    private static String html(ContainerLog.Line line) {
        return "<li class=\"log-line\" data-stream=\"" + HtmlUtils.htmlEscape(line.stream()) + "\"><time>"
                + HtmlUtils.htmlEscape(Times.clock(line.time())) + "</time> <span>"
                + HtmlUtils.htmlEscape(line.text()) + "</span></li>";
    }
}
