package dev.nucleus.integration;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What systemd tells a service of type notify, in its environment; see sd_notify(3).
 *
 * @param notifySocket NOTIFY_SOCKET; empty: nobody asks
 * @param watchdogMicros WATCHDOG_USEC, within which it wants to hear of the manager again; 0: it doesn't
 */
@ConfigurationProperties("nucleus.systemd")
record SystemdProperties(@Nullable String notifySocket, long watchdogMicros) {}
