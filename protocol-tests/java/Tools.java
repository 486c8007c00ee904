// Runs Kafka's command line tools one after another in one JVM, which spares each of them the start
// of a JVM. A question is a class and its arguments, an answer is the exit code and what was
// written to stdout and stderr; all as counts and lengths of four bytes, and text in UTF-8.
// protocol-tests/src/interop/tools.rs is the other side. What a tool leaves to a hook of the JVM's
// end does not happen here.

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.utils.Exit;

public class Tools {
    /** A tool wants to end the process. */
    private static final class Ended extends Error {
        Ended() {
            super("the tool ends", null, false, false);
        }
    }

    /** Some tools keep the stream they find at first, so it is the same for all of them. */
    private static final class Captured extends OutputStream {
        private ByteArrayOutputStream written = new ByteArrayOutputStream();

        @Override
        public synchronized void write(int oneByte) {
            written.write(oneByte);
        }

        @Override
        public synchronized void write(byte[] bytes, int from, int length) {
            written.write(bytes, from, length);
        }

        synchronized byte[] take() {
            byte[] taken = written.toByteArray();
            written = new ByteArrayOutputStream();
            return taken;
        }
    }

    private static final long SECONDS = 90;

    private static final Captured STDOUT = new Captured();
    private static final Captured STDERR = new Captured();

    /** What the tool said first; it may be caught on its way and another follow. */
    private static volatile Integer code;

    public static void main(String[] args) throws Exception {
        DataInputStream questions = new DataInputStream(System.in);
        DataOutputStream answers = new DataOutputStream(System.out);
        System.setIn(InputStream.nullInputStream());
        System.setOut(new PrintStream(STDOUT, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(STDERR, true, StandardCharsets.UTF_8));
        Exit.setExitProcedure(Tools::end);
        Exit.setHaltProcedure(Tools::end);
        while (true) {
            String[] command;
            try {
                command = new String[questions.readInt()];
            } catch (EOFException end) {
                Runtime.getRuntime().halt(0);
                return;
            }
            for (int at = 0; at < command.length; at++) {
                command[at] = new String(bytes(questions), StandardCharsets.UTF_8);
            }
            int status = run(command);
            answers.writeInt(status);
            for (byte[] written : List.of(STDOUT.take(), STDERR.take())) {
                answers.writeInt(written.length);
                answers.write(written);
            }
            answers.flush();
        }
    }

    private static void end(int status, String message) {
        if (message != null) {
            System.err.println(message);
        }
        if (code == null) {
            code = status;
        }
        throw new Ended();
    }

    private static byte[] bytes(DataInputStream from) throws Exception {
        byte[] bytes = new byte[from.readInt()];
        from.readFully(bytes);
        return bytes;
    }

    private static int run(String[] command) throws Exception {
        code = null;
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Thread tool = new Thread(() -> {
            call(command);
            ended.complete(null);
        });
        tool.setDaemon(true);
        tool.start();
        try {
            ended.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException silent) {
            for (StackTraceElement place : tool.getStackTrace()) {
                System.err.println("  at " + place);
            }
            System.err.println("it did not end within " + SECONDS + " s");
            return 124;
        }
        return code == null ? 0 : code;
    }

    private static void call(String[] command) {
        String[] args = Arrays.copyOfRange(command, 1, command.length);
        try {
            Class<?> tool = Class.forName(command[0]);
            tool.getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException thrown) {
            if (!(thrown.getCause() instanceof Ended)) {
                // As a JVM does with what its main thread throws.
                thrown.getCause().printStackTrace();
                code = code == null ? 1 : code;
            }
        } catch (ReflectiveOperationException missing) {
            System.err.println("no such tool: " + missing);
            code = 127;
        }
    }
}
