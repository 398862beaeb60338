package dev.nucleus.history;

import dev.nucleus.spec.Durations;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Where history is kept, and how much of it.
 *
 * @param url JDBC address of a database, such as jdbc:postgresql://host/nucleus. Default: an SQLite file in the state directory
 * @param username user of the database
 * @param password password of that user
 * @param keep how long entries are kept
 * @param maxSize largest size of an SQLite file; beyond it the oldest entries are deleted earlier
 */
@ConfigurationProperties("nucleus.history")
record HistoryProperties(
        @Nullable String url,
        @Nullable String username,
        @Nullable String password,
        @DefaultValue("90d") Duration keep,
        @DefaultValue("512MB") DataSize maxSize) {

    HistoryProperties {
        Durations.requireCountable("nucleus.history.keep", keep);
    }

    String url(Path state) {
        return url != null
                ? url
                : "jdbc:sqlite:" + state.resolve("history.db")
                        + "?journal_mode=WAL&synchronous=NORMAL&busy_timeout=5000";
    }

    /** The database for messages: without the parameters of its URL, which may include a password. */
    String place(Path state) {
        return url(state).replaceFirst("^jdbc:(sqlite:)?", "").replaceFirst("[?;].*", "");
    }
}
