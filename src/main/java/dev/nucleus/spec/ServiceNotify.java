package dev.nucleus.spec;

import java.time.Duration;
import java.util.Optional;

/**
 * Notifications from a workload by sd_notify(3): it gets a socket, whose path is in NOTIFY_SOCKET.
 *
 * @param watchdog time within which it must repeat WATCHDOG=1 (WATCHDOG_USEC); empty: no watchdog
 */
public record ServiceNotify(Optional<Duration> watchdog) {

    /** Path of the socket in the container. */
    public static final String SOCKET = "/run/nucleus/notify";
}
