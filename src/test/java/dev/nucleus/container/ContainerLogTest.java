package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ContainerLogTest {

    /** The mark stands before the text, where no workload writes (native/src/stream.c). */
    @Test
    void aLineAboutTheLogItselfIsToldFromOneOfTheWorkload() {
        String time = "2026-05-01T10:00:00.5Z";

        assertThat(ContainerLog.parse(time + " stderr F:nucleus [nucleus: 26 bytes were not logged]"))
                .contains(new ContainerLog.Line(time, "nucleus", "[nucleus: 26 bytes were not logged]"));
        assertThat(ContainerLog.parse(time + " stderr F F:nucleus [nucleus: 26 bytes were not logged]"))
                .contains(new ContainerLog.Line(time, "stderr", "F:nucleus [nucleus: 26 bytes were not logged]"));
        assertThat(ContainerLog.parse(time + " stdout P part")).contains(new ContainerLog.Line(time, "stdout", "part"));
        assertThat(ContainerLog.parse("of a record the end")).isEmpty();
    }
}
