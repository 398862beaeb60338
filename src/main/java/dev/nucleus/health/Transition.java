package dev.nucleus.health;

import java.time.Instant;

/** A change of a replica's status, and why. */
public record Transition(Instant at, ReplicaStatus from, ReplicaStatus to, Cause.Kind kind, String cause) {}
