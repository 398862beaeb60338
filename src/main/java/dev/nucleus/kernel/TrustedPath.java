package dev.nucleus.kernel;

import dev.nucleus.text.ArgumentText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * A path of the host that was opened component by component from "/", and the file it led to, held open.
 *
 * <p>A symbolic link on the way is followed only if none but trusted users could have put it there: root and the
 * manager's own user for {@link #open} and {@link #openOwned}, root alone for {@link #openSource} and {@link
 * #openOfRoot}. Trusted users own the link and its directory, no other user may write to that directory, and the same
 * applies to all directories on the way there. In a sticky directory that others may write to, such as {@code /tmp},
 * directories of trusted users are accepted, but not links. An attacker who can rename or replace a component can
 * choose the file that is found, but can't make a process with more rights follow a link.
 */
public final class TrustedPath implements AutoCloseable {

    /** The kernel's limit (path_resolution(7)). */
    private static final int MAX_LINKS = 40;

    private static final byte[] ROOT = {'/', 0};

    private final Path path;
    private final Node node;

    private TrustedPath(Path path, Node node) {
        this.path = path;
        this.node = node;
    }

    /**
     * Opens the file at the path.
     *
     * @param path absolute
     * @throws UntrustedPathException naming the link that an untrusted user could have put there, and the remedy
     * @throws java.nio.file.NoSuchFileException naming the first component that doesn't exist
     */
    public static TrustedPath open(Path path) throws IOException {
        return new Walk(Identity.current().uid(), false).open(path);
    }

    /**
     * Like {@link #open}, for sources of a container: links are followed only where root alone could have put them. The
     * manager's own user is not trusted: a rootless workload writes as that user.
     *
     * @throws UntrustedPathException naming the link, and the remedy
     */
    public static TrustedPath openSource(Path path) throws IOException {
        return new Walk(0, false).open(path);
    }

    /**
     * Like {@link #open}; in addition, only root or the manager's own user may have created any component of the path,
     * or may change the file at its end.
     *
     * @throws UntrustedPathException naming the component that others could replace or change, and the remedy
     */
    public static TrustedPath openOwned(Path path) throws IOException {
        return new Walk(Identity.current().uid(), true).open(path);
    }

    /**
     * Like {@link #openOwned}, but only root is trusted, whichever user this process runs as.
     *
     * @throws UntrustedPathException naming the component that others could replace or change, and the remedy
     */
    public static TrustedPath openOfRoot(Path path) throws IOException {
        return new Walk(0, true).open(path);
    }

    /** For tests: as if the manager were another user; this process's permissions still apply. */
    static TrustedPath open(Path path, int user, boolean owned) throws IOException {
        return new Walk(user, owned).open(path);
    }

    /** Its path, without links. */
    public Path path() {
        return path;
    }

    /** The file that was found there, which stays open until this is closed. */
    public Node node() {
        return node;
    }

    public FileStat status() {
        return node.status();
    }

    /** Opens the directory at this path; this may be closed afterwards. */
    public Directory openDirectory() throws IOException {
        return node.openDirectory();
    }

    @Override
    public void close() {
        node.close();
    }

    /**
     * A directory on the way.
     *
     * @param trusted whether no untrusted user could have put it there
     */
    private record Step(Node node, FileName name, boolean trusted) {}

    private static final class Walk {

        private final int user;
        private final boolean owned;
        private final Deque<Step> steps = new ArrayDeque<>();
        private final Deque<String> pending = new ArrayDeque<>();
        private Node root;
        private int links;

        Walk(int user, boolean owned) throws IOException {
            this.user = user;
            this.owned = owned;
            this.root = Node.open(Descriptor.AT_FDCWD, ROOT, "/");
        }

        TrustedPath open(Path path) throws IOException {
            try {
                if (!path.isAbsolute()) {
                    throw new FileSystemException(path.toString(), null, "is not an absolute path");
                }
                push(new String(ArgumentText.encode(path.toString()), StandardCharsets.ISO_8859_1));
                requireOwned(root, "/");
                while (!pending.isEmpty()) {
                    step(pending.pop());
                }
                Node found = steps.isEmpty() ? root : steps.getLast().node();
                var opened = new TrustedPath(Path.of(decoded(location())), found);
                if (steps.isEmpty()) {
                    root = Node.open(Descriptor.AT_FDCWD, ROOT, "/");
                } else {
                    steps.removeLast();
                }
                return opened;
            } finally {
                steps.forEach(step -> step.node().close());
                root.close();
            }
        }

        /** Puts a path's components before those that are still to be walked. */
        private void push(String path) {
            String[] names = path.split("/");
            for (int i = names.length - 1; i >= 0; i--) {
                pending.push(names[i]);
            }
        }

