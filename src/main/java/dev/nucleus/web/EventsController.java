package dev.nucleus.web;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerLog;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.spawner.ShimConnection;
import dev.nucleus.spawner.ShimMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** The stream of server-sent events that each page has one of. */
@RestController
final class EventsController {

    private static final Logger log = LoggerFactory.getLogger(EventsController.class);

    private final LiveEvents events;
    private final Containers containers;
    private final Fleets fleets;

    EventsController(LiveEvents events, Containers containers, Fleets fleets) {
        this.events = events;
        this.containers = containers;
        this.fleets = fleets;
    }

    /** @param of name of the container that the page shows, whose log it follows; absent: all changes, no log */
    @GetMapping("/events")
    SseEmitter events(@RequestParam Optional<String> of) {
        var emitter = new SseEmitter(0L);
        var viewer = new Viewer(emitter, of);
        if (!events.add(viewer)) {
            throw new ResponseStatusException(HttpStatus.SERVICE_UNAVAILABLE, "too many pages are open");
        }
        emitter.onCompletion(viewer::leave);
        emitter.onError(_ -> viewer.leave());
        of.ifPresent(name -> Thread.ofVirtual().name("log-viewer").start(() -> followLog(name, viewer)));
        Thread.ofVirtual().name("viewer").start(() -> {
            try {
                viewer.serve();
            } finally {
                events.remove(viewer);
                emitter.complete();
            }
        });
        return emitter;
    }

    private Optional<Container> find(String name) {
        return fleets.replica(name)
                .flatMap(replica -> replica.containerId())
                .flatMap(containers::byId)
                .or(() -> containers.all().stream()
                        .filter(container -> container.name().equals(name))
                        .findFirst());
    }

    /** Follows the log of the container that is live under the name, and of the one after it. */
    private void followLog(String name, Viewer viewer) {
        Optional<Container> last = Optional.empty();
        try {
            while (!viewer.gone()) {
                Optional<Container> present = find(name).filter(Container::running);
                if (present.isPresent() && !present.equals(last)) {
                    boolean fresh = last.isPresent();
                    last = present;
                    follow(present.get(), fresh, viewer);
                } else {
                    Thread.sleep(200);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void follow(Container container, boolean fromStart, Viewer viewer) {
        long offset = fromStart ? 0 : Long.MAX_VALUE;
        try (ShimConnection connection = container.shim().log(offset, true)) {
            var rest = new StringBuilder();
            Optional<ShimMessage> message = connection.receive();
            while (!viewer.gone() && message.isPresent() && message.get() instanceof ShimMessage.Data(_, var bytes)) {
                rest.append(new String(bytes, StandardCharsets.UTF_8));
                int newline = rest.indexOf("\n");
                while (newline >= 0) {
                    ContainerLog.parse(rest.substring(0, newline)).ifPresent(viewer::logged);
                    rest.delete(0, newline + 1);
                    newline = rest.indexOf("\n");
                }
                message = connection.receive();
            }
        } catch (IOException e) {
            log.debug("the log of '{}' can't be followed: {}", container.name(), e.toString());
        }
    }
}
