package dev.nucleus.fleet;

import dev.nucleus.health.ReplicaView;

/** A replica's status changed; told to whoever listens within the manager. */
public record ReplicaChanged(ReplicaView replica) {}
