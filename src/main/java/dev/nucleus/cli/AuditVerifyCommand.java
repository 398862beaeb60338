package dev.nucleus.cli;

import dev.nucleus.audit.AuditTrail;
import dev.nucleus.audit.BrokenTrailException;
import dev.nucleus.spec.InvalidSpecException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** {@code nucleus audit verify}: exits with 0 if the hash chain is intact, and with 1 if it was tampered with. */
@CommandLine.Command(name = "verify", description = "Verify the hash chain of an audit trail.")
final class AuditVerifyCommand implements Callable<Integer> {

    private final AuditTrail trail;
    private final Session session;

    @CommandLine.Option(
            names = "--head",
            paramLabel = "NUMBER:HASH",
            description = "head recorded elsewhere, such as in the manager's log, that the trail must contain")
    private @Nullable String head;

    @CommandLine.Parameters(
            arity = "0..1",
            paramLabel = "DIRECTORY",
            description = "copy of a trail; default: the manager's own")
    private @Nullable Path directory;

    AuditVerifyCommand(AuditTrail trail, Session session) {
        this.trail = trail;
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Path place = directory == null ? trail.directory() : session.resolve(directory);
        if (!Files.isDirectory(place)) {
            throw new InvalidSpecException("there is no audit trail at " + place);
        }
        try {
            session.print(AuditTrail.report(place, Optional.ofNullable(head)));
            return 0;
        } catch (BrokenTrailException e) {
            session.writer(true).println("nucleus: " + e.getMessage());
            return 1;
        }
    }
}
