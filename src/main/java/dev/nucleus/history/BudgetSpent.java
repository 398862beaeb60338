package dev.nucleus.history;

/**
 * A service has spent a part of its error budget. Published once per part, and again if it has recovered in between.
 *
 * @param percent 50, 90 or 100
 */
public record BudgetSpent(ServiceLevel level, int percent) {}
