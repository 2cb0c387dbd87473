package slac.peer;

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * `Peer FORM STEP_MS SPAN_MS KIND FILE [KIND FILE …]`: reads the events, deploys `epl/FORM.epl`, and answers commands.
 * `results PATH` (the first one) writes the rows as CSV and answers `done`; `run` answers the CPU seconds of one pass.
 */
public final class Peer {
    private final Event[] events;
    private final Engine engine;
    private final long step;
    private final long span;
    private boolean used;

    private Peer(String form, long step, long span, Event[] events) throws Exception {
        this.events = events;
        this.step = step;
        this.span = span;
        engine = new Engine(text(form), events[0].timestamp / step * step - 3 * (span / step * step), step);
    }

    public static void main(String[] given) throws Exception {
        List<String> kinds = new ArrayList<>();
        List<Path> files = new ArrayList<>();
        for (int i = 3; i < given.length; i += 2) {
            kinds.add(given[i]);
            files.add(Path.of(given[i + 1]));
        }
        Event[] events = new Inputs().read(kinds, files);
        Peer peer = new Peer(given[0], 1000 * Long.parseLong(given[1]), 1000 * Long.parseLong(given[2]), events);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(line.equals("run") ? peer.timed() : peer.results(line.substring("results ".length())));
            System.out.flush();
        }
    }

    private String results(String path) throws Exception {
        try (PrintWriter writer = new PrintWriter(Files.newBufferedWriter(Path.of(path)))) {
            pass(new Sink(writer));
        }
        return "\"done\"";
    }

    private double timed() {
        return pass(new Sink(null));
    }

    private double pass(Sink sink) {
        if (used) {
            later();
        }
        used = true;
        engine.pass(events[0].timestamp - span);
        engine.to(sink);
        System.gc();
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long before = system.getProcessCpuTime();
        engine.feed(events, span);
        return (system.getProcessCpuTime() - before) / 1e9;
    }

    /** A pass goes on where the last one ended, in the same engine and at the same place in its windows. */
    private void later() {
        long length = events[events.length - 1].timestamp - events[0].timestamp + 3 * span;
        long shift = (length / step + 1) * step;
        for (Event event : events) {
            event.timestamp += shift;
        }
    }

    private static String text(String form) throws Exception {
        try (var in = Peer.class.getResourceAsStream("/epl/" + form + ".epl")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
