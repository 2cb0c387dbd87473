package slac.peer;

/** What all events have: an instant in µs, which a later pass moves on. */
public abstract class Event {
    long timestamp;

    public final long getTimestamp() {
        return timestamp;
    }

    /** What is handed to the engine. */
    abstract void send(com.espertech.esper.runtime.client.EPEventService to);
}
