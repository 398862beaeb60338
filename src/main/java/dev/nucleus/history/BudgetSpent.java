package dev.nucleus.history;

/**
 * A service has spent a part of its error budget; told once for each part, again when it has recovered in between.
 *
 * @param percent 50, 90 or 100
 */
public record BudgetSpent(ServiceLevel level, int percent) {}
