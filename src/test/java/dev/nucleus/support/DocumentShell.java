package dev.nucleus.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * Runs the commands of documents against a test's manager, with a path of the test in place of each host path that the
 * document names.
 *
 * @param directory where the commands run
 * @param socket of the manager
 * @param port of the manager's HTTP server, in place of 8080
 * @param paths by the path in the document, which replaces them in the output
 */
public record DocumentShell(Path directory, Path socket, int port, Map<String, Path> paths) {

    /** Runs a command and compares its output with that in the document. */
    public void check(DocumentedCommand command) throws IOException, InterruptedException {
        assertThat(run(command.command())).as("$ %s", command.command()).matches(command.expected());
    }

    /** What a command writes to standard output and standard error. */
    public String run(String command) throws IOException, InterruptedException {
        String script = command.replace("127.0.0.1:8080", "127.0.0.1:" + port);
        for (Map.Entry<String, Path> path : paths.entrySet()) {
            script = script.replace(path.getKey(), path.getValue().toString());
        }
        var shell = new ProcessBuilder("/bin/bash", "-c", script)
                .directory(directory.toFile())
                .redirectErrorStream(true);
        shell.environment().put("NUCLEUS_SOCKET", socket.toString());
        shell.environment().merge("PATH", "", (path, _) -> ManagerProcess.CLIENT.getParent() + ":" + path);
        Process process = shell.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        for (Map.Entry<String, Path> path : paths.entrySet()) {
            output = output.replace(path.getValue().toString(), path.getKey());
        }
        return output.isEmpty() || output.endsWith("\n") ? output : output + "\n";
    }
}
