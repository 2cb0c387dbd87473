package slac.peer;

import com.espertech.esper.runtime.client.EPEventService;

/** A line of NDJSON, not decoded yet; only its instant is known beforehand. */
final class Line extends Event {
    private final String text;

    Line(String text) {
        this.text = text;
    }

    @Override
    void send(EPEventService to) {
        to.sendEventJson(text, "Request");
    }
}
