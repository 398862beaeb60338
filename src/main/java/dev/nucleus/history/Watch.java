package dev.nucleus.history;

import java.time.Instant;

/** From when to when a manager looked. */
record Watch(Instant started, Instant seen) {}
