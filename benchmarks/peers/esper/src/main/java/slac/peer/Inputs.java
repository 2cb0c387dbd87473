package slac.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The events of the input files, made before anything is timed; equal strings are one object. */
final class Inputs {
    private final Map<String, String> strings = new HashMap<>();

    /** The events of all files in the order of time; of equal instants those of the first file come first. */
    Event[] read(List<String> kinds, List<Path> files) throws IOException {
        List<Event> all = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            add(kinds.get(i), files.get(i), all);
        }
        if (files.size() > 1) {
            all.sort((a, b) -> Long.compare(a.timestamp, b.timestamp));
        }
        return all.toArray(new Event[0]);
    }

    private void add(String kind, Path file, List<Event> to) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                to.add(kind.equals("Line") ? line(line) : event(kind, line.split(",")));
            }
        }
    }

    private static Event line(String text) {
        Event event = new Line(text);
        int start = text.indexOf(':') + 1;
        event.timestamp = 1000 * Long.parseLong(text.substring(start, text.indexOf(',', start)));
        return event;
    }

    private Event event(String kind, String[] of) {
        Event event = switch (kind) {
            case "Request" -> new Request(one(of[1]), Integer.parseInt(of[2]), Double.parseDouble(of[3]));
            case "Quota" -> new Quota(one(of[1]), Double.parseDouble(of[2]));
            case "Step" -> new Step(one(of[1]), one(of[2]));
            case "TestRun" -> new TestRun(one(of[1]), one(of[2]), of[3].equals("true"));
            default -> throw new IllegalArgumentException(kind);
        };
        event.timestamp = 1000 * Long.parseLong(of[0]);
        return event;
    }

    private String one(String text) {
        return strings.computeIfAbsent(text, t -> t);
    }
}
