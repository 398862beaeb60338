package dev.nucleus.preparation;

/** A hook that applies to a container, and its program as it was checked. */
public record PreparedHook(HookProperties.Hook hook, TrustedProgram program) {}
