package dev.nucleus.container;

import dev.nucleus.log.ContainerLog;
import dev.nucleus.log.LogFeed;
import dev.nucleus.plan.Statement;
import dev.nucleus.spawner.Shim;
import dev.nucleus.text.VisibleText;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.springframework.util.function.SingletonSupplier;

/**
 * One container, from its request to its end. Its state is one volatile reference that only {@link Containers}
 * moves forward.
 */
public final class Container {

    /** In its directory: the logs of the container that it replaced. */
    static final String PREVIOUS_LOGS = "previous-logs";

    private final ContainerRecord record;
    private final SingletonSupplier<Description> description;
    private final Path directory;
    private final Shim shim;
    private final LogFeed feed;
    private final NotifyState notifyState = new NotifyState();
    private final CompletableFuture<Void> lastProcess = new CompletableFuture<>();
    private final CompletableFuture<ContainerState.Stopped> end = new CompletableFuture<>();
    private final CompletableFuture<ContainerState.Running> start = new CompletableFuture<>();
    private volatile ContainerState state = new ContainerState.Creating();
    /** Whether its processes were stopped where they are; a manager that adopts it asks its control group. */
    private volatile boolean paused;
    /** Held while {@link #paused} is changed, so that it is what the shim did last. */
    private final Lock pausing = new ReentrantLock();

    private final AtomicInteger pauses = new AtomicInteger();

    /** What came of its workspace, at its end. */
    private volatile Optional<String> broughtBack = Optional.empty();

    /** Of whoever launched it and waits for its end. */
    private volatile Consumer<String> progress = _ -> {};

    private volatile CompletableFuture<Void> described = CompletableFuture.completedFuture(null);

    /** What it was launched by; empty for one that an earlier manager launched. Set once, before others see it. */
    private volatile Optional<LaunchOrder> order = Optional.empty();

    /** What there is to say of it: what it can and can't do, what it runs, and whether in a terminal. */
    record Description(List<Statement> statements, List<String> command, boolean terminal) {

        Description {
            statements = List.copyOf(statements);
            // Nobody runs it from here; it is for lists and pages.
            command = command.stream().map(VisibleText::escape).toList();
        }
    }

    /** @param description asked for once, when somebody wants to know */
    Container(ContainerRecord record, Supplier<Description> description, Path directory, Shim shim) {
        this.record = record;
        this.description = SingletonSupplier.of(description);
        this.directory = directory;
        this.shim = shim;
        this.feed = new LogFeed(shim, log());
    }

    public String id() {
        return record.id();
    }

    public String name() {
        return record.name();
    }

    public ContainerRecord record() {
        return record;
    }

    /** What it can and can't do, in plain words. */
    public List<Statement> statements() {
        return description.obtain().statements();
    }

    public List<String> command() {
        return description.obtain().command();
    }

    public ContainerState state() {
        return state;
    }

    public boolean isRunning() {
        return state instanceof ContainerState.Running;
    }

    /** Whether it has ended, or was never begun. */
    public boolean isStopped() {
        return state instanceof ContainerState.Stopped;
    }

    /** Completed when its command runs, or with why it doesn't. */
    public CompletableFuture<ContainerState.Running> start() {
        return start.copy();
    }

    void created(ContainerState.Created created) {
        state = created;
    }

    void notStarted(Exception why) {
        start.completeExceptionally(why);
    }

    /** Whether its processes stand still until they are resumed. */
    public boolean paused() {
        return paused && isRunning();
    }

    /** How often it was stopped where it is: what was asked of it when that changes says nothing of its health. */
    public int pauses() {
        return pauses.get();
    }

    Lock pausing() {
        return pausing;
    }

    void paused(boolean value) {
        paused = value;
        if (value) {
            pauses.incrementAndGet();
        }
    }

    public Optional<ContainerState.Running> whileRunning() {
        return state instanceof ContainerState.Running running ? Optional.of(running) : Optional.empty();
    }

    /** Completed when it has stopped, and its workspace has been brought back. */
    public CompletableFuture<ContainerState.Stopped> end() {
        return end.copy();
    }

    /** Completed when its last process has exited; copying its workspace back may take longer. */
    CompletableFuture<Void> lastProcess() {
        return lastProcess.copy();
    }

    void ended() {
        lastProcess.complete(null);
    }

    /** What came of its workspace when it ended, in a sentence; empty: it had none that was copied. */
    public Optional<String> broughtBack() {
        return broughtBack;
    }

    /** @param listener told how far it is when its workspace is brought back, if that takes long */
    void reportingTo(Consumer<String> listener) {
        progress = listener;
    }

    Consumer<String> progress() {
        return progress;
    }

    void broughtBack(String sentence) {
        broughtBack = Optional.of(sentence);
    }

    /** What its workload has said of itself. */
    public NotifyState notifyState() {
        return notifyState;
    }

    /** To speak with it while it runs. */
    public Shim shim() {
        return shim;
    }

    /** How the run of this replica before ended; empty: there was none, or nothing is known of it. */
    public Optional<PreviousRun> previousRun() {
        return PreviousRun.read(directory);
    }

    public ContainerLog log() {
        return new ContainerLog(directory.resolve("logs"));
    }

    /** The log of the run before, when this container replaced another of its name. */
    public Optional<ContainerLog> previousLog() {
        return Optional.of(directory.resolve(PREVIOUS_LOGS))
                .filter(logs -> Files.isDirectory(logs, LinkOption.NOFOLLOW_LINKS))
                .map(ContainerLog::new);
    }

    /** Whether its streams are a terminal. */
    public boolean hasTerminal() {
        return order.map(launched -> launched.workload().console().isPresent())
                .orElseGet(() -> description.obtain().terminal());
    }

    Optional<LaunchOrder> order() {
        return order;
    }

    void orderedBy(LaunchOrder value) {
        order = Optional.of(value);
    }

    /** Its log as it grows, for all who follow it. */
    public LogFeed feed() {
        return feed;
    }

    public Path directory() {
        return directory;
    }

    /** What is still being written to its directory, to be waited for before that is deleted. */
    public CompletableFuture<Void> described() {
        return described;
    }

    void describing(CompletableFuture<Void> writing) {
        described = writing;
    }

    void started(ContainerState.Running running) {
        state = running;
        start.complete(running);
    }

    void stopped(ContainerState.Stopped stopped) {
        ended();
        state = stopped;
        end.complete(stopped);
    }
}
