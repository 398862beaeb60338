package dev.nucleus.fleet;

import dev.nucleus.probe.ProbeResult;

/** An attempt of a replica's probe has ended. Published within the manager. */
public record ProbeCompleted(String fleet, String service, ProbeResult result) {}
