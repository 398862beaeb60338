package dev.nucleus.history;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.transaction.support.TransactionTemplate;

/** The database. Every method throws {@link DataAccessException} if it can't be reached or is full. */
final class HistoryStore implements AutoCloseable {

    private static final int CAUSE = 4_000;
    private static final long FREED_AT_ONCE = 10;

    private static final Logger log = LoggerFactory.getLogger(HistoryStore.class);

    private final HikariDataSource source;
    private final JdbcClient jdbc;
    private final TransactionTemplate transactions;
    private final boolean sqlite;

    private HistoryStore(HikariDataSource source, boolean sqlite) {
        this.source = source;
        this.sqlite = sqlite;
        this.jdbc = JdbcClient.create(source);
        this.transactions = new TransactionTemplate(new DataSourceTransactionManager(source));
    }

    /** Deletes native libraries that a killed manager left: SQLite keeps those whose lock file still exists. */
    private static void deleteUnpacked(Path libraries) {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(libraries, "sqlite-*")) {
            for (Path file : left) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            log.debug("{} can't be cleared: {}", libraries, e.toString());
        }
    }

    /**
     * Opens the database and brings its tables up to date.
     *
     * @param state directory below which SQLite's native library is unpacked: temporary directories are often mounted
     *     noexec
     * @throws RuntimeException if that fails
     */
    static HistoryStore open(HistoryProperties properties, Path state) {
        String url = properties.url(state);
        boolean sqlite = url.startsWith("jdbc:sqlite:");
        if (sqlite && System.getProperty("org.sqlite.tmpdir") == null) {
            Path libraries = state.resolve("bin");
            deleteUnpacked(libraries);
            System.setProperty("org.sqlite.tmpdir", libraries.toString());
        }
        var config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setUsername(properties.username());
        config.setPassword(properties.password());
        config.setPoolName("history");
        // SQLite allows one writer, and there are few readers.
        config.setMaximumPoolSize(3);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(5_000);
        config.setInitializationFailTimeout(-1);
        var source = new HikariDataSource(config);
        try {
            if (sqlite) {
                migrateAlone(url);
            } else {
                migrate(source);
            }
            return new HistoryStore(source, sqlite);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private static void migrate(DataSource source) {
        Flyway.configure()
                .dataSource(source)
                .locations("classpath:db/history")
                .table("history_schema")
                .load()
                .migrate();
    }

    /** Uses a connection that is always closed: Flyway leaves its own open when SQLite's disk is full. */
    private static void migrateAlone(String url) {
        try (Connection connection = DriverManager.getConnection(url)) {
            migrate(new SingleConnectionDataSource(connection, true));
        } catch (SQLException e) {
            throw new UncategorizedSQLException("open the history", null, e);
        }
    }

    /** Writes all entries or none. */
    void write(List<Entry> entries) {
        transactions.executeWithoutResult(_ -> entries.forEach(this::insert));
    }

    private void insert(Entry entry) {
        String cause = entry.transition().cause();
        jdbc.sql("insert into transition (at, fleet, service, replica, from_status, to_status, serving, kind, cause, "
                        + "container, restarts) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .params(
                        Entry.micros(entry.transition().at()),
                        entry.fleet(),
                        entry.service(),
                        entry.replica(),
                        entry.transition().from().name(),
                        entry.transition().to().name(),
                        entry.transition().serving() ? 1 : 0,
                        entry.transition().kind().name(),
                        // PostgreSQL's text type allows no NUL.
                        cause.substring(0, Math.min(cause.length(), CAUSE)).replace('\0', ' '),
                        entry.container(),
                        entry.restarts())
                .update();
    }

    /** The newest transitions of a replica before a moment, newest first. */
    List<Entry> before(String fleet, String service, int replica, Instant moment, int most) {
        return jdbc.sql("select * from transition where fleet = ? and service = ? and replica = ? and at < ? "
                        + "order by at desc limit ?")
                .params(fleet, service, replica, Entry.micros(moment), most)
                .query(HistoryStore::entry)
                .list();
    }

    /** The transitions of a service since a moment, oldest first. */
    List<Entry> since(String fleet, String service, Instant moment) {
        return jdbc.sql("select * from transition where fleet = ? and service = ? and at >= ? order by at")
                .params(fleet, service, Entry.micros(moment))
                .query(HistoryStore::entry)
                .list();
    }

    private static Entry entry(ResultSet row, int number) throws SQLException {
        return Entry.of(
                row.getString("fleet"),
                row.getString("service"),
                row.getInt("replica"),
                row.getLong("at"),
                row.getString("from_status"),
                row.getString("to_status"),
                row.getInt("serving") == 1,
                row.getString("kind"),
                row.getString("cause"),
                row.getString("container"),
                row.getInt("restarts"));
    }

    /** Records that the manager that started at {@code started} still runs. */
    void seen(Instant started, Instant now) {
        int updated = jdbc.sql("update watch set seen = ? where started = ?")
                .params(Entry.micros(now), Entry.micros(started))
                .update();
        if (updated == 0) {
            jdbc.sql("insert into watch (started, seen) values (?, ?)")
                    .params(Entry.micros(started), Entry.micros(now))
                    .update();
        }
    }

    /** The watches that ended after a moment, oldest first. */
    List<Watch> watches(Instant after) {
        return jdbc.sql("select started, seen from watch where seen >= ? order by started")
                .params(Entry.micros(after))
                .query((row, _) -> new Watch(Entry.instant(row.getLong(1)), Entry.instant(row.getLong(2))))
                .list();
    }

    /** Deletes older transitions, except the last one of each replica. */
    int forget(Instant older) {
        long micros = Entry.micros(older);
        int forgotten = jdbc.sql("delete from transition where at < ? and exists (select 1 from transition later where "
                        + "later.fleet = transition.fleet and later.service = transition.service and later.replica = "
                        + "transition.replica and later.at > transition.at and later.at < ?)")
                .params(micros, micros)
                .update();
        jdbc.sql("delete from watch where seen < ?").params(micros).update();
        return forgotten;
    }

    /** Deletes the oldest tenth while an SQLite file exceeds its limit; the size of other databases is not limited. */
    void limitSize(long most) {
        while (sqlite && size() > most) {
            Optional<Long> cut = jdbc.sql("select at from transition order by at limit 1 offset "
                            + "(select count(*) / ? from transition)")
                    .params(FREED_AT_ONCE)
                    .query(Long.class)
                    .optional();
            if (cut.isEmpty()
                    || jdbc.sql("delete from transition where at <= ?")
                                    .params(cut.get())
                                    .update()
                            == 0) {
                return;
            }
        }
    }

    /** Size of the pages in use. Freed pages are reused, so the file never shrinks, but doesn't grow further either. */
    private long size() {
        long pages = pragma("page_count") - pragma("freelist_count");
        return pages * pragma("page_size");
    }

    private long pragma(String name) {
        return Objects.requireNonNull(
                jdbc.sql("pragma " + name).query(Long.class).single());
    }

    @Override
    public void close() {
        source.close();
    }
}
