package dev.nucleus.integration;

import org.springframework.boot.autoconfigure.AutoConfiguration;

/**
 * Puts Boot's health service before Boot's server, which is made only for services that are there when it is looked at:
 * Nucleus has no other.
 */
@AutoConfiguration(
        afterName = "org.springframework.boot.grpc.server.autoconfigure.health.GrpcServerHealthAutoConfiguration",
        beforeName = "org.springframework.boot.grpc.server.autoconfigure.GrpcServerAutoConfiguration")
public class GrpcHealthAutoConfiguration {}
