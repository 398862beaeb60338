package dev.nucleus.container;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/** Publishes the events of containers within the manager. A listener that fails affects no container. */
@Component
final class ContainerEvents {

    private static final Logger log = LoggerFactory.getLogger(ContainerEvents.class);

    private final ApplicationEventPublisher listeners;

    ContainerEvents(ApplicationEventPublisher listeners) {
        this.listeners = listeners;
    }

    void publish(ContainerEvent event) {
        try {
            listeners.publishEvent(event);
        } catch (RuntimeException | Error e) {
            log.error(
                    "a listener of the event {} of '{}' failed",
                    event.getClass().getSimpleName(),
                    event.container().name(),
                    e);
        }
    }
}
