package dev.nucleus.integration;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The environment variables of systemd for a service of type notify; see sd_notify(3).
 *
 * @param notifySocket the variable NOTIFY_SOCKET; empty: not run by systemd
 * @param watchdogMicros the variable WATCHDOG_USEC, the watchdog timeout in microseconds; 0: none
 */
@ConfigurationProperties("nucleus.systemd")
record SystemdProperties(@Nullable String notifySocket, long watchdogMicros) {}
