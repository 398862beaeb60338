/**
 * Reports the state of the manager and its fleets to external systems: systemd, Spring Boot Admin, gRPC health clients,
 * webhooks and mail. Each is off until it is configured, and nothing waits for any of them.
 */
@NullMarked
package dev.nucleus.integration;

import org.jspecify.annotations.NullMarked;
