package slac.peer;

import com.espertech.esper.common.client.EPCompiled;
import com.espertech.esper.common.client.EventBean;
import com.espertech.esper.common.client.configuration.Configuration;
import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.compiler.client.EPCompilerProvider;
import com.espertech.esper.runtime.client.EPDeployment;
import com.espertech.esper.runtime.client.EPEventService;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * `Overload PORT ROOM`: reads NDJSON from a TCP connection to this machine in one thread, which puts lines into a queue
 * of ROOM lines (0: as many as there is memory for), and works them off in another, as one would beside a service.
 *
 * Prints a line of JSON for each row of a window, and each second how many lines are done and how many wait.
 */
public final class Overload {
    /** Milliseconds of a window. */
    private static final long WINDOW = 2000;

    /** Lines that are taken out of the queue at a time. */
    private static final int PORTION = 1000;

    /** The line behind the last one; compared as an object. */
    private static final String END = new String("end");

    private final AtomicLong done = new AtomicLong();
    private final BlockingQueue<String> queue;
    private final EPRuntime runtime;
    private long now = Long.MIN_VALUE;
    private long edge;

    private Overload(int room) throws Exception {
        queue = room == 0 ? new LinkedBlockingQueue<>() : new LinkedBlockingQueue<>(room);
        Configuration configuration = new Configuration();
        configuration.getRuntime().getThreading().setInternalTimerEnabled(false);
        configuration.getRuntime().getThreading().setListenerDispatchPreserveOrder(false);
        configuration.getRuntime().getThreading().setInsertIntoDispatchPreserveOrder(false);
        runtime = EPRuntimeProvider.getRuntime("overload", configuration);
        runtime.getEventService().clockExternal();
        runtime.getEventService().advanceTime(0);
        EPCompiled compiled =
                EPCompilerProvider.getCompiler().compile(text(), new CompilerArguments(configuration));
        EPDeployment deployed = runtime.getDeploymentService().deploy(compiled);
        runtime.getDeploymentService()
                .getStatement(deployed.getDeploymentId(), "out")
                .addListener((rows, old, statement, of) -> say(rows));
    }

    public static void main(String[] given) throws Exception {
        Overload overload = new Overload(Integer.parseInt(given[1]));
        Socket socket = dialled(Integer.parseInt(given[0]));
        daemon(() -> overload.read(socket));
        daemon(overload::report);
        overload.work();
        overload.tell();
    }

    private static String text() throws IOException {
        try (var in = Overload.class.getResourceAsStream("/overload.epl")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Whoever sends may still be on the way. */
    private static Socket dialled(int port) throws InterruptedException {
        while (true) {
            try {
                return new Socket(InetAddress.getLoopbackAddress(), port);
            } catch (IOException nobody) {
                Thread.sleep(50);
            }
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
    }

    private void read(Socket socket) {
        try (var lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            // Who sends may leave within a line.
            for (String line = lines.readLine(); line != null && line.endsWith("}"); line = lines.readLine()) {
                queue.put(line);
            }
            queue.put(END);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    private void work() throws InterruptedException {
        EPEventService service = runtime.getEventService();
        List<String> portion = new ArrayList<>(PORTION);
        while (true) {
            portion.add(queue.take());
            queue.drainTo(portion, PORTION - 1);
            for (String line : portion) {
                if (line == END) {
                    return;
                }
                pass(service, instant(line));
                service.sendEventJson(line, "Request");
            }
            done.addAndGet(portion.size());
            portion.clear();
        }
    }

    /** The clock follows the events, and stops where windows end. */
    private void pass(EPEventService service, long instant) {
        if (instant <= now) {
            return;
        }
        if (now == Long.MIN_VALUE) {
            edge = instant - instant % WINDOW;
        }
        for (; edge <= instant; edge += WINDOW) {
            service.advanceTime(edge);
        }
        if (instant > edge - WINDOW) {
            service.advanceTime(instant);
        }
        now = instant;
    }

    private static long instant(String line) {
        int start = line.indexOf(':') + 1;
        return Long.parseLong(line, start, line.indexOf(',', start), 10);
    }

    private void say(EventBean[] rows) {
        if (rows == null) {
            return;
        }
        StringBuilder text = new StringBuilder();
        for (EventBean row : rows) {
            text.append("{\"began\":").append(row.get("began"));
            text.append(",\"endpoint\":\"").append(row.get("endpoint")).append('"');
            for (String name : new String[] {"n", "failed", "latency", "failing", "slow"}) {
                text.append(",\"").append(name).append("\":").append(row.get(name));
            }
            text.append("}\n");
        }
        synchronized (System.out) {
            System.out.print(text);
            System.out.flush();
        }
    }

    private void report() {
        try {
            while (true) {
                Thread.sleep(1000);
                tell();
            }
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell() {
        synchronized (System.out) {
            System.out.println("{\"done\":" + done.get() + ",\"waiting\":" + queue.size() + "}");
            System.out.flush();
        }
    }
}
