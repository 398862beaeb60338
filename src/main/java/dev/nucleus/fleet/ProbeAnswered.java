package dev.nucleus.fleet;

import dev.nucleus.health.ProbeAnswer;

/** A probe of a replica was answered; told to whoever listens within the manager. */
public record ProbeAnswered(String fleet, String service, ProbeAnswer answer) {}
