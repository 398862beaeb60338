package dev.nucleus.web;

import dev.nucleus.history.ServiceLevel;
import dev.nucleus.spec.Durations;
import java.time.Duration;
import java.util.Locale;

/** The availability of a service against its objective, as text. */
public record ServiceLevelView(String service, String available, String objective, String budget, boolean overspent) {

    private static final double PERCENT = 100;

    static ServiceLevelView of(ServiceLevel level) {
        boolean overspent = level.spent() >= 1;
        return new ServiceLevelView(
                level.service(),
                percent(Math.floor(level.measured().ratio() * 1e6) / 1e6),
                percent(level.objective().availability()) + " over "
                        + Durations.format(level.objective().over()),
                overspent
                        ? "overspent by " + seconds(level.left().negated())
                        : Math.round(level.spent() * PERCENT) + " % spent, " + seconds(level.left()) + " left",
                overspent);
    }

    private static String percent(double ratio) {
        return String.format(Locale.ROOT, "%.4f", ratio * PERCENT).replaceFirst("\\.?0+$", "") + " %";
    }

    private static String seconds(Duration duration) {
        return Durations.format(Duration.ofSeconds(duration.toSeconds()));
    }
}
