package dev.nucleus.integration;

import org.springframework.boot.autoconfigure.AutoConfiguration;

/**
 * Orders Spring Boot's health service before its gRPC server, which is created only if a service exists by then:
 * Nucleus has no other service.
 */
@AutoConfiguration(
        afterName = "org.springframework.boot.grpc.server.autoconfigure.health.GrpcServerHealthAutoConfiguration",
        beforeName = "org.springframework.boot.grpc.server.autoconfigure.GrpcServerAutoConfiguration")
public class GrpcHealthAutoConfiguration {}
