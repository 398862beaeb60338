package dev.nucleus.integration;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * A Spring Boot Admin server that services are registered with.
 *
 * @param url address of the server; empty: none
 * @param instanceUrl address at which the server reaches this manager. Default: the manager's own
 * @param username user name for HTTP basic authentication
 * @param password password of that user
 */
@ConfigurationProperties("nucleus.boot-admin")
record BootAdminProperties(
        @Nullable String url,
        @Nullable String instanceUrl,
        @Nullable String username,
        @Nullable String password) {}
