package dev.nucleus.container;

import dev.nucleus.log.ContainerLog;
import dev.nucleus.log.LogFeed;
import dev.nucleus.plan.Statement;
import dev.nucleus.shim.Shim;
import dev.nucleus.text.VisibleText;
import dev.nucleus.workspace.CopyCancellation;
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
 * One container, from its launch to its end. Its state is one volatile reference, which only this package changes, and
 * only forward.
 */
public final class Container {

    /** Subdirectory for the logs of the container that it replaced. */
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
    /** Whether its processes are frozen; a manager that adopts the container reads it from the control group. */
    private volatile boolean paused;
    /** Held during a pause or resume, so that {@link #paused} matches the shim's last action. */
    private final Lock pausing = new ReentrantLock();

    private final AtomicInteger pauses = new AtomicInteger();

    private final CopyCancellation copyBackCancellation = new CopyCancellation();

    /** Result of copying its workspace back at its end. */
    private volatile Optional<String> workspaceResult = Optional.empty();

    /** Progress listener of the client that launched it and waits for its end. */
    private volatile Consumer<String> progress = _ -> {};

    private volatile CompletableFuture<Void> described = CompletableFuture.completedFuture(null);

    /** The order it was launched by; empty if an earlier manager launched it. Set once, before publication. */
    private volatile Optional<LaunchOrder> order = Optional.empty();

    /** Description for people: what the container can and can't do, its command, and whether it has a terminal. */
    record Description(List<Statement> statements, List<String> command, boolean terminal) {

        Description {
            statements = List.copyOf(statements);
            // Only displayed, never executed.
            command = command.stream().map(VisibleText::escape).toList();
        }
    }

    /** @param description evaluated once, on first use */
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

    /** The statements of what it can and can't do, in plain words. */
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

    /** Whether its state is final: it has ended, or was stopped before its command ran. */
    public boolean isStopped() {
        return state instanceof ContainerState.Stopped;
    }

    /** Completes when its command runs, or exceptionally if it can't be run. */
    public CompletableFuture<ContainerState.Running> start() {
        return start.copy();
    }

    void created(ContainerState.Created created) {
        state = created;
    }

    void notStarted(Exception why) {
        start.completeExceptionally(why);
    }

    /** Whether its processes are frozen until they are resumed. */
    public boolean paused() {
        return paused && isRunning();
    }

    /** How often it has been paused: a probe during which this changes says nothing about its health. */
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

    /**
     * Aborts copying its workspace back; the container's copy is kept.
     *
     * @return false if it is not being copied back
     */
    boolean abortCopyBack() {
        if (!(state instanceof ContainerState.CopyingBack)) {
            return false;
        }
        copyBackCancellation.cancel();
        return true;
    }

    CopyCancellation copyBackCancellation() {
        return copyBackCancellation;
    }

    void copyingBack(ContainerState.Stopped result) {
        state = new ContainerState.CopyingBack(result);
    }

    /** Completes when it has stopped and its workspace has been copied back. */
    public CompletableFuture<ContainerState.Stopped> end() {
        return end.copy();
    }

    /** Completes when its last process has exited; copying its workspace back may take longer. */
    CompletableFuture<Void> lastProcess() {
        return lastProcess.copy();
    }

    void ended() {
        lastProcess.complete(null);
    }

    /** The result of copying its workspace back at its end, as a sentence; empty if no workspace was copied. */
    public Optional<String> workspaceResult() {
        return workspaceResult;
    }

    /** @param listener receives the progress of copying its workspace back, if that takes long */
    void setProgressListener(Consumer<String> listener) {
        progress = listener;
    }

    Consumer<String> progress() {
        return progress;
    }

    void workspaceResult(String sentence) {
        workspaceResult = Optional.of(sentence);
    }

    /** The state that its workload reports by sd_notify(3). */
    public NotifyState notifyState() {
        return notifyState;
    }

    /** The shim that supervises it, for requests while it runs. */
    public Shim shim() {
        return shim;
    }

    /** How the previous run of this replica ended; empty if there was none, or it is unknown. */
    public Optional<PreviousRun> previousRun() {
        return PreviousRun.read(directory);
    }

    public ContainerLog log() {
        return new ContainerLog(directory.resolve("logs"));
    }

    /** The log of the previous run, if this container replaced another of the same name. */
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

    /** Its log as it grows, shared by all readers that follow it. */
    public LogFeed feed() {
        return feed;
    }

    public Path directory() {
        return directory;
    }

    /** Completes when its description has been written; to be awaited before its directory is deleted. */
    public CompletableFuture<Void> described() {
        return described;
    }

    void setDescriptionWrite(CompletableFuture<Void> writing) {
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
