package dev.nucleus.fleet;

/** The status of a replica has changed. Published within the manager. */
public record ReplicaChanged(ReplicaView replica) {}
