package dev.nucleus.spec;

import java.time.Duration;
import java.util.Optional;

/**
 * That a workload tells of itself by sd_notify(3): it gets a socket, and is told by NOTIFY_SOCKET where.
 *
 * @param watchdog within which it has to say that it is alive again and again (WATCHDOG_USEC); empty: it need not
 */
public record ServiceNotify(Optional<Duration> watchdog) {

    /** Where the socket is inside. */
    public static final String SOCKET = "/run/nucleus/notify";
}
