package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.ManagerProcess;
import dev.nucleus.support.ManagerProcess.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The thin client when no manager answers. */
class ClientWithoutManagerTest {

    private static Result client(Map<String, String> environment, String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(ManagerProcess.CLIENT.toString(), "--socket", "/nosuch/socket"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        builder.environment().remove("NUCLEUS_JAR");
        builder.environment().putAll(environment);
        return ManagerProcess.finish(builder.start());
    }

    private static Result client(String... arguments) throws IOException {
        return client(Map.of(), arguments);
    }

    @Test
    void helpIsPrinted() throws IOException {
        Map<String, String> texts = Reference.texts();

        assertThat(client("--help")).isEqualTo(new Result(0, texts.get("--help"), ""));
        assertThat(client()).isEqualTo(new Result(2, "", texts.get("--help")));
        assertThat(client("run", "--help")).isEqualTo(new Result(0, texts.get("--help run"), ""));
        assertThat(client("fleet", "validate", "-h").out()).isEqualTo(texts.get("--help fleet validate"));
        assertThat(client("help", "fleet").out()).isEqualTo(texts.get("--help fleet"));
        assertThat(client("logs", "-f", "--help").out()).isEqualTo(texts.get("--help logs"));
        assertThat(client("--version")).isEqualTo(new Result(0, NucleusCommand.VERSION + "\n", ""));
    }

    @Test
    void theLastSocketOptionTakesPrecedence() throws IOException {
        assertThat(client("--socket=/nosuch/other", "--socket", "/nosuch/last", "ps")
                        .err())
                .startsWith("nucleus: no manager answers at /nosuch/last: ");
    }

    @Test
    void anUnknownCommandIsRefused() throws IOException {
        var mistake = new Result(2, "", "nucleus: there is no command 'frobnicate'\nSee 'nucleus --help'.\n");

        assertThat(client("frobnicate")).isEqualTo(mistake);
        assertThat(client("frobnicate", "-x")).isEqualTo(mistake);
        assertThat(client("frobnicate", "--help")).isEqualTo(mistake);
    }

    @Test
    void manualPagesAndCompletionArePrinted(@TempDir Path directory) throws IOException {
        assertThat(client("man", "run").out()).startsWith(".TH NUCLEUS-RUN ");
        Path script = Files.writeString(
                directory.resolve("complete"), client("completion", "bash").out());

        Result completed = ManagerProcess.finish(new ProcessBuilder(
                        "bash",
                        "-c",
                        "source \"$0\"; COMP_WORDS=(nucleus rest); COMP_CWORD=1; _complete_nucleus; echo \"${COMPREPLY[@]}\"",
                        script.toString())
                .start());

        assertThat(completed.out()).isEqualTo("restart\n");
    }

    @Test
    void aCommandThatNeedsNoManagerIsRunByTheJar(@TempDir Path home) throws IOException {
        jdk(home, "26");

        assertThat(client(
                        Map.of("JAVA_HOME", home.toString(), "NUCLEUS_JAR", "/opt/nucleus.jar"),
                        "fleet",
                        "validate",
                        "-f",
                        "x.yaml"))
                .isEqualTo(new Result(7, "26 -jar /opt/nucleus.jar fleet validate -f x.yaml\n", ""));
        Path alone = Files.copy(ManagerProcess.CLIENT, home.resolve("nucleus"), StandardCopyOption.COPY_ATTRIBUTES);
        Process client =
                new ProcessBuilder(alone.toString(), "--socket", "/nosuch", "fleet", "validate", "x.yaml").start();
        assertThat(ManagerProcess.finish(client).err()).contains("java -jar nucleus.jar fleet validate x.yaml");
    }

    /** A JVM that is too old would print the stack trace of an UnsupportedClassVersionError. */
    @Test
    void aJavaThatIsTooOldIsSkipped(@TempDir Path directory) throws IOException {
        Path old = jdk(directory.resolve("old"), "17.0.15");
        Path recent = jdk(directory.resolve("recent"), "25.0.3");
        Map<String, String> environment = Map.of(
                "JAVA_HOME",
                old.toString(),
                "PATH",
                old.resolve("bin") + ":" + recent.resolve("bin"),
                "NUCLEUS_JAR",
                "/opt/nucleus.jar");

        assertThat(client(environment, "fleet", "validate", "x.yaml"))
                .isEqualTo(new Result(7, "25.0.3 -jar /opt/nucleus.jar fleet validate x.yaml\n", ""));
    }

    @Test
    void aJavaOfUnknownVersionIsPreferredOnlyInJavaHome(@TempDir Path directory) throws IOException {
        Path unknown = jdk(directory.resolve("unknown"), "?");
        Files.delete(unknown.resolve("release"));
        Path recent = jdk(directory.resolve("recent"), "25");
        Path ancient = jdk(directory.resolve("ancient/jre"), "1.8.0_392");
        Files.move(ancient.resolve("release"), directory.resolve("ancient/release"));
        String jar = "/opt/nucleus.jar";

        assertThat(client(
                                Map.of("JAVA_HOME", "", "PATH", bins(ancient, unknown, recent), "NUCLEUS_JAR", jar),
                                "fleet",
                                "validate")
                        .out())
                .startsWith("25 -jar");
        assertThat(client(
                                Map.of("JAVA_HOME", unknown.toString(), "PATH", bins(recent), "NUCLEUS_JAR", jar),
                                "fleet",
                                "validate")
                        .out())
                .startsWith("? -jar");
    }

    private static String bins(Path... homes) {
        return Arrays.stream(homes).map(home -> home.resolve("bin").toString()).collect(Collectors.joining(":"));
    }

    /** A JDK whose java prints its version and its arguments. */
    private static Path jdk(Path home, String version) throws IOException {
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        Files.writeString(java, "#!/bin/sh\necho " + version + " \"$@\"; exit 7\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        return home;
    }

    @Test
    void helpThatCannotBeWrittenIsAnError() throws IOException {
        Process full = new ProcessBuilder(
                        "sh", "-c", "exec \"$0\" --help > /dev/full", ManagerProcess.CLIENT.toString())
                .start();

        assertThat(ManagerProcess.finish(full))
                .isEqualTo(new Result(125, "", "nucleus: can't write to standard output: No space left on device\n"));
    }
}
