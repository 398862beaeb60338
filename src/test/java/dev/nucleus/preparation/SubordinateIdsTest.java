package dev.nucleus.preparation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubordinateIdsTest {

    @TempDir
    private Path root;

    private SubordinateIds read(String subuid) throws IOException {
        Files.createDirectories(root.resolve("etc"));
        Files.writeString(root.resolve("etc/subuid"), subuid);
        return SubordinateIds.read(root, "ann", 1000);
    }

    @Test
    void theLargestRangeOfTheUserByNameOrNumberCounts() throws IOException {
        assertThat(read("ann:100000:65536\n1000:300000:131072\nbob:500000:262144\n")
                        .users())
                .contains(new SubordinateIds.Range(300_000, 131_072));
    }

    @Test
    void invalidLinesAreSkipped() throws IOException {
        assertThat(read("ann:-1:65536\nann:100000\nann:100000:1x\nann:100000:9999999999\n")
                        .users())
                .isEmpty();
    }

    @Test
    void missingFilesAndProgramsAreAbsent() {
        SubordinateIds ids = SubordinateIds.read(root, "ann", 1000);

        assertThat(ids.users()).isEmpty();
        assertThat(ids.groups()).isEmpty();
        assertThat(ids.newuidmap()).isEmpty();
        assertThat(ids.newgidmap()).isEmpty();
    }
}
