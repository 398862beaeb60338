package dev.nucleus.web;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** Serves the stream of server-sent events of each open page. */
@RestController
final class EventsController {

    private static final Logger log = LoggerFactory.getLogger(EventsController.class);

    private static final class TooManyPagesException extends ResponseStatusException {

        private static final long serialVersionUID = 1L;

        /** Seconds within which a closed page is detected, by its heartbeat. */
        private static final String RETRY_AFTER = "30";

        TooManyPagesException() {
            super(HttpStatus.SERVICE_UNAVAILABLE, "too many pages are open");
        }

        @Override
        public HttpHeaders getHeaders() {
            var headers = new HttpHeaders();
            headers.set(HttpHeaders.RETRY_AFTER, RETRY_AFTER);
            return headers;
        }
    }

    private final LiveEvents events;
    private final Containers containers;
    private final Fleets fleets;

    EventsController(LiveEvents events, Containers containers, Fleets fleets) {
        this.events = events;
        this.containers = containers;
        this.fleets = fleets;
    }

    /**
     * @param of name of the container that the page shows and whose log it follows; absent: all changes, no log
     * @param seen position up to which the page has shown that log
     * @param lastEventId the same, from a browser that reconnects
     */
    @GetMapping("/events")
    SseEmitter events(
            @RequestParam Optional<String> of,
            @RequestParam Optional<String> seen,
            @RequestHeader(name = "Last-Event-ID") Optional<String> lastEventId) {
        var emitter = new SseEmitter(0L);
        Optional<LogPosition> position = lastEventId.or(() -> seen).flatMap(LogPosition::parse);
        var viewer = new Viewer(emitter, of, position);
        if (!events.add(viewer)) {
            throw new TooManyPagesException();
        }
        emitter.onCompletion(viewer::close);
        emitter.onError(_ -> viewer.close());
        of.ifPresent(name -> Thread.ofVirtual()
                .name("log-viewer")
                .start(new LogFollower(() -> find(name), viewer, position)::follow));
        Thread.ofVirtual().name("viewer").start(() -> {
            try {
                viewer.serve();
            } finally {
                events.remove(viewer);
                complete(emitter);
            }
        });
        return emitter;
    }

    private static void complete(SseEmitter emitter) {
        try {
            emitter.complete();
        } catch (IllegalStateException e) {
            // Tomcat has ended the request itself, because the browser disconnected.
            log.debug("a page was closed: {}", e.toString());
        }
    }

    private Optional<Container> find(String name) {
        return fleets.replica(name)
                .flatMap(replica -> replica.containerId())
                .flatMap(containers::byId)
                .or(() -> containers.all().stream()
                        .filter(container -> container.name().equals(name))
                        .findFirst());
    }
}
