/**
 * Tells others outside how it stands: systemd, a Spring Boot Admin server, and who is to be told when something is wrong. Each is
 * off until it is configured, and nothing waits for any of them.
 */
@NullMarked
package dev.nucleus.announce;

import org.jspecify.annotations.NullMarked;
