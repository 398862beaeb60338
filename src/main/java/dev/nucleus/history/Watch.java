package dev.nucleus.history;

import java.time.Instant;

/** A period in which a manager ran, as far as recorded. */
record Watch(Instant started, Instant seen) {}
