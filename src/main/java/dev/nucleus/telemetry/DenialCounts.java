package dev.nucleus.telemetry;

import dev.nucleus.container.Container;
import dev.nucleus.denial.Denial;
import dev.nucleus.denial.Denials;
import dev.nucleus.network.NetworkQueries;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts of a container's denials, by layer. Its shim may be slow to respond, so a scrape only starts a query in the
 * background and gets the counts as of the previous one.
 */
final class DenialCounts {

    private static final Logger log = LoggerFactory.getLogger(DenialCounts.class);
    private static final Duration AGE = Duration.ofSeconds(5);

    /** Packets that the container's network policy denied. */
    static final String NETWORK = "network";

    private final Denials denials;
    private final NetworkQueries networks;
    private final Container container;
    private final AtomicBoolean asking = new AtomicBoolean();
    private volatile Map<String, Long> counts = Map.of();
    private volatile long askedAt = System.nanoTime() - AGE.toNanos();

    DenialCounts(Denials denials, NetworkQueries networks, Container container) {
        this.denials = denials;
        this.networks = networks;
        this.container = container;
    }

    /** @param layer as {@link Denial#rule} names it, or {@link #NETWORK}, whose packets are counted */
    double of(String layer) {
        if (System.nanoTime() - askedAt >= AGE.toNanos() && asking.compareAndSet(false, true)) {
            Thread.ofVirtual().name("denials").start(this::ask);
        }
        return counts.getOrDefault(layer, 0L);
    }

    private void ask() {
        try {
            Map<String, Long> found = denials.of(container).stream()
                    .collect(Collectors.groupingBy(Denial::rule, HashMap::new, Collectors.summingLong(Denial::count)));
            found.put(NETWORK, networks.deniedPackets(container.id()));
            counts = found;
        } catch (IOException e) {
            log.debug("can't read the denials of '{}': {}", container.name(), e.toString());
        } finally {
            askedAt = System.nanoTime();
            asking.set(false);
        }
    }
}
