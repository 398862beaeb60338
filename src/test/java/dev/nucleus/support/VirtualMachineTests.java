package dev.nucleus.support;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs the tests tagged {@code vm}; started by {@code src/test/vm/run.sh} inside the virtual machine. */
public final class VirtualMachineTests {

    private VirtualMachineTests() {}

    public static void main(String[] arguments) {
        var out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectPackage("dev.nucleus"))
                .filters(TagFilter.includeTags("vm"))
                .build();
        var summary = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, summary, new Progress(out));
        summary.getSummary().printFailuresTo(out, 20);
        var counts = summary.getSummary();
        out.printf(
                "[vm] Tests run: %d, Failures: %d, Skipped: %d%n",
                counts.getTestsStartedCount(), counts.getTotalFailureCount(), counts.getTestsSkippedCount());
        System.exit(counts.getTotalFailureCount() == 0 && counts.getTestsSucceededCount() > 0 ? 0 : 1);
    }

    /** Prints a line for each test, so that a hang shows in which. */
    private record Progress(PrintWriter out) implements TestExecutionListener {

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest()) {
                out.printf("[vm] %s: %s%n", test.getDisplayName(), result.getStatus());
            }
        }
    }
}
