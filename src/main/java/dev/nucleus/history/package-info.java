/**
 * What happened, kept beyond a restart of the manager: every transition of a replica with its cause, in a database; and
 * what follows from it, how available services were against their objectives. Nothing here is needed for health: without
 * the database the manager goes on, and says that its history has gaps.
 */
@NullMarked
package dev.nucleus.history;

import org.jspecify.annotations.NullMarked;
