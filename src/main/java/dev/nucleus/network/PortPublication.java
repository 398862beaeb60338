package dev.nucleus.network;

import dev.nucleus.spec.PublishedPort;
import java.net.InetAddress;
import java.util.List;

/**
 * A published port.
 *
 * @param owner the service or container that publishes it
 * @param backends addresses of the containers that new connections go to
 */
public record PortPublication(PublishedPort port, String owner, List<InetAddress> backends) {

    public PortPublication {
        backends = List.copyOf(backends);
    }
}