        private void step(String name) throws IOException {
            switch (name) {
                case "", "." -> {}
                case ".." -> {
                    if (!steps.isEmpty()) {
                        steps.removeLast().node().close();
                    }
                }
                default -> enter(new FileName(name));
            }
        }

        private void enter(FileName name) throws IOException {
            String label = location(name);
            Node directory = directory();
            if (!directory.status().isDirectory()) {
                throw new NotDirectoryException(location());
            }
            Node next = directory.child(name, label);
            try {
                boolean trusted = isTrustedEntry(directory.status(), next.status());
                if (owned && !trusted) {
                    if (next.status().isDirectory()) {
                        // Throws the more specific message, with the remedy for the directory itself.
                        requireOwned(next, label);
                    }
                    throw replaceable(label, next.status());
                }
                if (next.status().isSymbolicLink()) {
                    follow(next, label, trusted);
                    next.close();
                } else {
                    requireOwned(next, label);
                    steps.addLast(new Step(next, name, trusted));
                }
            } catch (IOException | RuntimeException e) {
                next.close();
                throw e;
            }
        }

        private void follow(Node link, String label, boolean trusted) throws IOException {
            String target = link.linkTarget();
            if (!trusted || !isTrusted(link.status().uid())) {
                throw new UntrustedPathException(
                        label,
                        "is a symbolic link owned by user " + link.status().uid() + " in a directory owned by user "
                                + directory().status().uid()
                                + (directory().status().isWritableByOthers() ? " that others may write to" : "")
                                + "; links are followed only where "
                                + trustedUsers() + " could have created them. Use the path it points to: "
                                + decoded(target).strip());
            }
            links++;
            if (links > MAX_LINKS) {
                throw new FileSystemException(label, null, "more than " + MAX_LINKS + " symbolic links (ELOOP)");
            }
            if (target.startsWith("/")) {
                steps.forEach(step -> step.node().close());
                steps.clear();
            }
            push(target);
        }

        private Node directory() {
            return steps.isEmpty() ? root : steps.getLast().node();
        }

        /** Whether no untrusted user could have put the entry into the directory, or the directory into its place. */
        private boolean isTrustedEntry(FileStat directory, FileStat entry) {
            boolean placed = steps.isEmpty() || steps.getLast().trusted();
            if (!placed || !isTrusted(directory.uid())) {
                return false;
            }
            // Others can move a link or a file of root's from a directory of their own into a sticky one, and can
            // replace anything in a directory that they may write to.
            return !directory.isWritableByOthers()
                    || directory.isSticky()
                            && isTrusted(entry.uid())
                            && entry.isDirectory()
                            && !entry.isWritableByOthers();
        }

        private boolean isTrusted(int owner) {
            return owner == 0 || owner == user;
        }

        private void requireOwned(Node node, String label) throws UntrustedPathException {
            if (!owned) {
                return;
            }
            FileStat status = node.status();
            if (!isTrusted(status.uid())) {
                throw new UntrustedPathException(
                        label,
                        "belongs to user " + status.uid()
                                + ", who could replace it or what is in it; it must belong to " + trustedUsers()
                                + ": chown root " + label);
            }
            // For a sticky directory on the way, the owner of the next component matters; as the last component, others
            // could add to it.
            boolean onTheWay = pending.stream().anyMatch(name -> !name.isEmpty() && !name.equals("."));
            if (status.isWritableByOthers() && !(status.isSticky() && onTheWay)) {
                throw new UntrustedPathException(
                        label,
                        "may be written to by others (mode " + Integer.toOctalString(status.mode()) + "): chmod go-w "
                                + label);
            }
        }

        private UntrustedPathException replaceable(String label, FileStat status) {
            FileStat directory = directory().status();
            return new UntrustedPathException(
                    label,
                    "(owned by user " + status.uid() + ") could be replaced by users other than " + trustedUsers()
                            + ": its directory belongs to user " + directory.uid() + " and has mode "
                            + Integer.toOctalString(directory.mode())
                            + "; move it below a directory that root owns and only"
                            + " root may write to");
        }

        private String trustedUsers() {
            return user == 0 ? "root" : "root or user " + user;
        }

        /** The current path of the walk, without links. */
        private String location() {
            return "/"
                    + StreamSupport.stream(steps.spliterator(), false)
                            .map(step -> step.name().bytes())
                            .collect(Collectors.joining("/"));
        }

        private String location(FileName name) {
            String parent = decoded(location());
            return parent.equals("/") ? "/" + name : parent + "/" + name;
        }

        private static String decoded(String bytes) {
            byte[] encoded = bytes.getBytes(StandardCharsets.ISO_8859_1);
            return ArgumentText.decode(encoded, 0, encoded.length);
        }
    }
}
