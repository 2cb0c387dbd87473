package slac.peer;

import com.espertech.esper.runtime.client.EPEventService;

/** A request to a service. */
public final class Request extends Event {
    private final String client;
    private final int status;
    private final double duration;

    Request(String client, int status, double duration) {
        this.client = client;
        this.status = status;
        this.duration = duration;
    }

    public String getClient() {
        return client;
    }

    public int getStatus() {
        return status;
    }

    public double getDuration() {
        return duration;
    }

    @Override
    void send(EPEventService to) {
        to.sendEventBean(this, "Request");
    }
}
