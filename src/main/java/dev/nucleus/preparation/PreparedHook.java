package dev.nucleus.preparation;

/** A hook that concerns a container, and its program as it was looked at. */
public record PreparedHook(HookProperties.Hook hook, TrustedProgram program) {}
