package dev.nucleus.spec.fleetfile;

import dev.nucleus.spec.InvalidSpecException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Dollar signs in the values of a fleet file, interpreted as in Compose: {@code $$} is one dollar sign. Nucleus
 * substitutes no variables, so text that Compose would replace is refused instead of being passed on unchanged:
 * {@code ${NAME}} everywhere, and {@code $NAME} except in scripts (arguments of a command that contain blanks), where
 * it is the script's own variable.
 *
 * @see <a href="https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md">Compose: interpolation</a>
 */
final class DollarEscapes {

    private static final Pattern ESCAPED = Pattern.compile("\\$\\$");
    private static final Pattern BRACED = Pattern.compile("\\$(\\$|\\{[^}]*}?)");
    private static final Pattern ANY = Pattern.compile("\\$(\\$|\\{[^}]*}?|[A-Za-z_][A-Za-z0-9_]*)");

    private DollarEscapes() {}

    /**
     * The text that a value denotes.
     *
     * @throws InvalidSpecException if it contains a variable
     */
    static String value(String text) {
        return text.indexOf('$') < 0 ? text : replaced(text, ANY);
    }

    /**
     * The text that an argument of a command denotes.
     *
     * @throws InvalidSpecException if it contains a variable that can't be a script's own
     */
    static String argument(String text) {
        boolean script = text.chars().anyMatch(Character::isWhitespace);
        return text.indexOf('$') < 0 ? text : replaced(text, script ? BRACED : ANY);
    }

    private static String replaced(String text, Pattern variables) {
        Matcher matcher = variables.matcher(text);
        while (matcher.find()) {
            String variable = matcher.group();
            if (!variable.equals("$$")) {
                throw new InvalidSpecException(
                        "'" + variable + "' would be replaced by Compose, but Nucleus substitutes no "
                                + "variables in fleet files; write the value itself, or '$" + variable + "' to pass '"
                                + variable
                                + "' on unchanged");
            }
        }
        return ESCAPED.matcher(text).replaceAll("\\$");
    }
}
