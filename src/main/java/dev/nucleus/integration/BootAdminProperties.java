package dev.nucleus.integration;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * A Spring Boot Admin server that services are shown at.
 *
 * @param url of the server; empty: there is none
 * @param instanceUrl where it can reach this manager. Default: its own address
 * @param username of the server, with HTTP's basic authentication
 */
@ConfigurationProperties("nucleus.boot-admin")
record BootAdminProperties(
        @Nullable String url,
        @Nullable String instanceUrl,
        @Nullable String username,
        @Nullable String password) {}
