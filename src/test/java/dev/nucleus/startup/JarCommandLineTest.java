package dev.nucleus.startup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JarCommandLineTest {

    private static final Path JAVA = Path.of("/opt/jdk/bin/java");

    @TempDir
    Path directory;

    private Path jar;

    @BeforeEach
    void makeJar() throws IOException {
        jar = Files.createFile(directory.resolve("nucleus.jar"));
    }

    private List<String> prepared(String... words) throws IOException {
        return JarCommandLine.parse(JAVA, List.of(words), jar)
                .map(line -> line.prepared(PreparedJar.of(jar)))
                .orElse(List.of());
    }

    @Test
    void optionsAndArgumentsKeepTheirPlaces() throws IOException {
        assertThat(prepared("java", "-Xmx1g", "-Da=b c", "-jar", jar.toString(), "--server.port=0", "", ""))
                .containsExactly(
                        "/opt/jdk/bin/java",
                        "-XX:AOTCache=" + directory + "/nucleus.prepared/start.aot",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xms128m",
                        "-Xmx1g",
                        "-Da=b c",
                        "-jar",
                        directory + "/nucleus.prepared/nucleus.jar",
                        "--server.port=0",
                        "");
    }

    @Test
    void noSecondGarbageCollectorIsAdded() throws IOException {
        assertThat(prepared("java", "-XX:+UseZGC", "-jar", jar.toString(), ""))
                .contains("-XX:+UseZGC")
                .doesNotContain("-XX:+UseSerialGC");
    }

    @Test
    void otherJarsAndClassesAreNotRecognised() throws IOException {
        Path other = Files.createFile(directory.resolve("other.jar"));
        assertThat(prepared("java", "-jar", other.toString(), "")).isEmpty();
        assertThat(prepared("java", "-cp", jar.toString(), "Main", "")).isEmpty();
        assertThat(prepared("java", "@options", "")).isEmpty();
        assertThat(prepared("java", "-jar", "")).isEmpty();
    }

    @Test
    void optionsForClassDataSharingAreRecognised() throws IOException {
        for (String option : List.of(
                "-Xshare:off",
                "-XX:AOTMode=off",
                "-XX:AOTCache=x",
                "-XX:SharedArchiveFile=x",
                "-XX:ArchiveClassesAtExit=x",
                "-XX:+AutoCreateSharedArchive")) {
            assertThat(JarCommandLine.parse(JAVA, List.of("java", option, "-jar", jar.toString(), ""), jar))
                    .hasValueSatisfying(line -> assertThat(line.configuresClassDataSharing())
                            .as(option)
                            .isTrue());
        }
        assertThat(JarCommandLine.parse(JAVA, List.of("java", "-Xmx1g", "-jar", jar.toString(), ""), jar))
                .hasValueSatisfying(
                        line -> assertThat(line.configuresClassDataSharing()).isFalse());
    }
}
